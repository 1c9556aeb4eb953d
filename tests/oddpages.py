"""Odd pages by the thousand, from a seed: quicker than `tests.strategies`, which finds the smallest page that fails."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from exporter.model import Hosts, Identity, JobTasks, Labels, Node, NodeCounts, Task
from exporter.outcome import Outcome
from exporter.systems import SYSTEMS

T = TypeVar("T")

PIECES = (
    "",
    "same",
    "执行作业",
    'a"b',
    "\\",
    "\n",
    "%s",
    "%(task_id)s",
    "{x}",
    "\r",
    "\u2028",
    "\ud800",
    "\u202e",
    "\x00",
    " ",
    "…",
)


def _maybe(rng: Random, make: Callable[[Random], T]) -> T | None:
    return None if rng.random() < 0.3 else make(rng)


def _text(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(PIECES)
    if kind < 0.8:
        return "".join(rng.choices(PIECES, k=rng.randint(1, 5)))
    if kind < 0.95:
        return "".join(
            chr(rng.choice([rng.randrange(128), rng.randrange(0x11_0000)])) for _ in range(rng.randint(1, 9))
        )
    return rng.choice("ab") * rng.randint(198, 203)


def _count(rng: Random) -> int:
    return rng.choice([0, 1, 7, rng.randrange(10**9)])


def _seconds(rng: Random) -> float:
    spread: float = rng.random() * 10.0 ** rng.randint(-5, 12)
    return rng.choice([0, 3, 0.25, 1e-9, 123456.75, spread, rng.randrange(10**7)])


def _stamp(rng: Random) -> float:
    return rng.choice([1, 1_795_334_400.0, rng.random() * 4e9])


def _flag(rng: Random) -> bool:
    return rng.random() < 0.5


def _table(rng: Random) -> dict[str, int]:
    return {_text(rng): _count(rng) for _ in range(rng.randint(0, 4))}


def _node(rng: Random, system: str) -> Node:
    return Node(
        id=_text(rng) if _flag(rng) else f"n{rng.randrange(16**31):031x}",
        name=_text(rng),
        state=rng.choice(SYSTEMS[system].STATES),
        leaf=_flag(rng),
        depth=1,
        elapsed=_maybe(rng, _seconds),
        start=None,
        finish=None,
        retries=_maybe(rng, _count),
        loops=None,
        skipped=False,
        error_ignored=False,
    )


def _node_counts(rng: Random, system: str) -> NodeCounts:
    by_state = {state: _count(rng) for state in SYSTEMS[system].STATES}
    return NodeCounts(by_state=by_state, skipped=_count(rng), error_ignored=_count(rng))


def _task(rng: Random, system: str) -> Task:
    url = rng.choice(["", "https://bk/", "HTTP://x/", "ftp://x/", "javascript:"]) + _text(rng)
    return Task(
        state=rng.choice(SYSTEMS[system].STATES),
        labels=Labels(task_name=_text(rng), kind=_text(rng), creator=_text(rng), url=url),
        elapsed=_maybe(rng, _seconds),
        start=_maybe(rng, _stamp),
        finish=_maybe(rng, _stamp),
        state_refresh=_maybe(rng, _stamp),
        retries=_maybe(rng, _count),
        loops=_maybe(rng, _count),
        skipped=_maybe(rng, _flag),
        nodes=_maybe(rng, lambda _: tuple(_node(rng, system) for _ in range(rng.randint(0, 8)))),
        node_counts=_maybe(rng, lambda _: _node_counts(rng, system)),
        hosts=_maybe(rng, lambda _: Hosts(by_status=_table(rng), by_os=_table(rng), failed_by_code=_table(rng))),
        job_tasks=_maybe(rng, lambda _: JobTasks(by_status=_table(rng), ready=_maybe(rng, _flag))),
    )


def _outcome(rng: Random) -> Outcome[Task]:
    system = rng.choice(list(SYSTEMS))
    task_id = rng.choice(["1", "10/n1", "x" * 210, "x" * 211, _text(rng)])
    identity = Identity(system, rng.choice(["2", ""]), rng.choice(["", "project:7"]), task_id)
    return Outcome(identity, _maybe(rng, lambda _: _task(rng, system)), None, _stamp(rng), _seconds(rng))


def odd_page(seed: int) -> list[Outcome[Task]]:
    """The outcomes of one page; few systems, places and ids, so that identities meet."""
    rng = Random(seed)
    return [_outcome(rng) for _ in range(rng.randint(0, 6))]
