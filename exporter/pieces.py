"""What is kept of a task: its data, and its text for each family, made once when the answer comes."""

from __future__ import annotations

import functools
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import msgspec
from prometheus_client.utils import floatToGoString

from exporter.catalogue import (
    FAMILIES,
    IDENTITY,
    NodeFamily,
    Sample,
    TaskFamily,
    all_labels,
    identity_values,
    node_names,
    task_samples,
)
from exporter.labeltext import escape
from exporter.model import Identity, Node, Task
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
    labels = _labels(identity)
    places = {label.encode(): value.replace(b"%", b"%%") for label, value in labels.items()}
    block = _block(labels)
    node_pieces, node_ends = _node_pieces(places, selection)
    return Rendered(
        task=msgspec.structs.replace(task, nodes=None),
        labels=block,
        pieces=tuple([_piece(line, block, places, task_samples(line.family, identity, task)) for line in _TASK]),
        node_pieces=node_pieces,
        node_ends=node_ends,
        classes=selection.classes if selection else NO_CLASSES,
        truncated=selection.truncated if selection else None,
    )


def identity_block(identity: Identity) -> bytes:
    """The identity labels as they stand behind the name of a family that has no others."""
    return _block(_labels(identity))


@functools.lru_cache(maxsize=1 << 14)
def number(value: float) -> bytes:
    """A value as prometheus_client writes it, with the end of the line."""
    return f"{floatToGoString(value)}\n".encode()  # type: ignore[no-untyped-call]


F = TypeVar("F", TaskFamily, NodeFamily)


class _Line(Generic[F]):
    """The line of a family, with places first for the identity, then for other label values and the sample's value."""

    def __init__(self, family: F) -> None:
        self.family: F = family
        self.name: bytes = family.name.encode()
        own: list[str] = [label for label in all_labels(family) if label not in IDENTITY]
        ordered = sorted((*IDENTITY, *own))
        slots = [f'{label}="%({label})b"' if label in IDENTITY else f'{label}="%%b"' for label in ordered]
        self._text = f"{family.name}{{{','.join(slots)}}} %%b".encode()
        order = [own.index(label) for label in ordered if label not in IDENTITY]
        self._order = None if order == sorted(order) else order

    def of(self, places: Mapping[bytes, bytes]) -> bytes:
        """The line of one task."""
        return self._text % places

    def arranged(self, values: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Label values from the order of the catalogue to that of the line."""
        return values if self._order is None else tuple([values[index] for index in self._order])


_TASK = tuple(_Line(family) for family in FAMILIES if isinstance(family, TaskFamily))
_NODE = tuple(_Line(family) for family in FAMILIES if isinstance(family, NodeFamily))
_NO_ENDS: array[int] = array("I")


def _text(text: str) -> bytes:
    return escape(text).encode()


#: For texts that come again and again: names of nodes, states, statuses.
_word = functools.lru_cache(maxsize=1 << 12)(_text)


@functools.lru_cache(maxsize=1 << 12)
def _words(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(map(_word, texts))


def _labels(identity: Identity) -> dict[str, bytes]:
    return dict(zip(IDENTITY, map(_text, identity_values(identity)), strict=True))


def _block(labels: Mapping[str, bytes]) -> bytes:
    return b"{%b} " % b",".join([b'%b="%b"' % (label.encode(), labels[label]) for label in sorted(labels)])


def _piece(line: _Line[TaskFamily], block: bytes, places: Mapping[bytes, bytes], samples: Sequence[Sample]) -> bytes:
    if not samples:
        return b""
    if not line.family.labels:
        return line.name + block + number(samples[0][1])
    text = line.of(places)
    return b"".join([text % (*line.arranged(_words(values)), number(value)) for values, value in samples])


def _node_pieces(
    places: Mapping[bytes, bytes], selection: Selection | None
) -> tuple[tuple[bytes, ...], tuple[array[int], ...]]:
    if not selection or not selection.nodes:
        return (b"",) * len(_NODE), (_NO_ENDS,) * len(_NODE)
    pairs = list(zip(map(_text, selection.ids), map(_word, node_names(selection.nodes)), strict=True))
    made = [_node_lines(line, line.of(places), pairs, selection.nodes) for line in _NODE]
    return tuple([b"".join(lines) for lines in made]), tuple([_ends(lines) for lines in made])


def _node_lines(
    line: _Line[NodeFamily], text: bytes, pairs: Sequence[tuple[bytes, bytes]], nodes: Sequence[Node]
) -> list[bytes]:
    """The line of each node, empty where it has none."""
    return [
        b"" if sample is None else text % (*line.arranged(pair + _words(sample[0])), number(sample[1]))
        for pair, sample in zip(pairs, map(line.family.sample, nodes), strict=True)
    ]


def _ends(lines: Sequence[bytes]) -> array[int]:
    return array("I", accumulate(map(len, lines))) if any(lines) else _NO_ENDS
