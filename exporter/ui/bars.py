"""The small bar that says how the parts of a task are: started leaf nodes, hosts, job tasks. A total is never known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exporter.model import State, Task, rank

#: A bar is this many units wide, and no part of it narrower than LEAST: one failure among thousands must be seen.
WIDTH = 100.0
LEAST = 4.0

#: The words of nodeman's hosts and gsekit's job tasks, and the state whose colour they share.
_WORDS: Mapping[str, State] = {
    "failed": State.FAILED,
    "other": State.UNKNOWN,
    "running": State.RUNNING,
    "pending": State.PENDING,
    "ignored": State.IGNORED,
    "success": State.FINISHED,
    "succeeded": State.FINISHED,
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One state's part of a bar; `x` and `width` are units of it."""

    state: State
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """`what` are the parts: `node`, `host` or `job_task`."""

    what: str
    total: int
    segments: Sequence[Segment]


def bar(task: Task) -> Bar | None:
    """The bar of a task, None where its answer says nothing of parts."""
    if task.node_counts is not None:
        return _bar("node", task.node_counts.by_state)
    if task.hosts is not None:
        return _bar("host", _by_state(task.hosts.by_status))
    if task.job_tasks is not None:
        return _bar("job_task", _by_state(task.job_tasks.by_status))
    return None


def _by_state(words: Mapping[str, int]) -> dict[State, int]:
    return {state: words[word] for word, state in _WORDS.items() if word in words}


def _bar(what: str, counts: Mapping[State, int]) -> Bar:
    present = [(state, counts[state]) for state in sorted(counts, key=rank) if counts[state]]
    return Bar(what, sum(count for _, count in present), tuple(_segments(present)))


def _segments(present: Sequence[tuple[State, int]]) -> Iterator[Segment]:
    total = sum(count for _, count in present)
    wanted = [max(LEAST, WIDTH * count / total) for _, count in present]
    x = 0.0
    for (state, count), width in zip(present, wanted, strict=True):
        share = width * WIDTH / sum(wanted)
        yield Segment(state, count, round(x, 2), round(share, 2))
        x += share
