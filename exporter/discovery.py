"""One discovery at work: a list that is read page by page, when somebody asks for tasks, and never by a timer.

A list may be longer than one scrape allows: it is then read on by the next one. What is read is known at once; only who
is missing can be told at the end. A listing that fails changes nothing about the tasks known before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from exporter.aside import aside
from exporter.errors import Reason, TaskError
from exporter.gateway import Clocks, Gateway
from exporter.logs import fields
from exporter.model import Identity
from exporter.roster import Roster
from exporter.systems import SYSTEMS, listing_of
from exporter.systems.base import DiscoverParams, Reading, listed, malformed
from exporter.systems.listing import Listed, ListPage, Slice
from exporter.targets import Target

log = logging.getLogger(__name__)

#: Seconds that a page waits for a list that was read before: new tasks come a page later if it takes longer.
PATIENCE = 1.0
#: The part of a page's time that it waits for a list that was never read; what is left is for asking for its tasks.
SHARE = 0.75
#: Seconds after which a list that was read in part is read anew from its beginning.
STALE = 300.0


class ListMeter(Protocol):
    """What a discovery reports; telemetry shows it."""

    def discovered(self, discovery: str, *, up: bool, truncated: bool, when: float | None) -> None:
        """A listing ended, well or not; `when` is the moment of the last one that ended well."""
        ...


@dataclass(slots=True)
class _Reading:
    """One reading of a list from its newest entry on.

    `cut`: the limit left out what was wanted. `whole`: who was not named is not listed.
    """

    began: float
    since: float
    entries: int = 0
    pages: int = 0
    named: set[Identity] = field(default_factory=set)
    cut: bool = False
    whole: bool = True


class Discovery:
    """The tasks of one entry of `discover:`, as far as this exporter `serves` them."""

    def __init__(
        self,
        params: DiscoverParams,
        gateway: Gateway,
        *,
        serves: Callable[[Identity], bool],
        zone: tzinfo,
        meter: ListMeter,
        clocks: Clocks,
    ) -> None:
        self.params = params
        self.gateway = gateway
        self.roster = Roster(params.keep_finished)
        #: Whether the list was ever read to its end.
        self.ready = False
        #: Why the last reading failed, None if it did not.
        self.error: TaskError | None = None
        self.truncated = False
        #: When the list was last read to its end, in seconds since the epoch.
        self.succeeded: float | None = None
        self._serves = serves
        self._zone = zone
        self._meter = meter
        self._clocks = clocks
        self._due = self._deadline = 0.0
        self._reading: _Reading | None = None
        self._run: asyncio.Task[None] | None = None
        self._timeout: asyncio.Timeout | None = None

    @property
    def system(self) -> str:
        """The name of its system."""
        return self.gateway.config.name

    @property
    def under_way(self) -> bool:
        """Whether the list is being read."""
        return self._run is not None

    def begin(self, deadline: float) -> None:
        """Read the list if that is due, until `deadline` (steady clock) at most; a reading under way is shared."""
        if self._run is not None:
            self._prolong(deadline)
            return
        now = self._clocks.steady()
        if self._reading is not None and now - self._reading.began > max(STALE, self.params.refresh):
            self._reading = None
        if self._reading is None:
            if now < self._due:
                return
            self._due = now + self.params.refresh
            # Whole seconds, as the request says it, so that both filters agree.
            self._reading = _Reading(now, float(int(self._clocks.wall() - self.params.created_within)))
        self._deadline = deadline
        self._run = asyncio.create_task(self._read(self._reading))
        self._run.add_done_callback(self._ended)

    async def wait(self, began: float, deadline: float) -> None:
        """Wait for a reading under way, as long as a page that began then and ends at `deadline` can."""
        share = SHARE * (deadline - began)
        until = began + (min(PATIENCE, share) if self.ready else share)
        if self._run is not None:
            await asyncio.wait([self._run], timeout=max(0.0, until - self._clocks.steady()))

    def rewire(self, other: Discovery) -> None:
        """Go on with the gateway of the same discovery in another configuration."""
        self.give_up()
        self.gateway, self._zone = other.gateway, other._zone

    def give_up(self) -> None:
        """End a reading under way; the next one goes on where it was."""
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def report(self) -> None:
        """Tell how the last reading went, if there was one."""
        if self.ready or self.error is not None:
            self._meter.discovered(
                self.params.label, up=self.error is None, truncated=self.truncated, when=self.succeeded
            )

    def _ended(self, run: asyncio.Task[None]) -> None:
        if self._run is run:
            self._run = None

    def _prolong(self, deadline: float) -> None:
        if deadline > self._deadline:
            self._deadline = deadline
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(asyncio.get_running_loop().time() + deadline - self._clocks.steady())

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _read(self, reading: _Reading) -> None:
        """Turn pages until the last one, an error or the deadline; one that came on goes on at the next scrape."""
        before = reading.pages
        try:
            async with asyncio.timeout(self._deadline - self._clocks.steady()) as self._timeout:
                while not await self._page(reading):
                    pass
        except TimeoutError:
            if reading.pages == before:
                self._failed(TaskError(Reason.TIMEOUT, "no answer before the scrape's deadline"))
        except TaskError as error:
            self._failed(error)
        else:
            self._succeeded(reading)
        finally:
            self._timeout = None

    async def _page(self, reading: _Reading) -> bool:
        """Read one page; returns whether it was the last."""
        listing = listing_of(self.params)
        size = min(listing.size, self.params.limit + 1)
        part = Slice(reading.pages * size, size, reading.since)
        try:
            async with self.gateway.answer(listing.request(self.params, self.gateway.config.site, part)) as data:
                page = await aside(len(data), lambda: self._decoded(data, reading.since))
        except TaskError as error:
            if not reading.pages or not error.explicit or error.code not in listing.past_end:
                raise
            reading.whole = False  # the list shrank, or so it seems
            return True
        return self._take(reading, page, size)

    def _decoded(self, data: bytes, since: float) -> ListPage:
        try:
            return listing_of(self.params).read(data, self.params, Reading(self._clocks.wall(), self._zone), since)
        except TaskError:
            raise
        except Exception as error:
            # A reader that breaks on an answer is our bug; it must not cost a page.
            log.error(  # noqa: TRY400 (the traceback is for us, at debug level)
                "bug: cannot read a list",
                exc_info=log.isEnabledFor(logging.DEBUG),
                extra=fields(discovery=self.params.label),
            )
            raise malformed(
                f"the exporter could not read the list ({type(error).__name__}); please report it"
            ) from None

    def _take(self, reading: _Reading, page: ListPage, size: int) -> bool:
        """Take in a page's tasks; returns whether nothing more is to come.

        A page that is not full is the last one, and so is one that is fuller than asked for: that list knows no pages.
        A page that only repeats what was read would be repeated for ever.
        """
        limit, came = self.params.limit, len(page.entries)
        room = max(0, limit - reading.entries)
        repeated = self._name(reading, page.entries[:room])
        reading.pages += 1
        reading.entries += came
        reading.cut |= repeated or any(entry is not None for entry in page.entries[room:])
        if page.over or came != size or repeated:
            return True
        if page.total is not None and came <= page.total and reading.entries >= min(page.total, limit):
            reading.cut |= page.total > limit
            return True
        return reading.entries > limit

    def _name(self, reading: _Reading, entries: Sequence[Listed | None]) -> bool:
        """Make the entries known; returns whether all of them had been named by earlier pages."""
        now, system = self._clocks.wall(), SYSTEMS[self.system]
        fresh = wanted = 0
        for entry in entries:
            if entry is None:
                continue
            params = listed(system, self.params, entry.task_id)
            target = Target(params, params.identity, entry.labels, "discovered", entry.final)
            wanted += 1
            fresh += target.identity not in reading.named
            reading.named.add(target.identity)
            if self._serves(target.identity):
                self.roster.named(target, entry.finish, now)
        return wanted > 0 and not fresh

    def _succeeded(self, reading: _Reading) -> None:
        if reading.whole:
            self.roster.listed(reading.named)
        if self.error is not None:
            log.info("tasks can be listed again", extra=fields(discovery=self.params.label))
        if reading.cut and not self.truncated:
            said = fields(discovery=self.params.label, limit=self.params.limit)
            log.warning("the limit of a discovery leaves tasks out", extra=said)
        self.error, self.truncated, self.ready = None, reading.cut, True
        self.succeeded = self._clocks.wall()
        self._reading = None
        self.report()

    def _failed(self, error: TaskError) -> None:
        if self.error is None or self.error.reason is not error.reason:
            self._log(error)
        self.error = error.bare()
        self._reading = None
        self.report()

    def _log(self, error: TaskError) -> None:
        said = fields(
            discovery=self.params.label,
            reason=error.reason.value,
            cause=error.message,
            code=error.code,
            request_id=error.request_id,
            cure=listing_of(self.params).cure if error.reason is Reason.BAD_URL else "",
        )
        log.warning("tasks cannot be listed", extra=said)
