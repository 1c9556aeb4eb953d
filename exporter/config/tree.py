"""YAML text -> a tree whose every part knows its line. Without recursion, bounded, and with every problem at once.

Scalars stay text: what they mean is decided by the type of their key (YAML 1.2's plain numbers and booleans, not
1.1's `on`, `0x`, `1:30`). Aliases share their node, so a tree may be much larger to walk than to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import yaml

from exporter.config.words import shown
from exporter.errors import Problem

#: Far beyond any configuration that a person or a program would write, and still quickly refused.
MAX_EVENTS = 2_000_000
MAX_DEPTH = 32

_TAG = "tag:yaml.org,2002:"
_TAGS = {_TAG + kind for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Collection: TypeAlias = yaml.SequenceStartEvent | yaml.MappingStartEvent


class Style(Enum):
    """How a scalar stands in the file: a plain `2` is a number, a quoted one is text, a substituted one is either."""

    PLAIN = 1
    QUOTED = 2
    SUBSTITUTED = 3


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value."""

    line: int
    text: str
    style: Style = Style.QUOTED

    @property
    def null(self) -> bool:
        """Whether nothing was given."""
        if self.style is Style.QUOTED:
            return False
        return self.text in ({"", "~", "null", "Null", "NULL"} if self.style is Style.PLAIN else {""})


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: list[Entry]


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and the line of its key, or its place in a list."""

    line: int
    value: Node
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping."""

    line: int
    entries: dict[str, Entry]


Node: TypeAlias = Scalar | Items | Table


@dataclass(slots=True)
class _Frame:
    """A collection that is being read."""

    node: Items | Table
    anchor: str | None
    path: str
    line: int
    key: Scalar | None = None

    @property
    def next_path(self) -> str:
        if isinstance(self.node, Items):
            return f"{self.path}[{len(self.node.items)}]"
        return join(self.path, self.key.text if self.key else "")


def join(path: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{key}" if path and key else path or key


class _Stop(Exception):  # noqa: N818 (no error, the end of reading)
    """Reading on makes no sense."""


@dataclass(slots=True)
class _Composer:
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    frames: list[_Frame] = field(default_factory=list)
    root: Node | None = None
    left: int = MAX_EVENTS

    def problem(self, line: int, path: str, message: str) -> None:
        self.problems.append(Problem(line, path, message))

    def stop(self, line: int, message: str) -> None:
        self.problem(line, "", message)
        raise _Stop

    def spend(self, line: int, events: int = 1) -> None:
        self.left -= events
        if self.left < 0:
            self.stop(line, f"more than {MAX_EVENTS:,} values: no configuration is that large")

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        self.spend(line)
        match event:
            case yaml.ScalarEvent():
                self.add(self.scalar(event, line), line, event.anchor)
            case yaml.AliasEvent():
                self.add(self.alias(event, line), line)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self.begin(event, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                frame = self.frames.pop()
                self.add(frame.node, frame.line, frame.anchor)
            case yaml.DocumentStartEvent() if self.root is not None:
                self.stop(line, "a second document begins here: one file holds one configuration")

    def scalar(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        self.check_tag(event, line)
        plain = event.style in {None, ""} and event.tag not in {"!", f"{_TAG}str"}
        return Scalar(line, event.value, Style.PLAIN if plain else Style.QUOTED)

    def alias(self, event: Any, line: int) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            # The name is not shown: it may be a password that begins with an asterisk.
            cure = "put a value that begins with * in quotes"
            self.problem(line, self.path(), f"an alias (*name) without its anchor (&name) above it; {cure}")
            return Scalar(line, "", Style.PLAIN)
        return node

    def begin(self, event: _Collection, line: int) -> None:
        self.check_tag(event, line)
        if len(self.frames) >= MAX_DEPTH:
            self.stop(line, f"nested more than {MAX_DEPTH} levels deep: no configuration is")
        node = Items(line, []) if isinstance(event, yaml.SequenceStartEvent) else Table(line, {})
        self.frames.append(_Frame(node, event.anchor, self.path(), line))

    def check_tag(self, event: Any, line: int) -> None:
        if event.tag not in _TAGS | {None, "!"}:
            self.problem(line, self.path(), "YAML tags mean nothing here; put a value that begins with ! in quotes")

    def path(self) -> str:
        return self.frames[-1].next_path if self.frames else ""

    def add(self, node: Node, line: int, anchor: str | None = None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        if isinstance(frame.node, Items):
            frame.node.items.append(Entry(line, node))
        elif frame.key is None:
            frame.key = self.key(node, line)
        else:
            self.enter(frame.node, frame.path, frame.key, node)
            frame.key = None

    def key(self, node: Node, line: int) -> Scalar:
        if isinstance(node, Scalar):
            return Scalar(line, node.text, node.style)
        self.problem(line, self.path(), "a key must be a word, not a list or a mapping")
        return Scalar(line, "")

    def enter(self, table: Table, path: str, key: Scalar, value: Node) -> None:
        if key.text == "<<" and key.style is Style.PLAIN:
            self.merge(table, path, key, value)
            return
        old = table.entries.get(key.text)
        if old is not None and not old.merged:
            self.problem(key.line, join(path, clean(key.text)), f"given twice (first in line {old.line})")
        else:
            table.entries[key.text] = Entry(key.line, value)

    def merge(self, table: Table, path: str, key: Scalar, value: Node) -> None:
        sources = [item.value for item in value.items] if isinstance(value, Items) else [value]
        for source in sources:
            if not isinstance(source, Table):
                self.problem(key.line, join(path, "<<"), "takes a mapping, or a list of mappings, to merge")
                continue
            self.spend(key.line, len(source.entries))
            for name, entry in source.entries.items():
                table.entries.setdefault(name, Entry(entry.line, entry.value, merged=True))


def clean(key: str) -> str:
    """A key as it may stand in a path."""
    return key if key.isidentifier() and len(key) <= 64 else shown(key)


def _marked(error: yaml.YAMLError) -> Problem:
    """What the parser said, without what stands in the file: that may be a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        said = "; ".join(part for part in (error.problem, error.context) if part)
        return Problem(mark.line + 1 if mark else 1, "", f"not YAML: {said}")
    return Problem(1, "", f"not YAML: {getattr(error, 'reason', None) or type(error).__name__}")


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def compose(text: str) -> tuple[Node | None, list[Problem]]:
    """The tree of a YAML text, None where it holds nothing or cannot be read, and what is wrong with it."""
    composer = _Composer()
    try:
        for event in _events(text):
            composer.take(event)
    except _Stop:
        return None, composer.problems
    except yaml.YAMLError as error:
        return None, [*composer.problems, _marked(error)]
    return composer.root, composer.problems
