"""The view model of `/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.discovery import Discovery
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.targets import Target
from exporter.ui.filters import Filters, Options
from exporter.ui.health import Contacts, SystemRow, counts, system_rows
from exporter.ui.listings import Listing, grouped
from exporter.ui.rows import Row, rows

#: Rows on one page: what a phone draws at once, and a person still scrolls through.
PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Overview:
    """All that `/` shows. `counts` and `attention` are of all tasks, whatever is filtered; `matching` are not."""

    when: float
    total: int
    attention: int
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
    matching = filters.choose(every)
    pages = max(1, -(-len(matching) // PER_PAGE))
    filters = replace(filters, page=min(filters.page, pages))
    start = (filters.page - 1) * PER_PAGE
    return Overview(
        when=when,
        total=len(every),
        attention=sum(row.needs_attention for row in every),
        counts=counts(every),
        systems=system_rows(titles, contacts, every, outcomes),
        listings=grouped(map(Listing.of, discoveries)),
        filters=filters,
        options=Options.of(every),
        matching=len(matching),
        rows=matching[start : start + PER_PAGE],
        first=start + 1,
        pages=pages,
    )
