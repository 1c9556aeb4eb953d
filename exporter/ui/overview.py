"""The view model of `/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.discovery import Discovery
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.targets import Target
from exporter.ui.filters import NEEDS_ATTENTION, Filters, Options
from exporter.ui.health import Contacts, SystemRow, counts, system_rows
from exporter.ui.listings import Listing, grouped
from exporter.ui.rows import Row, rows

#: Rows on one page: what a phone draws at once, and a person still scrolls through.
PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Overview:
    """All that `/` shows.

    `total` and `attention` are of all tasks, whatever is filtered, `eligible` and `counts` of those that all filters
    but that by state leave, `matching` of those that all leave.
    """

    when: float
    total: int
    attention: int
    eligible: int
    counts: Sequence[tuple[str, int]]
    systems: Sequence[SystemRow]
    listings: Sequence[tuple[str, Sequence[Listing]]]
    filters: Filters
    options: Options
    matching: int
    rows: Sequence[Row]
    first: int
    pages: int


def overview(
    *,
    outcomes: Sequence[Outcome[Rendered]],
    targets: Sequence[Target],
    titles: Mapping[str, str],
    contacts: Mapping[str, Contacts],
    discoveries: Iterable[Discovery] = (),
    when: float,
    filters: Filters,
) -> Overview:
    """What `/` shows of one page of outcomes; a page beyond the last is the last."""
    every = rows(outcomes, targets)
    eligible = replace(filters, state="").choose(every)
    matching = filters.choose(eligible)
    pages = max(1, -(-len(matching) // PER_PAGE))
    filters = replace(filters, page=min(filters.page, pages))
    start = (filters.page - 1) * PER_PAGE
    return Overview(
        when=when,
        total=len(every),
        attention=sum(row.needs_attention for row in every),
        eligible=len(eligible),
        counts=_chips(eligible),
        systems=system_rows(titles, contacts, every, outcomes),
        listings=grouped(map(Listing.of, discoveries)),
        filters=filters,
        options=Options.of(every),
        matching=len(matching),
        rows=matching[start : start + PER_PAGE],
        first=start + 1,
        pages=pages,
    )


def _chips(rows: Sequence[Row]) -> list[tuple[str, int]]:
    needy = sum(row.needs_attention for row in rows)
    return [(NEEDS_ATTENTION, needy)] * bool(needy) + counts(rows)
