"""A secret that is rotated while the exporter runs, against the simulated BlueKing's own check of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from exporter.config import SystemConfig, loads
from exporter.demo.credentials import App
from exporter.demo.simulator import Simulator
from exporter.live import Live
from exporter.telemetry import Telemetry

CONFIG = """\
bkapi:
  auth: {bk_app_code: rotating-app, bk_app_secret_file: secret, bk_username: admin}
  requests_per_second: 1000
systems:
  sops: {url: "http://blueking.test/api/bk-sops/prod"}
  nodeman: {url: "http://blueking.test", route: esb}
collect: {cache_ttl: 0s, final_cache_ttl: 0s}
tasks:
  - {system: sops, bk_biz_id: 2, task_id: 1}
  - {system: sops, bk_biz_id: 2, task_id: 2}
  - {system: nodeman, bk_biz_id: 2, job_id: 1}
"""


class Wire(httpx.ASGITransport):
    """The way to the simulator; `on_the_way` happens once, after a request was sent and before it arrives."""

    on_the_way: Callable[[], None] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.on_the_way is not None:
            self.on_the_way()
            self.on_the_way = None
        return await super().handle_async_request(request)


class Site:
    """The simulated BlueKing, an exporter on it, and the secret on both sides."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "secret"
        self.write("first-secret")
        self.simulator = Simulator()
        self.accept("first-secret")
        self.wires: dict[str, Wire] = {}
        self.registry = CollectorRegistry()
        config = loads(CONFIG, str(folder / "config.yaml"))
        self.live = Live(config, Telemetry(self.registry, version="1", revision="r"), make_transport=self.transport)

    def transport(self, system: SystemConfig) -> httpx.AsyncBaseTransport:
        self.wires[system.name] = Wire(self.simulator.app)
        return self.wires[system.name]

    def write(self, secret: str) -> None:
        """As Kubernetes does it: another file in its place."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{secret}\n", "utf-8")
        new.replace(self.file)

    def accept(self, secret: str) -> None:
        apps = {"rotating-app": App(secret)}
        self.simulator.site.options = self.simulator.desk.site.options = replace(self.simulator.options, apps=apps)

    async def page(self) -> list[str]:
        """How each task is read."""
        page = await self.live.scrape(5)
        return [outcome.error.reason.value if outcome.error else "read" for outcome in page.outcomes]

    def loaded(self) -> float | None:
        return self.registry.get_sample_value("bk_task_exporter_credentials_last_load_successful")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


READ = ["read"] * 3
REFUSED = ["auth"] * 3


def test_a_secret_that_is_rotated_in_the_file_first(site: Site) -> None:
    """The next page sends it; where BlueKing does not know it yet, that page says so, and the one after heals."""

    async def main() -> None:
        assert await site.page() == READ
        site.write("second-secret")
        assert await site.page() == REFUSED
        site.accept("second-secret")
        assert await site.page() == READ
        await site.live.aclose()

    asyncio.run(main())


def test_a_secret_that_is_rotated_at_blueking_first(site: Site) -> None:
    """As soon as the file has it, it is sent."""

    async def main() -> None:
        site.accept("second-secret")
        assert await site.page() == REFUSED
        site.write("second-secret")
        assert await site.page() == READ
        await site.live.aclose()

    asyncio.run(main())


def test_a_secret_that_is_rotated_in_the_middle_of_a_page(site: Site) -> None:
    """A refusal makes the file be read again: the request is sent once more, and no task is lost."""

    async def main() -> None:
        assert await site.page() == READ

        def rotate() -> None:
            site.write("second-secret")
            site.accept("second-secret")

        site.wires["sops"].on_the_way = rotate
        assert await site.page() == READ
        await site.live.aclose()

    asyncio.run(main())


def test_a_secret_whose_file_is_gone_stays_in_use(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The metric says that it cannot be read, until it can; the log says when it begins and ends, for each system."""
    caplog.set_level("INFO", "exporter.gateway")

    async def main() -> None:
        site.file.unlink()
        assert (await site.page(), site.loaded()) == (READ, 0)
        assert (await site.page(), site.loaded()) == (READ, 0)
        site.write("first-secret")
        assert (await site.page(), site.loaded()) == (READ, 1)
        await site.live.aclose()

    asyncio.run(main())
    said = [record.getMessage() for record in caplog.records]
    assert said == ["credentials cannot be read again"] * 2 + ["credentials can be read again"] * 2
