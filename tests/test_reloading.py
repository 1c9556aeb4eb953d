"""The configuration taken anew, while scrapes go on."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import trustme
from prometheus_client import CollectorRegistry

from exporter import doors
from exporter.config import SystemConfig, load
from exporter.errors import UserError
from exporter.live import Live
from exporter.reloading import Reloader
from exporter.telemetry import Telemetry
from tests.alive import alive
from tests.support import BlueKing, refusal, sops_site, tree

T = TypeVar("T")

HEAD = """\
bkapi: {auth: {bk_app_code: app, bk_app_secret: s3cret-word}}
systems: {sops: {url: "http://sops.test"}}
tasks:
"""
BROKEN = """\
bkapi: {auth: {bk_app_code: app, bk_app_secret: s3cret-word}, timeout: 10}
systems: {sops: {url: "http://sops.test"}}
tasks: [{system: sops, bk_biz_id: 2}]
"""


def text(*task_ids: int) -> str:
    return HEAD + "".join(f"  - {{system: sops, bk_biz_id: 2, task_id: {task_id}}}\n" for task_id in task_ids)


class Exporter:
    """Everything between a configuration file and the doors, over a BlueKing that is a function."""

    def __init__(self, file: Path, site: Callable[[], BlueKing] = lambda: sops_site(lambda _: tree())) -> None:
        self.sites: list[BlueKing] = []
        self.registry = CollectorRegistry()

        def make_transport(system: SystemConfig) -> BlueKing:
            if system.url.startswith("https"):
                system.tls.context()
            self.sites.append(site())
            return self.sites[-1]

        telemetry = Telemetry(self.registry, version="1", revision="r")
        self.live = Live(load(file), telemetry, make_transport=make_transport)
        self.reloader = Reloader(file, self.live)

    async def page(self) -> dict[str, str]:
        page = await self.live.scrape(5)
        return {o.identity.task_id: o.error.reason.value if o.error else "read" for o in page.outcomes}

    def gauge(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"bk_task_exporter_config_last_reload_{name}")

    def client(self, *, lifecycle: bool = True) -> httpx.AsyncClient:
        app = doors.build(self.live, reload=self.reloader.reload if lifecycle else None)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://exporter.test")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text(1, 2), "utf-8")
    return path


def run(main: Callable[[], Awaitable[T]]) -> T:
    async def wrapped() -> T:
        return await main()

    return asyncio.run(wrapped())


def test_a_good_configuration_takes_the_place_of_the_old_one(file: Path) -> None:
    """The next page shows what the new one names."""

    async def main() -> None:
        exporter = Exporter(file)
        assert set(await exporter.page()) == {"1", "2"}
        file.write_text(text(2, 3), "utf-8")
        await exporter.reloader.reload()
        assert set(await exporter.page()) == {"2", "3"}
        assert exporter.gauge("successful") == 1

    run(main)


def test_answers_kept_for_tasks_that_stay_survive(file: Path) -> None:
    """A reload makes BlueKing be asked for nothing that is still fresh."""

    async def main() -> list[int]:
        exporter = Exporter(file)
        await exporter.page()
        file.write_text(text(1, 2, 3), "utf-8")
        await exporter.reloader.reload()
        await exporter.page()
        return [len(site.asked) for site in exporter.sites]

    assert run(main) == [1, 1]  # both tasks in one call, then the new one alone


def test_a_changed_way_of_showing_asks_anew(file: Path) -> None:
    """What is kept depends on how nodes are shown; nothing stale is shown under a new setting."""

    async def main() -> int:
        exporter = Exporter(file)
        await exporter.page()
        file.write_text(text(1, 2) + "collect: {nodes_per_task: 1}\n", "utf-8")
        await exporter.reloader.reload()
        await exporter.page()
        return len(exporter.sites[-1].asked)

    assert run(main) == 1


def changed(number: int) -> str:
    """A configuration that differs in its tasks, their site, and how they are shown and kept."""
    ttl, nodes, site = number % 7, number % 40, number % 3
    return f"{text(*range(1, 2 + number % 5))}collect: {{cache_ttl: {ttl}s, nodes_per_task: {nodes}}}\n".replace(
        "sops.test", f"sops-{site}.test"
    )


def test_reloads_leave_nothing_behind(file: Path) -> None:
    """After 250 of them there is what there was after 50, whatever they changed."""

    async def main() -> Counter[str]:
        exporter = Exporter(file)

        async def reload(number: int) -> None:
            file.write_text(changed(number if number % 2 else 0), "utf-8")
            await exporter.live.swap(load(file))
            exporter.sites.clear()
            await exporter.page()

        for number in range(50):
            await reload(number)
        before = alive()
        for number in range(50, 250):
            await reload(number)
        return alive() - before

    assert not run(main)


def test_an_open_incident_survives_for_a_task_that_stays(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is not logged a second time, its end is logged once, and a task that left ends nothing."""
    known: set[int] = set()

    async def main() -> None:
        exporter = Exporter(file, lambda: sops_site(lambda task_id: tree() if task_id in known else None))
        await exporter.page()
        file.write_text(text(1) + "collect: {cache_ttl: 0s}\n", "utf-8")
        await exporter.reloader.reload()
        await exporter.page()
        known.update((1, 2))
        await exporter.page()

    with caplog.at_level(logging.INFO, "exporter.incidents"):
        run(main)
    said = [(r.message, getattr(r, "fields", {})["task_id"]) for r in caplog.records if r.name == "exporter.incidents"]
    assert said == [("task cannot be read", "1"), ("task cannot be read", "2"), ("task can be read again", "1")]


