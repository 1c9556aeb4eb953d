"""The page, from pieces that are kept: the text of each task and family is made once, when the answer comes.

A page is grouped by family, so what is kept is a piece for each task and family. As long as an answer does not change,
a page costs little more than joining its pieces. Line for line it is what prometheus_client renders from
`exporter.families`, which is built on the same catalogue.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from exporter.catalogue import FAMILIES, Family, NodeFamily, PageFamily, TaskFamily
from exporter.model import Identity, Task
from exporter.nodeselection import select_of, share
from exporter.outcome import Outcome
from exporter.pieces import Rendered, distill, identity_block, number
from exporter.systems.base import Nodes

#: Bytes that are handed out at once: few enough to stay flat in memory, enough to be cheap to send and to compress.
CHUNK = 128 * 1024

_TASK_FAMILIES = sum(isinstance(family, TaskFamily) for family in FAMILIES)
_NODE_FAMILIES = sum(isinstance(family, NodeFamily) for family in FAMILIES)


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes pieces, and pages of pieces. `nodes` and `nodes_per_task` are what `collect:` says."""

    nodes: Nodes
    nodes_per_task: int

    def distill(self, identity: Identity, task: Task) -> Rendered:
        """The pieces of one task; call it once for each answer."""
        return distill(identity, task, select_of(task, self.nodes, self.nodes_per_task))

    def page(
        self, outcomes: Sequence[Outcome[Rendered]], *, node_series: int, openmetrics: bool, tail: bytes = b""
    ) -> Iterator[bytes]:
        """The page in chunks of about CHUNK bytes. `tail` are rendered families that follow those of the tasks."""
        end = b"# EOF\n" if openmetrics else b""
        return _chunks([_page(outcomes, node_series), (tail, end)])


def _head(family: Family) -> bytes:
    return f"# HELP {family.name} {family.help}\n# TYPE {family.name} gauge\n".encode()


_HEADS: Mapping[str, bytes] = {family.name: _head(family) for family in FAMILIES}


def _page(outcomes: Sequence[Outcome[Rendered]], node_series: int) -> Iterator[bytes]:
    labels = [identity_block(outcome.identity) if outcome.kept is None else outcome.kept.labels for outcome in outcomes]
    if len(set(labels)) < len(labels):
        labels, outcomes = _distinct(labels, outcomes)
    kept = [outcome.kept for outcome in outcomes if outcome.kept is not None]
    granted = _granted(kept, node_series)
    truncated = _truncated(outcomes, granted)
    task_columns = iter(list(zip(*[rendered.pieces for rendered in kept], strict=True)) or [()] * _TASK_FAMILIES)
    node_columns = iter(_node_columns(kept, granted))
    for family in FAMILIES:
        match family:
            case TaskFamily():
                yield from _blocks(family, next(task_columns))
            case NodeFamily():
                yield from _blocks(family, next(node_columns))
            case PageFamily():
                yield from _blocks(family, _page_column(family, labels, outcomes, truncated))


def _distinct(
    labels: Sequence[bytes], outcomes: Sequence[Outcome[Rendered]]
) -> tuple[list[bytes], list[Outcome[Rendered]]]:
    """One task for each identity: the first that comes."""
    first: dict[bytes, Outcome[Rendered]] = {}
    for block, outcome in zip(labels, outcomes, strict=True):
        first.setdefault(block, outcome)
    return list(first), list(first.values())


def _granted(kept: Sequence[Rendered], node_series: int) -> list[int] | None:
    """How many nodes each task may show; None if all of them, as is usual."""
    if sum([sum(rendered.classes) for rendered in kept]) <= node_series:
        return None
    return share([rendered.classes for rendered in kept], node_series)


def _truncated(outcomes: Sequence[Outcome[Rendered]], granted: Sequence[int] | None) -> list[int | None]:
    """How many nodes of each task the limits of task and page leave out."""
    if granted is None:
        return [None if outcome.kept is None else outcome.kept.truncated for outcome in outcomes]
    left = iter(granted)
    return [None if outcome.kept is None else _left_out(outcome.kept, next(left)) for outcome in outcomes]


def _left_out(rendered: Rendered, granted: int) -> int | None:
    return None if rendered.truncated is None else rendered.truncated + sum(rendered.classes) - granted


def _node_columns(kept: Sequence[Rendered], granted: Sequence[int] | None) -> list[Sequence[bytes]]:
    if granted is None:
        return list(zip(*[rendered.node_pieces for rendered in kept], strict=True)) or [()] * _NODE_FAMILIES
    return [
        [
            _cut(rendered.node_pieces[index], rendered.node_ends[index], nodes)
            for rendered, nodes in zip(kept, granted, strict=True)
        ]
        for index in range(_NODE_FAMILIES)
    ]


def _cut(piece: bytes, ends: array[int], nodes: int) -> bytes:
    return piece[: ends[nodes - 1]] if piece and nodes else b""


def _page_column(
    family: PageFamily,
    labels: Sequence[bytes],
    outcomes: Sequence[Outcome[Rendered]],
    truncated: Sequence[int | None],
) -> list[bytes]:
    name = family.name.encode()
    return [
        name + block + number(value)
        for block, value in zip(labels, map(family.value, outcomes, truncated), strict=True)
        if value is not None
    ]


def _blocks(family: Family, pieces: Sequence[bytes]) -> Iterator[bytes]:
    """The lines of a family, below its HELP and TYPE, in parts of about CHUNK bytes; nothing if there are none."""
    total = sum(map(len, pieces))
    if not total:
        return
    yield _HEADS[family.name]
    step = max(1, len(pieces) * CHUNK // total)
    for begin in range(0, len(pieces), step):
        yield b"".join(pieces[begin : begin + step])


def _chunks(blocks: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """The same bytes, small parts put together."""
    parts: list[bytes] = []
    size = 0
    for block in chain.from_iterable(blocks):
        parts.append(block)
        size += len(block)
        if size >= CHUNK // 2:
            yield b"".join(parts)
            parts, size = [], 0
    if size:
        yield b"".join(parts)
