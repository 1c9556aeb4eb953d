"""The examination of one system: from its address to its last task, each step only where the one before allows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Sequence

from exporter.doctor import blame, times
from exporter.doctor.address import address
from exporter.doctor.case import Case
from exporter.doctor.contact import first_contact
from exporter.doctor.findings import Finding, fine, found
from exporter.doctor.tasks import tasks
from exporter.doctor.verdict import Evidence, cause_for
from exporter.errors import Reason
from exporter.systems import listing_of
from exporter.systems.base import DiscoverParams
from exporter.targets import Target


async def findings(case: Case) -> AsyncIterator[Finding]:
    """All that is to be said of a system."""
    way = await case.tools.look(case.config)
    for finding in address(case.config, way, case.now):
        yield finding
    if way.failed is not None:
        return
    contact = await first_contact(case, way)
    for finding in (*times.clock(case.name, case.aheads), contact):
        yield finding
    if contact.level != "ok":
        return
    for step in (_bulk, _listings, tasks, _times):
        async for finding in step(case):
            yield finding


async def _bulk(case: Case) -> AsyncIterator[Finding]:
    """Whether tasks can be asked for many at a time, where that would be done."""
    bulk, together = case.system.BULK, _together(case)
    if bulk is None or not together:
        return
    error = (await case.ask(bulk.request([target.params for target in together], case.site))).error
    if error is not None and error.reason in {Reason.BAD_URL, Reason.FORBIDDEN, Reason.AUTH}:
        detail = f"{bulk.operation} does not answer as {case.site.api} does."
        yield found(case.name, "bulk", "bulk", level="warning", detail=detail, error=error)


def _together(case: Case) -> Sequence[Target]:
    """Two tasks that a page would ask for in one call."""
    bulk, nodes = case.system.BULK, case.whole.collect.nodes
    groups: dict[Hashable, list[Target]] = defaultdict(list)
    for target in case.targets:
        if bulk is not None and (key := bulk.key(target.params, case.site, nodes)) is not None:
            groups[key].append(target)
    return next((group[:2] for group in groups.values() if len(group) > 1), ())


async def _listings(case: Case) -> AsyncIterator[Finding]:
    """Every listing that is configured."""
    for params in case.discover:
        yield await _listing(case, params)


async def _listing(case: Case, params: DiscoverParams) -> Finding:
    error, place, listing = await case.listing(params), str(params.place), listing_of(params)
    if error is None:
        return fine(case.name, "list", f"{listing.operation} answers", place=place)
    if error.reason is Reason.BAD_URL:
        return found(case.name, "list", "list", detail=f"{listing.cure}.", error=error, place=place)
    whole = blame.of_the_system(error)
    cause = case.cause_of(error) if whole else cause_for(error, Evidence(listed=False, listing=error))
    return found(case.name, "list", cause, error=error, place=place)


async def _times(case: Case) -> AsyncIterator[Finding]:
    """Whether what was read lies in the past, by BlueKing's own clock."""
    if not case.read:
        return
    newest = max(case.read, key=lambda identity: times.latest(case.read[identity]))
    target = next(target for target in case.targets if target.identity == newest)
    if newest not in case.raw:
        await case.ask_for(target)
    data = case.raw.get(newest)
    now = case.now + max(0.0, min(case.aheads, key=abs, default=0.0))
    reread = None if data is None else lambda zone: case.task(target, data, zone)
    for finding in times.times(case.name, [*case.read.items()], now, case.whole.collect.time_zone, reread):
        yield finding
