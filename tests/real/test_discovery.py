"""A real Prometheus follows tasks that the simulated BlueKing creates and finishes, ten hours in three minutes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.demo.cast import Task
from exporter.demo.simulator import Simulator
from tests import simulated
from tests.processes import serving
from tests.real import programs, servers
from tests.real.servers import PrometheusServer

pytestmark = [pytest.mark.real, pytest.mark.long]

HOURS = 10
SPEED = 200.0
SECONDS = HOURS * 3600 / SPEED
EVERY = 1.0
KEEP, WITHIN = 8.0, 60.0
#: Two refreshes, two scrapes, and a busy machine.
LATE = 6.0
CONFIG = """\
bkapi:
  auth: {{bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}}
  requests_per_second: 1000
systems:
  sops: {{url: "{url}/api/bk-sops/prod"}}
  bkflow: {{url: "{url}/api/bkflow/prod"}}
  nodeman: {{url: "{url}", route: esb}}
  gsekit: {{url: "{url}", route: esb}}
collect: {{cache_ttl: 500ms, nodes: none}}
discover:
  - {{system: sops, bk_biz_id: 3, created_within: 60s, keep_finished: 8s, refresh: 1s}}
  - {{system: bkflow, space_id: 2, created_within: 60s, keep_finished: 8s, refresh: 1s}}
  - {{system: nodeman, bk_biz_id: 3, created_within: 60s, keep_finished: 8s, refresh: 1s}}
  - {{system: gsekit, bk_biz_id: 3, created_within: 60s, keep_finished: 8s, refresh: 1s}}
