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
    cleaned,
    identity_values,
    node_names,
)
from exporter.labeltext import escape
from exporter.model import Identity, Node, Task, needy_node
from exporter.nodeselection import NO_CLASSES, Selection


class Rendered(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a task: its data without the nodes, that node which calls most for a person, and its text.

    `labels` is the block of the identity labels, by which tasks are told apart. `pieces` are the lines of each
    TaskFamily, `node_pieces` those of each NodeFamily, and `node_ends[family][n - 1]` says where the lines of the
    first n nodes end. `classes` are the nodes per class of urgency; `truncated` is how many the task's own limit left
    out, None where no single nodes are shown.
    """

    task: Task
    needy: Node | None
    labels: bytes
    pieces: tuple[bytes, ...]
    node_pieces: tuple[bytes, ...]
    node_ends: tuple[array[int], ...]
    classes: tuple[int, ...]
    truncated: int | None


def distill(identity: Identity, task: Task, selection: Selection | None) -> Rendered:
    """The pieces of one task; `selection` are the single nodes that it may show, None if it shows none."""
    labels = _labels(identity)
    block = _BLOCK % labels
    node_pieces, node_ends = _node_pieces(labels, selection)
    return Rendered(
        task=msgspec.structs.replace(task, nodes=None),
        needy=needy_node(task),
        labels=block,
        pieces=tuple([_piece(line, block, labels, line.family.samples(identity, task)) for line in _TASK]),
        node_pieces=node_pieces,
        node_ends=node_ends,
        classes=selection.classes if selection else NO_CLASSES,
        truncated=selection.truncated if selection else None,
    )


def identity_block(identity: Identity) -> bytes:
    """The identity labels as they stand behind the name of a family that has no others."""
    return _BLOCK % _labels(identity)


@functools.lru_cache(maxsize=1 << 14)
def number(value: float) -> bytes:
    """A value as prometheus_client writes it, with the end of the line."""
    return f"{floatToGoString(value)}\n".encode()  # type: ignore[no-untyped-call]


F = TypeVar("F", TaskFamily, NodeFamily)


class _Line(Generic[F]):
    """The line of a family, with places for the identity, for other label values and for the sample's value."""

    def __init__(self, family: F) -> None:
        self.family: F = family
        self.name: bytes = family.name.encode()
        own: list[str] = [label for label in all_labels(family) if label not in IDENTITY]
        ordered = sorted((*IDENTITY, *own))
        order = [own.index(label) for label in ordered if label not in IDENTITY]
        self._order = None if order == sorted(order) else order
        self._identity_first = self._line(ordered, identity="%({})b", other="%%b")
        self._identity_last = self._line(ordered, identity="%%({})b", other="%b")

    def _line(self, labels: Sequence[str], *, identity: str, other: str) -> bytes:
        slots = [f'{label}="{(identity if label in IDENTITY else other).format(label)}"' for label in labels]
        return f"{self.family.name}{{{','.join(slots)}}} {other}".encode()

    def of(self, labels: Mapping[bytes, bytes]) -> bytes:
        """The line of one task, with places for what differs from sample to sample."""
        return self._identity_first % {label: _literal(value) for label, value in labels.items()}

    def filled(self, values: tuple[bytes, ...], value: float) -> bytes:
        """The line of one sample, with places for the identity."""
        return self._identity_last % (*map(_literal, self.arranged(values)), number(value))

    def arranged(self, values: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Label values from the order of the catalogue to that of the line."""
        return values if self._order is None else tuple([values[index] for index in self._order])


def _literal(text: bytes) -> bytes:
    """The text as it must stand in what is filled in once more."""
    return text.replace(b"%", b"%%")


_TASK = tuple(_Line(family) for family in FAMILIES if isinstance(family, TaskFamily))
_NODE = tuple(_Line(family) for family in FAMILIES if isinstance(family, NodeFamily))
_NO_ENDS: array[int] = array("I")


def _text(text: str) -> bytes:
    return text.encode() if text.isalnum() else escape(text).encode()


#: For texts that come again and again: names of nodes, states, statuses.
_word = functools.lru_cache(maxsize=1 << 12)(_text)


@functools.lru_cache(maxsize=1 << 12)
def _words(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(map(_word, texts))


def _labels(identity: Identity) -> dict[bytes, bytes]:
    return dict(zip(_IDENTITY, map(_text, identity_values(identity)), strict=True))


_IDENTITY = tuple([label.encode() for label in IDENTITY])
_BLOCK = ("{" + ",".join([f'{label}="%({label})b"' for label in sorted(IDENTITY)]) + "} ").encode()


def _piece(line: _Line[TaskFamily], block: bytes, labels: Mapping[bytes, bytes], samples: Sequence[Sample]) -> bytes:
    if not samples:
        return b""
    if not line.family.labels:
        return line.name + block + number(samples[0][1])
    return (_lines(line, samples) if len(samples) == 1 else _known_lines(line, tuple(samples))) % labels


def _lines(line: _Line[TaskFamily], samples: Sequence[Sample]) -> bytes:
    """The lines of some samples, with places for the identity."""
    return b"".join([line.filled(_words(values), value) for values, value in cleaned(samples)])


#: Many tasks are in the same state, and have the same counts.
_known_lines = functools.lru_cache(maxsize=1 << 9)(_lines)


def _node_pieces(
    labels: Mapping[bytes, bytes], selection: Selection | None
) -> tuple[tuple[bytes, ...], tuple[array[int], ...]]:
    if not selection or not selection.nodes:
        return (b"",) * len(_NODE), (_NO_ENDS,) * len(_NODE)
    pairs = list(zip(map(_text, selection.ids), map(_word, node_names(selection.nodes)), strict=True))
    made = [_node_lines(line, line.of(labels), pairs, selection.nodes) for line in _NODE]
    return tuple([b"".join(lines) for lines in made]), tuple([_ends(lines) for lines in made])


def _node_lines(
    line: _Line[NodeFamily], text: bytes, pairs: Sequence[tuple[bytes, bytes]], nodes: Sequence[Node]
) -> list[bytes]:
    """The line of each node, empty where it has none."""
    samples = zip(pairs, map(line.family.sample, nodes), strict=True)
    if not line.family.labels:
        return [b"" if sample is None else text % (*pair, number(sample[1])) for pair, sample in samples]
    return [
        b"" if sample is None else text % (*line.arranged(pair + _words(sample[0])), number(sample[1]))
        for pair, sample in samples
    ]


def _ends(lines: Sequence[bytes]) -> array[int]:
    return array("I", accumulate(map(len, lines))) if any(lines) else _NO_ENDS
