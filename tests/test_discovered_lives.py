"""Discoveries on the simulated BlueKing, which creates and finishes tasks of all four systems; in virtual time."""

from __future__ import annotations

from collections import defaultdict

import httpx
from prometheus_client import CollectorRegistry

from exporter.config import loads
from exporter.demo.cast import Task
from exporter.demo.simulator import Simulator
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.telemetry import Telemetry
from tests.business import own
from tests.virtual_time import Clock, run

EVERY, SCRAPES, OUTAGE = 60.0, 36, range(16, 19)
WITHIN, KEEP, REFRESH = 1200.0, 240.0, 60.0
CONFIG = """
bkapi: {auth: {bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}, requests_per_second: 1000}
systems:
  sops: {url: "http://bk/api/bk-sops/prod"}
  bkflow: {url: "http://bk/api/bkflow/prod"}
  nodeman: {url: "http://bk", route: esb, api: job_details}
  gsekit: {url: "http://bk", route: esb}
collect: {cache_ttl: 0s, nodes: none}
discover:
  - {system: sops, bk_biz_id: 3, created_within: 20m, keep_finished: 4m}
  - {system: bkflow, space_id: 2, created_within: 20m, keep_finished: 4m}
  - {system: nodeman, bk_biz_id: 3, created_within: 20m, keep_finished: 4m}
  - {system: gsekit, bk_biz_id: 3, created_within: 20m, keep_finished: 4m}
"""


def test_lives() -> None:
    """Whoever is created appears, is there without a gap, ends on two pages at least, leaves in time, and is not seen again.

    A list that fails in the middle makes no difference.
    """
    simulator, seen = run(_watch)
    ended, outage = 0, len(OUTAGE) * EVERY
    for system in ("sops", "bkflow"):
        numbers = [n for n in simulator.world.ids(system, 1) if _listed(simulator, system, n)]
        for number in numbers:
            task = _task(simulator, system, number)
            first, last = simulator.world.epoch, simulator.world.epoch + (SCRAPES - 1) * EVERY
            pages = seen[system, str(number)]
            end = next(
                (p.at for p in simulator.world.plan(task).root.phases if p.state in ("FINISHED", "REVOKED")), None
            )
            if not first - WITHIN <= task.created <= last - REFRESH or (end is not None and end < first - KEEP):
                continue
            assert pages, (system, number)
            times = [when for when, _ in pages]
            assert max(later - earlier for earlier, later in zip(times, times[1:] + times[-1:], strict=True)) <= EVERY
            assert times[0] <= max(first, task.created) + REFRESH + EVERY + (
                outage if _within_outage(task, first) else 0
            )
            if end is not None and end + KEEP + 2 * EVERY < last:
                ended += 1
                assert [state for _, state in pages].count("finished" if pages[-1][1] == "finished" else "revoked") >= 2
                assert end + KEEP - EVERY <= times[-1] <= end + KEEP + 2 * EVERY
    assert ended > 5
    assert ("", "") not in simulator.requests  # BKFlow's `next` leads to an internal host, and is never followed
    assert {system for system, _ in seen} == {"sops", "bkflow", "nodeman", "gsekit"}


def _task(simulator: Simulator, system: str, number: int) -> Task:
    task = simulator.world.task(system, number)
    assert task is not None
    return task


def _listed(simulator: Simulator, system: str, number: int) -> bool:
    """Children are left out; a trial run of BKFlow, which the simulator makes of mobile tasks, is never listed."""
    task = _task(simulator, system, number)
    return simulator.world.mark(task) != "child" and (system, task.method) != ("bkflow", "mobile")


def _within_outage(task: Task, first: float) -> bool:
    """Whether the listing that should have told of a task was one that failed."""
    return first + (OUTAGE.start - 1) * EVERY <= task.created <= first + OUTAGE.stop * EVERY


async def _watch(clock: Clock) -> tuple[Simulator, dict[tuple[str, str], list[tuple[float, str]]]]:
    simulator = Simulator(seed=3, clock=clock.wall)
    live = Live(
        loads(CONFIG),
        Telemetry(CollectorRegistry(), version="0", revision="test"),
        make_transport=lambda _: httpx.ASGITransport(simulator.app),
        clocks=Clocks(clock.wall, clock.steady),
    )
    seen: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for scrape in range(SCRAPES):
        broken = "garbage" if scrape in OUTAGE else None
        for system in ("sops", "bkflow"):
            simulator.misbehave(system, broken, operation="get_task_list")
        page = await live.scrape(9.5)
        assert (0 in own(live, "discovery_up").values()) is (broken is not None)
        for outcome in page.outcomes:
            assert outcome.kept is not None, (outcome.identity, outcome.error)
            seen[outcome.identity.system, outcome.identity.task_id].append((page.when, outcome.kept.task.state.value))
        clock.now += EVERY
    return simulator, seen