async def reloaded_during_a_scrape(exporter: Exporter, file: Path) -> asyncio.Task[dict[str, str]]:
    """Ask for a page, reload while BlueKing has not answered; the page to come."""
    scrape = asyncio.create_task(exporter.page())
    while not exporter.sites[0].asked:
        await asyncio.sleep(0)
    file.write_text(text(7), "utf-8")
    await exporter.reloader.reload()
    return scrape


def test_a_scrape_in_flight_finishes_with_the_old_one(file: Path) -> None:
    """Its connections are closed when its page is out, and not before."""

    async def main() -> None:
        gate = asyncio.Event()

        async def handle(request: httpx.Request) -> httpx.Response:
            await gate.wait()
            return await slow.handle_async_request(request)

        slow = sops_site(lambda _: tree())
        exporter = Exporter(file, lambda: BlueKing(handle))
        scrape = await reloaded_during_a_scrape(exporter, file)
        assert [site.closed for site in exporter.sites] == [False, False]
        gate.set()
        assert await scrape == {"1": "read", "2": "read"}
        assert [site.closed for site in exporter.sites] == [True, False]

    run(main)


def test_a_task_that_left_during_a_scrape_opens_no_incident(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody would ever see its end."""

    async def main() -> None:
        gate = asyncio.Event()

        async def handle(_: httpx.Request) -> httpx.Response:
            await gate.wait()
            return refusal(3540400)

        exporter = Exporter(file, lambda: BlueKing(handle))
        scrape = await reloaded_during_a_scrape(exporter, file)
        gate.set()
        assert set((await scrape).values()) == {"not_found"}

    run(main)
    assert "task cannot be read" not in caplog.text


def refuse_all() -> BlueKing:
    return BlueKing(lambda _: refusal(1640001, status=400))


def test_a_system_that_is_left_alone_stays_alone(file: Path) -> None:
    """A reload is no way to ask it more often."""

    async def main() -> int:
        exporter = Exporter(file, refuse_all)
        file.write_text(text(*range(1, 11)), "utf-8")
        await exporter.page()
        await exporter.reloader.reload()
        await exporter.page()
        return len(exporter.sites[1].asked)

    assert run(main) == 1


def test_new_credentials_begin_anew(file: Path) -> None:
    """They are what the operator has just put right."""

    async def main() -> int:
        exporter = Exporter(file, refuse_all)
        singles = "".join(
            f"  - {{system: sops, bk_biz_id: 2, task_id: {n}, subprocess_id: n1}}\n" for n in range(1, 10)
        )
        file.write_text(HEAD + singles, "utf-8")
        await exporter.reloader.reload()
        await exporter.page()
        file.write_text((HEAD + singles).replace("s3cret-word", "better-word"), "utf-8")
        await exporter.reloader.reload()
        await exporter.page()
        return len(exporter.sites[2].asked)

    assert run(main) > 1


def test_many_reloads_are_no_way_around_the_rate(file: Path) -> None:
    """What may be asked in one burst is not given anew."""
    slow = (
        text(1).replace("auth:", "requests_per_second: 0.001, max_connections: 3, auth:") + "collect: {cache_ttl: 0s}\n"
    )
    file.write_text(slow, "utf-8")

    async def main() -> int:
        exporter = Exporter(file)
        for _ in range(10):
            await exporter.live.scrape(0.02)
            await exporter.reloader.reload()
        return sum(len(site.asked) for site in exporter.sites)

    assert run(main) == 3


def test_another_address_begins_anew(file: Path) -> None:
    """What was learnt of the one before says nothing of it."""

    async def main() -> bool:
        exporter = Exporter(file)
        await exporter.page()
        file.write_text(text(1).replace("sops.test", "other.test"), "utf-8")
        await exporter.reloader.reload()
        async with exporter.live.setup() as setup:
            return setup.gateways["sops"].last_good is None

    assert run(main)


def test_secrets_of_before_are_hidden_still(file: Path) -> None:
    """Also where no system of before is left: what stands before several systems may repeat them."""

    async def main() -> str:
        exporter = Exporter(file, lambda: BlueKing(lambda _: refusal(3599999, "no, s3cret-word")))
        fresh = text().replace("s3cret", "another").replace("sops", "bkflow")
        file.write_text(f"{fresh}  - {{system: bkflow, space_id: 1, task_id: 1}}\n", "utf-8")
        await exporter.reloader.reload()
        page = await exporter.live.scrape(5)
        return "".join(str(outcome.error) for outcome in page.outcomes)

    assert run(main) == "no, <secret> (code 3599999)"


def test_a_refused_configuration_changes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every problem is told, the gauge says so, the log too; putting the file right heals it."""

    async def main() -> str:
        exporter = Exporter(file)
        began = exporter.gauge("success_timestamp_seconds")
        file.write_text(BROKEN, "utf-8")
        with pytest.raises(UserError) as refused:
            await exporter.reloader.reload()
        assert exporter.gauge("successful") == 0
        assert exporter.gauge("success_timestamp_seconds") == began
        assert set(await exporter.page()) == {"1", "2"}
        file.write_text(text(1, 2), "utf-8")
        await exporter.reloader.reload()
        assert exporter.gauge("successful") == 1
        assert (exporter.gauge("success_timestamp_seconds") or 0) >= (began or 0)
        return str(refused.value)

    with caplog.at_level(logging.INFO, "exporter"):
        lines = run(main).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["bkapi.timeout", "tasks[0].task_id"]
    logged = [getattr(r, "fields", {}).get("problem") for r in caplog.records if r.message == "problem"]
    assert logged == lines


def test_every_problem_of_what_else_a_start_reads_is_told_too(file: Path) -> None:
    """What the checks refuse comes with what the configuration refuses."""

    def check() -> None:
        raise UserError("web.yml:1: nothing good")

    async def main() -> str:
        exporter = Exporter(file)
        file.write_text(BROKEN, "utf-8")
        with pytest.raises(UserError) as refused:
            await Reloader(file, exporter.live, check).reload()
        return str(refused.value)

    assert [line.partition(":")[0].rpartition("/")[2] for line in run(main).splitlines()] == [
        "web.yml",
        "config.yaml",
        "config.yaml",
    ]


def test_what_cannot_be_put_to_work_is_refused_too(file: Path, tmp_path: Path) -> None:
    """A certificate that vanished between two starts refuses the reload, and leaves the old setup open."""
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))

    async def main() -> None:
        exporter = Exporter(file)
        secure = text(1).replace("http:", "https:").replace("bkapi: {", f"bkapi: {{tls: {{ca_file: {authority}}}, ")
        file.write_text(secure, "utf-8")
        await exporter.reloader.reload()
        authority.unlink()
        with pytest.raises(UserError, match="ca_file"):
            await exporter.reloader.reload()
        assert [site.closed for site in exporter.sites] == [True, False]

    run(main)


