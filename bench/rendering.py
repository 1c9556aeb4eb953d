"""What rendering a page costs, beside prometheus_client's generate_latest in the same run: `python -m bench.rendering`.

Goals: everything changed <= 1/5 per sample, nothing changed <= 1/100, gzip <= 1/10; 10,000 tasks of 20 nodes in memory.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import resource
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest

from exporter import exposition
from exporter.families import TaskCollector
from exporter.model import Identity, Labels, Node, NodeCounts, State, Task
from exporter.outcome import Outcome
from exporter.render import Renderer
from exporter.systems import SYSTEMS

NOW = 1_795_330_000.0


def identity(number: int) -> Identity:
    return Identity(system="sops", bk_biz_id="2", scope="", task_id=str(100_000 + number))


def node(task: int, number: int, state: State) -> Node:
    return Node(
        id=f"n{task:015x}{number:016x}",
        name=f"执行作业 {number}",
        state=state,
        leaf=True,
        depth=1,
        elapsed=number * 7,
        start=NOW - 900,
        finish=NOW - 800,
        retries=0,
        loops=1,
        skipped=False,
        error_ignored=False,
    )


def task(number: int, nodes: int) -> Task:
    states = [State.FINISHED] * (nodes - 2) + [State.FAILED, State.RUNNING][:nodes]
    return Task(
        state=State.RUNNING,
        labels=Labels(task_name=f"发布 {number}", kind="7", creator="admin"),
        elapsed=900 + number,
        start=NOW - 900,
        retries=0,
        loops=1,
        skipped=False,
        nodes=tuple(node(number, index, state) for index, state in enumerate(states)),
        node_counts=NodeCounts(
            by_state={state: states.count(state) for state in SYSTEMS["sops"].STATES}, skipped=0, error_ignored=0
        ),
    )


def cpu(work: Callable[[], object], rounds: int) -> float:
    """Least CPU seconds of a piece of work: what disturbs a shared machine only ever adds."""
    spent = []
    for _ in range(rounds):
        gc.collect()
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def compare(tasks: int, nodes: int, rounds: int) -> Iterator[tuple[str, str, float, float]]:
    """One size's ratios."""
    renderer = Renderer("all", 1_000)
    answers = [(identity(number), task(number, nodes)) for number in range(tasks)]
    whole = [Outcome(who, what, None, NOW, 0.0) for who, what in answers]
    registry = CollectorRegistry()
    registry.register(TaskCollector(lambda: whole, nodes_per_task=1_000, node_series=tasks * nodes))

    def changed() -> list[Outcome]:
        return [Outcome(who, renderer.distill(who, what), None, NOW, 0.0) for who, what in answers]

    kept = changed()

    def page(outcomes: list[Outcome]) -> bytes:
        return b"".join(renderer.page(outcomes, node_series=tasks * nodes, openmetrics=False))

    def stream(outcomes: list[Outcome]) -> int:
        return sum(map(len, renderer.page(outcomes, node_series=tasks * nodes, openmetrics=False)))

    text = page(kept)
    assert text == generate_latest(registry)
    samples = sum(not line.startswith(b"#") for line in text.splitlines())
    reference = cpu(lambda: generate_latest(registry), rounds)
    new = cpu(lambda: stream(changed()), rounds)
    same = cpu(lambda: stream(kept), rounds * 3)
    slow_gzip = cpu(lambda: gzip.compress(text), rounds)
    fast_gzip = cpu(lambda: list(exposition.gzip(renderer.page(kept, node_series=10**9, openmetrics=False))), rounds)
    for name, spent, peer, goal in (
        ("nothing changed: a page against generate_latest", same, reference, 1 / 100),
        ("everything changed: a page against generate_latest", new, reference, 1 / 5),
        ("gzip of a page against prometheus_client's own", fast_gzip, slow_gzip, 1 / 10),
    ):
        measured = f"{spent / samples * 1e6:.3f} us, {peer / samples * 1e6:.3f} us per sample ({samples} samples)"
        yield name, measured, spent / peer, goal


def figures(rounds: int = 5) -> Iterator[tuple[str, str, float, float]]:
    """What was measured, in words and figures, the ratio and its goal: for 1,000 tasks of 20 nodes."""
    yield from compare(1_000, 20, rounds)


def memory(tasks: int, nodes: int) -> None:
    """Print what kept pieces weigh."""
    renderer = Renderer("all", 1_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = [
        Outcome(who, renderer.distill(who, task(number, nodes)), None, NOW, 0.0)
        for number in range(tasks)
        for who in (identity(number),)
    ]
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(map(len, renderer.page(kept, node_series=10**9, openmetrics=False)))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{tasks} tasks of {nodes} nodes: page {size / 2**20:.0f} MiB, kept {(held - before) / 1024:.0f} MiB, "
        f"a page on top {(after - held) / 1024:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    memory(10_000, 20)
    for tasks, nodes in ((1_000, 20), (100, 1_000), (1_000, 2)):
        print(f"{tasks} tasks of {nodes} nodes")
        for name, measured, ratio, goal in compare(tasks, nodes, rounds):
            print(f"  {name}: {measured}, ratio {ratio:.4f} (goal {goal:g})")


if __name__ == "__main__":
    main()
