"""Eight exporters as eight pods of a StatefulSet would be, on one simulated BlueKing."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exporter.demo.crowd import BASE
from exporter.demo.simulator import Simulator
from exporter.demo.world import Population
from tests import simulated
from tests.processes import Exporter, serving
from tools.processes import until

pytestmark = pytest.mark.real

TASKS = 1000
# Tasks of the crowd only: the world has others, which come and go.
UP = re.compile(r'^bk_task_up\{.*task_id="(\d{6})".*\} 1\.0$', re.MULTILINE)
CONFIG = """\
bkapi:
  auth: {{bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}}
  requests_per_second: 1000
systems: {{sops: {{url: "{url}/api/bk-sops/prod"}}}}
collect: {{nodes: none}}
discover:
  - {{system: sops, bk_biz_id: 2, created_within: 12h, keep_finished: 12h, limit: 5000}}
tasks:
"""


@pytest.fixture(scope="module")
def blueking() -> Iterator[tuple[str, Sequence[int]]]:
    """A simulated BlueKing with a crowd of tasks: its address, and their ids."""
    simulator = Simulator(seed=3, population=Population(tasks=TASKS, nodes=3, arrivals=False))
    with simulated.serving(simulator) as url:
        yield url, range(BASE + 1, BASE + 1 + TASKS)


@pytest.fixture
def config(blueking: tuple[str, Sequence[int]], tmp_path: Path) -> Path:
    url, numbers = blueking
    path = tmp_path / "config.yaml"
    tasks = "".join(f"  - {{system: sops, bk_biz_id: 2, task_id: {number}}}\n" for number in numbers[::2])
    path.write_text(CONFIG.format(url=url) + tasks, "utf-8")
    return path


@contextlib.contextmanager
def statefulset(config: Path, replicas: int) -> Iterator[list[Exporter]]:
    """Pods `exporter-0` to the last one, each of which finds its ordinal in its name."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(4) as starter:
        pods = [pod(config, ordinal, replicas) for ordinal in range(replicas)]
        yield list(starter.map(stack.enter_context, pods))


def pod(config: Path, ordinal: int, replicas: int) -> contextlib.AbstractContextManager[Exporter]:
    return serving(config, "--shard", f"auto/{replicas}", env={"HOSTNAME": f"exporter-{ordinal}"})


def shown(exporters: Sequence[Exporter]) -> list[set[str]]:
    """The tasks that each of them could read."""
    return [set(UP.findall(exporter.get("/metrics").text)) for exporter in exporters]


def holders(pages: Sequence[set[str]]) -> dict[str, int]:
    """The shard of each task; fails if one is on two."""
    assert [task for task, times in Counter(task for page in pages for task in page).items() if times > 1] == []
    return {task: shard for shard, page in enumerate(pages) for task in page}


def test_shards_restart_and_a_ninth_comes(config: Path, blueking: tuple[str, Sequence[int]]) -> None:
    """Each task is on one shard, also while one restarts; a ninth takes about a ninth, and nothing else moves."""
    everything = {str(number) for number in blueking[1]}
    with statefulset(config, 8) as exporters:
        before = holders(until(lambda: shown(exporters), lambda pages: set().union(*pages) == everything))
        assert [exporter.metric("bk_task_exporter_shard_ordinal") for exporter in exporters] == [*range(8)]
        assert {exporter.metric("bk_task_exporter_shards") for exporter in exporters} == {8}

        assert exporters[3].stop() == 0
        rest = [*exporters[:3], *exporters[4:]]
        assert set(holders(shown(rest))) == {task for task, shard in before.items() if shard != 3}
        with pod(config, 3, 8) as again:
            assert holders(shown([*exporters[:3], again, *exporters[4:]])) == before

    with statefulset(config, 9) as exporters:
        after = holders(until(lambda: shown(exporters), lambda pages: set().union(*pages) == everything))
    moved = {task for task in everything if before[task] != after[task]}
    assert {after[task] for task in moved} == {8}
    assert len(moved) == pytest.approx(TASKS / 9, rel=0.25)
