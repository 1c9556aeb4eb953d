"""YAML text -> a tree whose every part knows its line. Without recursion, bounded, and with every problem at once.

Scalars stay text: what they mean is decided by the type of their key (YAML 1.2's plain numbers and booleans, not
1.1's `on`, `0x`, `1:30`). Aliases share their node, so a tree may be much larger to walk than to hold.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from exporter.config.nodes import EnoughError, Entry, Items, Node, Problems, Scalar, Spot, Style, Table, join
from exporter.errors import Problem

#: Far beyond any configuration that a person or a program would write, and still quickly refused.
MAX_EVENTS = 2_000_000
MAX_DEPTH = 32

_TAG = "tag:yaml.org,2002:"
_TAGS = {_TAG + kind for kind in ("str", "int", "float", "bool", "null", "map", "seq")} | {"!"}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Collection: TypeAlias = yaml.SequenceStartEvent | yaml.MappingStartEvent


@dataclass(slots=True)
class _Frame:
    """A collection that is being read."""

    node: Items | Table
    anchor: str | None
    path: str
    spot: Spot
    key: Scalar | None = None

    @property
    def next_path(self) -> str:
        if isinstance(self.node, Items):
            return f"{self.path}[{len(self.node.items)}]"
        return join(self.path, self.key.text) if self.key else self.path


@dataclass(slots=True)
class _Composer:
    problems: Problems = field(default_factory=Problems)
    anchors: dict[str, Node] = field(default_factory=dict)
    frames: list[_Frame] = field(default_factory=list)
    root: Node | None = None
    left: int = field(default_factory=lambda: MAX_EVENTS)

    def spend(self, spot: Spot, events: int = 1) -> None:
        self.left -= events
        if self.left < 0:
            self.problems.stop(spot, f"more than {MAX_EVENTS:,} values: no configuration is that large")

    def take(self, event: Any) -> None:
        spot = Spot(event.start_mark.line + 1, event.start_mark.column + 1)
        self.spend(spot)
        match event:
            case yaml.ScalarEvent():
                self.add(self.scalar(event, spot), spot, event.anchor)
            case yaml.AliasEvent():
                self.add(self.alias(event, spot), spot)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self.begin(event, spot)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                frame = self.frames.pop()
                self.add(frame.node, frame.spot, frame.anchor)
            case yaml.DocumentStartEvent() if self.root is not None:
                self.problems.stop(spot, "a second document begins here: one file holds one configuration")

    def scalar(self, event: yaml.ScalarEvent, spot: Spot) -> Scalar:
        if not self.tag_fits(event, spot):
            return Scalar(spot, "", Style.REFUSED)
        plain = event.style in {None, ""} and event.tag not in {"!", f"{_TAG}str"}
        return Scalar(spot, event.value, Style.PLAIN if plain else Style.QUOTED)

    def alias(self, event: Any, spot: Spot) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            # The name is not shown: it may be a password that begins with an asterisk.
            cure = "put a value that begins with * in quotes"
            self.problems.note(spot, self.path(), f"an alias (*name) without its anchor (&name) above it; {cure}")
            return Scalar(spot, "", Style.REFUSED)
        return node

    def begin(self, event: _Collection, spot: Spot) -> None:
        self.tag_fits(event, spot)
        if len(self.frames) >= MAX_DEPTH:
            self.problems.stop(spot, f"nested more than {MAX_DEPTH} levels deep: no configuration is")
        node = Items(spot, []) if isinstance(event, yaml.SequenceStartEvent) else Table(spot, {})
        self.frames.append(_Frame(node, event.anchor, self.path(), spot))

    def tag_fits(self, event: Any, spot: Spot) -> bool:
        fits = event.tag is None or event.tag in _TAGS
        if not fits:
            self.problems.note(
                spot, self.path(), "YAML tags mean nothing here; put a value that begins with ! in quotes"
            )
        return fits

    def path(self) -> str:
        return self.frames[-1].next_path if self.frames else ""

    def add(self, node: Node, spot: Spot, anchor: str | None = None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        if isinstance(frame.node, Items):
            frame.node.items.append(Entry(spot, node))
        elif frame.key is None:
            frame.key = self.key(node, spot)
        else:
            self.enter(frame.node, frame.path, frame.key, node)
            frame.key = None

    def key(self, node: Node, spot: Spot) -> Scalar:
        if isinstance(node, Scalar):
            return Scalar(spot, node.text, node.style)
        self.problems.note(spot, self.path(), "a key must be a word, not a list or a mapping")
        return Scalar(spot, "", Style.REFUSED)

    def enter(self, table: Table, path: str, key: Scalar, value: Node) -> None:
        if key.style is Style.REFUSED:
            return
        if key.text == "<<" and key.style is Style.PLAIN:
            self.merge(table, path, key, value)
            return
        old = table.entries.get(key.text)
        if old is not None and not old.merged:
            self.problems.note(key.spot, join(path, key.text), f"given twice (first in line {old.spot})")
        else:
            table.entries[key.text] = Entry(key.spot, value)

    def merge(self, table: Table, path: str, key: Scalar, value: Node) -> None:
        sources = [item.value for item in value.items] if isinstance(value, Items) else [value]
        for source in sources:
            if isinstance(source, Scalar) and source.style is Style.REFUSED:
                continue
            if not isinstance(source, Table):
                self.problems.note(key.spot, join(path, "<<"), "takes a mapping, or a list of mappings, to merge")
                continue
            self.spend(key.spot, len(source.entries))
            for name, entry in source.entries.items():
                table.entries.setdefault(name, Entry(entry.spot, entry.value, merged=True))


def _marked(error: yaml.YAMLError, text: str) -> Problem:
    """What the parser said, without what stands in the file: that may be a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        said = "; ".join(part for part in (error.problem, error.context) if part)
        return Problem(line + 1, "", f"not YAML: {said}{_cure(text, line, error.problem or '')}")
    return Problem(1, "", f"not YAML: {getattr(error, 'reason', None) or type(error).__name__}")


def _cure(text: str, line: int, said: str) -> str:
    """The likely mistake, from the line where the parser stopped."""
    here = next(itertools.islice(text.splitlines(), line, None), "")
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return " (indent with spaces, not tabs)"
    if "${" in here:
        return " (between { and }, put ${NAME} in quotes)"
    return " (put a value that begins with %, @ or ` in quotes)" if "cannot start any token" in said else ""


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def compose(text: str) -> tuple[Node | None, Problems]:
    """The tree of a YAML text, None where it holds nothing or cannot be read, and what is wrong with it."""
    composer = _Composer()
    try:
        text.encode()
        for event in _events(text):
            composer.take(event)
    except EnoughError:
        pass
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        composer.problems.append(Problem(line, "", "not UTF-8 text: save the file as UTF-8"))
    except yaml.YAMLError as error:
        composer.problems.append(_marked(error, text))
    else:
        return composer.root, composer.problems
    return None, composer.problems
