"""How a system lists its tasks: what a dialect has to say, and what one page of a list tells. No I/O.

Lists are paged by offset or by number, and change between two pages. A dialect asks for one page at a time and reads
it; who turns the pages, and when to stop, is the business of exporter.discovery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import msgspec

from exporter.lenient import cleaned
from exporter.model import NO_LABELS, Labels

if TYPE_CHECKING:  # exporter.systems.base names these in turn
    from exporter.systems.base import DiscoverParams, Reading, Request, Site

T = TypeVar("T")

MAX_ID = 2**63 - 1

#: Where a site has a list whose registration is its own affair.
ListPath = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(/[A-Za-z0-9._~%/-]*)?$",
        description="The path of the list below the system's `url`, where this site has it elsewhere.",
    ),
]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list to ask for: `limit` entries from `offset` on, of what was created at `since` or later.

    `offset` is a multiple of `limit`. `since` is seconds since the epoch.
    """

    offset: int
    limit: int
    since: float

    @property
    def number(self) -> int:
        """The number of the page, from 1."""
        return self.offset // self.limit + 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One task as its list tells of it.

    `final`: the list proves that it has ended for good; `finish` is when, in seconds since the epoch, if it says so.
    """

    task_id: int
    labels: Labels = NO_LABELS
    final: bool = False
    finish: float | None = None


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, entry by entry: None stands for what is not wanted or cannot be read.

    `total` is how many entries the whole list has, None where the answer does not say. `over`: what follows is too old.
    """

    entries: Sequence[Listed | None]
    total: int | None = None
    over: bool = False


class Listing(Protocol):
    """How one system lists its tasks."""

    @property
    def Params(self) -> type[DiscoverParams]:  # noqa: N802 (as in exporter.systems.base.System)
        """The parameters of one listing."""
        ...

    @property
    def operation(self) -> str:
        """What BlueKing calls it."""
        ...

    @property
    def size(self) -> int:
        """Most entries of one page."""
        ...

    @property
    def past_end(self) -> frozenset[str]:
        """Codes that BlueKing answers with to a page behind the last one, as when a list shrinks while it is read."""
        ...

    @property
    def cure(self) -> str:
        """What to do where the site does not have the list."""
        ...

    def request(self, discover: Any, site: Site, part: Slice, /) -> Request:
        """Ask for one part of the list."""
        ...

    def read(self, data: bytes, discover: Any, reading: Reading, since: float, /) -> ListPage:
        """Read one part, with every filter that BlueKing may have ignored; raises TaskError (malformed) only."""
        ...


def rows(raw: list[msgspec.Raw], decoder: msgspec.json.Decoder[T]) -> list[T | None]:
    """The entries of a list; None for one that is no object, so that it costs no other."""
    return [_row(item, decoder) for item in raw]


def _row(item: msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T | None:
    try:
        return decoder.decode(item)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return decoder.decode(cleaned(bytes(item)))  # an odd name or figure does not cost the entry
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def iso(when: float) -> str:
    """A moment as every system's filters take it: ISO 8601 in UTC, without a plus sign that a proxy might decode."""
    return datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def valid_id(read: int | None) -> int | None:
    """An id, None for what is none."""
    return read if read is not None and 0 < read <= MAX_ID else None
