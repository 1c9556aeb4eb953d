"""What a reader of the overview wants to see, as its query says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from exporter.ui.rows import Row, rank

#: In the place of a state: all that call for a person.
NEEDS_ATTENTION = "attention"

#: Longer texts are cut: nobody searches for so much.
_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty means any. `text` are words, each of which must stand somewhere in a row. `page` counts from 1."""

    system: str = ""
    business: str = ""
    state: str = ""
    text: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """The filters of a query; what makes no sense matches nothing, or is the default."""
        given = {key: query.get(key, "").strip()[:_MAX_TEXT] for key in ("system", "business", "state")}
        return cls(**given, text=query.get("q", "").strip()[:_MAX_TEXT], page=_page(query.get("page", "")))

    def query(self, **changes: str | int) -> str:
        """`?state=failed&q=deploy`, with changes; empty where nothing is filtered. A change goes to the first page."""
        wanted = {"system": self.system, "business": self.business, "state": self.state, "q": self.text} | changes
        given = {key: value for key, value in wanted.items() if value and (key, value) != ("page", 1)}
        return f"?{urlencode(given)}" if given else ""

    @property
    def active(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.system or self.business or self.state or self.text)

    def choose(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that match, in their order."""
        words = self.text.casefold().split()
        return [row for row in rows if self._matches(row, words)]

    def _matches(self, row: Row, words: Sequence[str]) -> bool:
        if self.system and row.identity.system != self.system:
            return False
        if self.business and row.business != self.business:
            return False
        if self.state and not (row.needs_attention if self.state == NEEDS_ATTENTION else row.word == self.state):
            return False
        return not words or all(word in searched for searched in [row.searched] for word in words)


def _page(text: str) -> int:
    """A number from 1; anything else is the first page."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


@dataclass(frozen=True, slots=True)
class Business:
    """A business or scope, and how many of its tasks need attention."""

    name: str
    attention: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Options:
    """What there is to choose from."""

    systems: Sequence[str]
    businesses: Sequence[Business]
    states: Sequence[str]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """What the rows have, in an order that people expect."""
        tasks = Counter(row.business for row in rows)
        needy = Counter(row.business for row in rows if row.needs_attention)
        return cls(
            systems=list(dict.fromkeys(sorted(row.identity.system for row in rows))),
            businesses=[Business(each, needy[each], tasks[each]) for each in sorted(tasks, key=_by_number)],
            states=sorted({row.word for row in rows}, key=rank),
        )


def _by_number(business: str) -> tuple[str, int, str]:
    scope, _, number = business.rpartition(":")
    return scope, int(number) if number.isdigit() else 0, business
