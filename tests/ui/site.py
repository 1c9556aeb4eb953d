"""An exporter over stand-ins for BlueKing, whose doors are opened without a socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client import CollectorRegistry

from exporter import doors
from exporter.config import loads
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.telemetry import Telemetry
from tests.support import BlueKing
from tests.ui.markup import Element, parse
from tests.virtual_time import Clock

CONFIG = """\
bkapi:
  auth: {{bk_app_code: app, bk_app_secret: canary-of-a-secret, bk_username: admin}}
systems:
{systems}
tasks: [{tasks}]
"""


@dataclass
class Exporter:
    live: Live
    clock: Clock
    sites: Mapping[str, BlueKing]

    async def get(self, path: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(doors.build(self.live))
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
            return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def page(self, path: str, language: str = "en") -> Element:
        answer = await self.get(path, accept_language=language)
        assert answer.status_code == 200, answer.text
        return parse(answer.text)


def configuration(sites: Iterable[str], tasks: Iterable[str]) -> str:
    """`tasks` are as in a configuration: `{system: sops, bk_biz_id: 2, task_id: 1}`."""
    systems = "\n".join(f'  {name}: {{url: "http://{name}.test"}}' for name in sites)
    return CONFIG.format(systems=systems, tasks=", ".join(tasks))


def exporter(clock: Clock, sites: Mapping[str, BlueKing], *tasks: str, more: str = "") -> Exporter:
    """An exporter of these tasks, which asks these sites."""
    config = loads(configuration(sites, tasks) + more, environ={})
    live = Live(
        config,
        Telemetry(CollectorRegistry(), version="1.2.3", revision="test"),
        make_transport=lambda system: sites[system.name],
        clocks=Clocks(clock.wall, clock.steady),
    )
    return Exporter(live, clock, sites)


def sops(*ids: int) -> list[str]:
    return [f"{{system: sops, bk_biz_id: 2, task_id: {task_id}}}" for task_id in ids]