"""

LISTS = (("sops", "get_task_list"), ("bkflow", "get_task_list"), ("gsekit", "job_list"))

Points = dict[tuple[str, str], list[float]]


@pytest.fixture
def simulator() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(seed=5, speed=SPEED)
    with simulated.serving(simulator) as url:
        yield simulator, url


def points(prometheus: PrometheusServer, expr: str, start: float, end: float) -> Points:
    """The moments at which an expression has a series, by system and task id; a series that ended is stale at once."""
    data = prometheus.get("query_range", query=expr, start=f"{start:.3f}", end=f"{end:.3f}", step="1")
    found: Points = defaultdict(list)
    for series in data["result"]:
        found[series["metric"]["system"], series["metric"]["task_id"]] += [at for at, _ in series["values"]]
    return {key: sorted(set(moments)) for key, moments in found.items()}


@dataclass(frozen=True)
class Life:
    """What the simulator knows: when a task was created, ran, and ended if it did."""

    created: float
    ran: tuple[float, float] | None
    ended: float | None


def lives(simulator: Simulator) -> dict[tuple[str, str], Life]:
    world = simulator.world
    tasks = [(system, world.task(system, number)) for system in ("sops", "bkflow") for number in world.ids(system, 1)]
    return {
        (system, str(task.id)): _life(simulator, task) for system, task in tasks if task and _listed(simulator, task)
    }


def _listed(simulator: Simulator, task: Task) -> bool:
    """Children are left out; a trial run of BKFlow, which the simulator makes of mobile tasks, is never listed."""
    return simulator.world.mark(task) != "child" and (task.system, task.method) != ("bkflow", "mobile")


def _life(simulator: Simulator, task: Task) -> Life:
    phases = simulator.world.plan(task).root.phases
    ended = next((phase.at for phase in phases if phase.state in ("FINISHED", "REVOKED")), None)
    started = next((phase.at for phase in phases if phase.state == "RUNNING"), None)
    return Life(task.created, None if started is None or ended is None else (started, ended), ended)


@dataclass(frozen=True)
class Watched:
    """What Prometheus saw between two moments, and during which part of it lists could not be read."""

    begin: float
    end: float
    outage: tuple[float, float]
    shown: Points
    running: Points
    over: Points


def test_ten_hours(simulator: tuple[Simulator, str], tmp_path: Path) -> None:
    """Each task appears, runs, ends and leaves; no series outlives its task; a failed listing loses nothing."""
    watched = watch(*simulator, tmp_path)
    assert {system for system, _ in watched.shown} == {"sops", "bkflow", "nodeman", "gsekit"}
    known = lives(simulator[0])
    checked = Counter(what for key, life in known.items() for what in check(key, life, watched))
    assert checked["appeared"] > 150
    assert checked["ended"] > 100
    assert checked["aged"]
    assert len(set(known) & set(watched.running)) > 20  # at this speed most run for less than a second
    for moments in watched.shown.values():
        # The tasks that were there when the lists failed are there on every page of the outage.
        there = [at for at in moments if watched.outage[0] <= at <= watched.outage[1]]
        assert not there or max(gaps(there), default=0) <= 3 * EVERY


def watch(simulator: Simulator, url: str, folder: Path) -> Watched:
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(url=url), "utf-8")
    scrape = {"scrape_interval": f"{EVERY:.0f}s", "scrape_timeout": f"{EVERY:.0f}s"}
    program = programs.monitoring("2.x").prometheus
    with serving(config) as exporter:
        job = {"job_name": "tasks", "static_configs": [{"targets": [exporter.url.removeprefix("http://")]}]}
        with servers.prometheus(program, {"global": scrape, "scrape_configs": [job]}, folder) as prometheus:
            prometheus.wait_for("count(bk_task_exporter_discovery_up == 1) == 4")
            begin = time.time()
            time.sleep(SECONDS / 2)
            outage = fail(simulator, prometheus)
            time.sleep(max(0.0, begin + SECONDS - time.time()))
            end = time.time()
            running, over = 'bk_task_state{state="running"} == 1', 'bk_task_state{state=~"finished|revoked"} == 1'
            seen = [points(prometheus, expr, begin, end) for expr in ("bk_task_up", running, over)]
            return Watched(begin, end, outage, *seen)


def fail(simulator: Simulator, prometheus: PrometheusServer) -> tuple[float, float]:
    """Let lists fail for a while; returns from when to when."""
    begin = time.time()
    for system, operation in LISTS:
        simulator.misbehave(system, "garbage", operation=operation)
    prometheus.wait_for(f"count(bk_task_exporter_discovery_up == 0) == {len(LISTS)}")
    time.sleep(5)
    for system, operation in LISTS:
        simulator.misbehave(system, None, operation=operation)
    prometheus.wait_for("count(bk_task_exporter_discovery_up == 1) == 4")
    return begin, time.time()


def gaps(moments: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def check(key: tuple[str, str], life: Life, watched: Watched) -> Iterator[str]:
    """Hold what was seen of a task to what is true of it; yields what there was to check."""
    moments = watched.shown.get(key, [])
    unlisted = watched.outage[0] - LATE <= life.created <= watched.outage[1]
    late = LATE + (watched.outage[1] - watched.outage[0] if unlisted else 0.0)
    if not watched.begin <= life.created <= watched.end - late:
        return
    if not moments and unlisted and life.ended is not None and life.ended + KEEP < life.created + late:
        return  # it came, ended and left while no list could be read
    assert moments, (key, life)
    assert life.created - EVERY <= moments[0] <= life.created + late, (key, life, moments)
    yield "appeared"
    if life.ran and min(life.ran[1], watched.end) - life.ran[0] > 4 * EVERY and not unlisted:
        assert watched.running.get(key), (key, life, moments)
        yield "ran"
    if life.ended is not None and life.ended + KEEP + late < watched.end and life.ended < life.created + WITHIN:
        assert len(watched.over.get(key, [])) >= 2, (key, life, moments)
        assert life.ended + KEEP - LATE <= moments[-1] <= life.ended + KEEP + late, (key, life, moments)
        yield "ended"
    if life.ended is None and life.created + WITHIN + LATE < watched.end:
        assert life.created + WITHIN - LATE <= moments[-1] <= life.created + WITHIN + LATE, (key, life, moments)
        yield "aged"