def test_reloads_at_the_same_time_take_their_turns(file: Path) -> None:
    """Each ends with a whole configuration; what is left is one, and the others are closed."""

    async def main() -> list[bool]:
        exporter = Exporter(file)
        await asyncio.gather(*(exporter.reloader.reload() for _ in range(20)))
        assert set(await exporter.page()) == {"1", "2"}
        return [site.closed for site in exporter.sites]

    assert run(main) == [True] * 20 + [False]


def test_a_mounted_config_map_is_followed(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a directory; the file is read through it anew."""
    for version, ids in (("..v1", (1,)), ("..v2", (2,))):
        (tmp_path / version).mkdir()
        (tmp_path / version / "config.yaml").write_text(text(*ids), "utf-8")
    (tmp_path / "..data").symlink_to("..v1")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")

    async def main() -> None:
        exporter = Exporter(tmp_path / "config.yaml")
        assert set(await exporter.page()) == {"1"}
        (tmp_path / "..new").symlink_to("..v2")
        (tmp_path / "..new").replace(tmp_path / "..data")
        await exporter.reloader.reload()
        assert set(await exporter.page()) == {"2"}

    run(main)


@pytest.mark.parametrize("what", ["missing", "pipe", "directory"])
def test_a_file_that_cannot_be_read_is_refused(file: Path, what: str) -> None:
    """It never blocks and never empties the configuration."""

    async def main() -> None:
        exporter = Exporter(file)
        file.unlink()
        if what == "pipe":
            os.mkfifo(file)
        elif what == "directory":
            file.mkdir()
        with pytest.raises(UserError, match=str(file)):
            await exporter.reloader.reload()
        assert set(await exporter.page()) == {"1", "2"}

    run(main)


def test_our_own_bug_in_a_reload_is_not_hidden(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The gauge says that it failed, the signal's way goes on, and the next reload heals."""

    async def main() -> None:
        exporter = Exporter(file)
        bugs = [ZeroDivisionError()]
        reloader = Reloader(file, exporter.live, lambda: (_ for _ in ()).throw(bugs.pop()) if bugs else None)
        asked = asyncio.Event()
        following = asyncio.create_task(reloader.follow(asked))
        for expected in (0, 1):
            asked.set()
            while exporter.gauge("successful") != expected:
                await asyncio.sleep(0.001)
        following.cancel()

    run(main)
    assert "this is a bug" in caplog.text


def test_the_signals_way_outlives_a_refusal(file: Path) -> None:
    """What is refused is logged, and the next signal is heeded."""

    async def main() -> None:
        exporter = Exporter(file)
        asked = asyncio.Event()
        following = asyncio.create_task(exporter.reloader.follow(asked))
        for content, expected in ((BROKEN, 0), (text(9), 1)):
            file.write_text(content, "utf-8")
            asked.set()
            while exporter.gauge("successful") != expected:
                await asyncio.sleep(0.001)
        assert set(await exporter.page()) == {"9"}
        following.cancel()

    run(main)


def test_the_door_reloads(file: Path) -> None:
    """POST and PUT answer 200 when the new configuration works, and 400 with each problem on a line of its own."""

    async def main() -> None:
        exporter = Exporter(file)
        async with exporter.client() as client:
            for method in ("POST", "PUT"):
                assert (await client.request(method, "/-/reload")).status_code == 200
            file.write_text(BROKEN, "utf-8")
            refused = await client.post("/-/reload")
            assert refused.status_code == 400
            assert [line.split(": ")[1] for line in refused.text.splitlines()[1:]] == [
                "bkapi.timeout",
                "tasks[0].task_id",
            ]
            page = (await client.get("/metrics")).text
            assert "bk_task_exporter_config_last_reload_successful 0.0\n" in page
            assert (await client.get("/-/reload")).status_code == 405

    run(main)


def test_the_door_is_shut_unless_it_was_asked_for(file: Path) -> None:
    """403 says why, and nothing is read."""

    async def main() -> None:
        exporter = Exporter(file)
        file.write_text(BROKEN, "utf-8")
        async with exporter.client(lifecycle=False) as client:
            answer = await client.post("/-/reload")
        assert (answer.status_code, "--web.enable-lifecycle" in answer.text) == (403, True)
        assert exporter.gauge("successful") == 1

    run(main)


def test_no_door_repeats_a_host_that_a_client_made_up(file: Path) -> None:
    """No redirect is built from the request's Host header."""

    async def main() -> None:
        exporter = Exporter(file)
        async with exporter.client() as client:
            for path in ("/metrics/", "http://exporter.test//metrics", "/-/healthy/", "/nothing"):
                answer = await client.get(path, headers={"Host": "evil.example"})
                assert answer.status_code == 404, path
                assert "evil" not in answer.text + str(answer.headers)

    run(main)
