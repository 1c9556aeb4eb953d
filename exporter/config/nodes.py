"""What a YAML file is read into: a tree whose every part knows its place, and the problems that were found in it."""

from __future__ import annotations

import re
from enum import Enum
from typing import NoReturn, TypeAlias

import msgspec

from exporter.config.words import shown
from exporter.errors import Problem

#: More problems than anybody reads.
MAX_PROBLEMS = 1000

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}|<<", re.ASCII)


class Spot(msgspec.Struct, frozen=True, gc=False):
    """A place in the file, counted from 1; it prints as its line."""

    line: int
    column: int

    def __str__(self) -> str:
        return str(self.line)

    def problem(self, path: str, message: str) -> Problem:
        """A problem that stands here."""
        return Problem(self.line, path, message, self.column)


#: The place of what stands in no file.
NOWHERE = Spot(0, 0)


class Style(Enum):
    """How a scalar stands in the file: a plain `2` is a number, a quoted one is text, a substituted one is either.

    REFUSED stands for what has a problem already.
    """

    PLAIN = 1
    QUOTED = 2
    SUBSTITUTED = 3
    REFUSED = 4


_NULLS = {
    Style.PLAIN: {"", "~", "null", "Null", "NULL"},
    Style.SUBSTITUTED: {""},
    Style.QUOTED: set[str](),
    Style.REFUSED: set[str](),
}


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """One value."""

    spot: Spot
    text: str
    style: Style = Style.QUOTED

    @property
    def null(self) -> bool:
        """Whether nothing was given."""
        return self.text in _NULLS[self.style]


class Items(msgspec.Struct, frozen=True):
    """A list."""

    spot: Spot
    items: list[Entry]


class Entry(msgspec.Struct, frozen=True):
    """A value and the line of its key, or its place in a list."""

    spot: Spot
    value: Node
    merged: bool = False


class Table(msgspec.Struct, frozen=True):
    """A mapping."""

    spot: Spot
    entries: dict[str, Entry]


Node: TypeAlias = Scalar | Items | Table


class EnoughError(Exception):
    """Reading on makes no sense: why is among the problems."""


class Problems(list[Problem]):
    """What was found wrong so far."""

    def note(self, spot: Spot, path: str, message: str) -> None:
        """Add a problem; raises EnoughError where nobody would read it."""
        self.append(spot.problem(path, message))
        if len(self) >= MAX_PROBLEMS:
            self.stop(spot, f"more than {MAX_PROBLEMS:,} problems; the rest is not shown")

    def stop(self, spot: Spot, message: str) -> NoReturn:
        """Add a last problem and raise EnoughError."""
        self.append(spot.problem("", message))
        raise EnoughError


def join(path: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{clean(key)}" if path else clean(key)


def clean(key: str) -> str:
    """A key as it may stand in a path."""
    return key if _WORD.fullmatch(key) else shown(key)
