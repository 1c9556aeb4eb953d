"""What is kept of a task: its data, and its text for each family, made once when the answer comes."""

from __future__ import annotations

import functools
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate

import msgspec
from prometheus_client.utils import floatToGoString

from exporter.catalogue import (
    FAMILIES,
    IDENTITY,
    Family,
    NodeFamily,
    TaskFamily,
    all_labels,
    identity_values,
    node_names,
    task_samples,
)
from exporter.labeltext import escape
from exporter.model import Identity, Task
from exporter.nodeselection import NO_CLASSES, Selection


class Rendered(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a task: its data without the nodes, and its text.

    `labels` is the block of the identity labels, by which tasks are told apart. `pieces` are the lines of each
    TaskFamily, `node_pieces` those of each NodeFamily, and `node_ends[family][n - 1]` says where the lines of the
    first n nodes end. `classes` are the nodes per class of urgency; `truncated` is how many the task's own limit left
    out, None where no single nodes are shown.
    """

    task: Task
    labels: bytes
    pieces: tuple[bytes, ...]
    node_pieces: tuple[bytes, ...]
    node_ends: tuple[array[int], ...]
    classes: tuple[int, ...]
    truncated: int | None


def distill(identity: Identity, task: Task, selection: Selection | None) -> Rendered:
    """The pieces of one task; `selection` are the single nodes that it may show, None if it shows none."""
    labels = _escaped(identity)
    places = {label: value.replace("%", "%%") for label, value in labels.items()}
    node_pieces, node_ends = _node_pieces(places, selection)
    return Rendered(
        task=msgspec.structs.replace(task, nodes=None),
        labels=_block(labels),
        pieces=tuple([_piece(family, line, places, identity, task) for family, line in _TASK]),
        node_pieces=node_pieces,
        node_ends=node_ends,
        classes=selection.classes if selection else NO_CLASSES,
        truncated=selection.truncated if selection else None,
    )


def identity_block(identity: Identity) -> bytes:
    """The identity labels as they stand behind the name of a family without labels of its own."""
    return _block(_escaped(identity))


@functools.lru_cache(maxsize=1 << 14)
def number(value: float) -> str:
    """A value as prometheus_client writes it."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


class _Line:
    """The line of a family, with places first for the identity, then for other label values and the sample's value."""

    def __init__(self, family: Family) -> None:
        own = [label for label in all_labels(family) if label not in IDENTITY]
        ordered = sorted((*IDENTITY, *own))
        slots = [f'{label}="%({label})s"' if label in IDENTITY else f'{label}="%%s"' for label in ordered]
        self._text = f"{family.name}{{{','.join(slots)}}} %%s\n"
        order = [own.index(label) for label in ordered if label not in IDENTITY]
        self._order = None if order == sorted(order) else order

    def of(self, places: Mapping[str, str]) -> str:
        """The line of one task."""
        return self._text % places

    def arranged(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Label values from the order of the catalogue to that of the line."""
        return values if self._order is None else tuple([values[index] for index in self._order])


_TASK = tuple((family, _Line(family)) for family in FAMILIES if isinstance(family, TaskFamily))
_NODE = tuple((family, _Line(family)) for family in FAMILIES if isinstance(family, NodeFamily))
_NO_ENDS: array[int] = array("I")


def _escaped(identity: Identity) -> dict[str, str]:
    return dict(zip(IDENTITY, map(escape, identity_values(identity)), strict=True))


def _block(labels: Mapping[str, str]) -> bytes:
    pairs = [f'{label}="{labels[label]}"' for label in sorted(labels)]
    return f"{{{','.join(pairs)}}} ".encode()


def _piece(family: TaskFamily, line: _Line, places: Mapping[str, str], identity: Identity, task: Task) -> bytes:
    samples = task_samples(family, identity, task)
    if not samples:
        return b""
    text = line.of(places)
    return "".join(
        [text % (*line.arranged(tuple(map(escape, values))), number(value)) for values, value in samples]
    ).encode()


def _node_pieces(
    places: Mapping[str, str], selection: Selection | None
) -> tuple[tuple[bytes, ...], tuple[array[int], ...]]:
    if not selection or not selection.nodes:
        return (b"",) * len(_NODE), (_NO_ENDS,) * len(_NODE)
    pairs = list(zip(map(escape, selection.ids), map(escape, node_names(selection.nodes)), strict=True))
    made = [_node_lines(family, line, places, pairs, selection) for family, line in _NODE]
    return tuple([b"".join(lines) for lines in made]), tuple([_ends(lines) for lines in made])


def _node_lines(
    family: NodeFamily,
    line: _Line,
    places: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
    selection: Selection,
) -> list[bytes]:
    text = line.of(places)
    return [
        b"" if sample is None else (text % (*line.arranged(pair + sample[0]), number(sample[1]))).encode()
        for pair, sample in zip(pairs, map(family.sample, selection.nodes), strict=True)
    ]


def _ends(lines: Sequence[bytes]) -> array[int]:
    return array("I", accumulate(map(len, lines))) if any(lines) else _NO_ENDS
