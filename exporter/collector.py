"""One scrape: every target has an outcome at the deadline, from what is kept or from what BlueKing says now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from exporter.asker import Asker, Flight
from exporter.errors import Reason, TaskError
from exporter.gateway import Clocks
from exporter.model import Identity
from exporter.outcome import Outcome
from exporter.targets import Target

K = TypeVar("K")


class PageMeter(Protocol):
    """What scraping reports of its own doings; telemetry counts it."""

    def cached(self, system: str, *, requests: int, hits: int) -> None:
        """So many kept answers were looked for, and so many were fresh."""
        ...

    def coalesced(self) -> None:
        """A scrape shared requests that another one had begun."""
        ...


class Collector(Generic[K]):
    """Scrapes targets; scrapes at the same time share their requests, and each keeps its own deadline."""

    def __init__(self, asker: Asker[K], meter: PageMeter, clocks: Clocks) -> None:
        self._asker = asker
        self._meter = meter
        self._clocks = clocks

    async def scrape(self, targets: Sequence[Target], deadline: float) -> list[Outcome[K]]:
        """One outcome for each target, in their order, not later than `deadline` (steady clock, seconds)."""
        self.begin_page()
        return await self.ask(targets, deadline)

    def begin_page(self) -> None:
        """A page begins; what it needs may be asked for in several parts."""
        for gateway in self._asker.gateways.values():
            gateway.begin_page()

    async def ask(self, targets: Sequence[Target], deadline: float) -> list[Outcome[K]]:
        """Part of a page that has begun: one outcome for each target, as `scrape` has it."""
        began = self._clocks.steady()
        flights = self._board(self._stale(targets, began), deadline - began)
        try:
            await self._wait({flight for flight in flights.values() if flight.task}, deadline)
        finally:
            self._leave(set(flights.values()))
        return [self._outcome(target, flights.get(target.identity), began) for target in targets]

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._asker.aclose()

    def _stale(self, targets: Sequence[Target], now: float) -> dict[str, list[Target]]:
        """Targets whose kept answer does not do any more, by system."""
        stale: dict[str, list[Target]] = {}
        requests: dict[str, int] = {}
        for target in targets:
            requests[target.system] = requests.get(target.system, 0) + 1
            entry = self._asker.entry(target)
            if entry.kept is None or (entry.fresh_until_steady <= now and not (target.final and entry.final)):
                stale.setdefault(target.system, []).append(target)
        for system, asked in requests.items():
            self._meter.cached(system, requests=asked, hits=asked - len(stale.get(system, ())))
        return stale

    def _board(self, stale: dict[str, list[Target]], seconds: float) -> dict[Identity, Flight]:
        """The flight of each stale target: one that another scrape has begun, or a new one."""
        flights: dict[Identity, Flight] = {}
        for system, targets in stale.items():
            missing = []
            for target in targets:
                if flight := self._asker.under_way(target):
                    flights[target.identity] = flight
                else:
                    missing.append(target)
            for flight in self._asker.start(system, missing, seconds) if missing else ():
                flights.update(dict.fromkeys((target.identity for target in flight.batch.targets), flight))
        for flight in set(flights.values()):
            flight.waiters += 1
        if any(flight.waiters > 1 for flight in flights.values()):
            self._meter.coalesced()
        return flights

    async def _wait(self, flights: set[Flight], deadline: float) -> None:
        tasks = [flight.task for flight in flights if flight.task]
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, deadline - self._clocks.steady()))

    def _leave(self, flights: set[Flight]) -> None:
        """Give up what nobody waits for any more."""
        for flight in flights:
            flight.waiters -= 1
            if flight.waiters == 0:
                self._asker.give_up(flight)

    def _outcome(self, target: Target, flight: Flight | None, began: float) -> Outcome[K]:
        entry = self._asker.entry(target)
        if flight is None:
            return Outcome(target.identity, entry.kept, None, entry.fetched, 0.0)
        error, known = flight.results.get(target.identity) or (_too_late(), self._clocks.steady())
        kept, before = (entry.kept, None) if error is None else (None, entry.kept)
        return Outcome(target.identity, kept, error, entry.fetched, max(0.0, known - began), before)


def _too_late() -> TaskError:
    return TaskError(Reason.TIMEOUT, "no answer before the scrape's deadline")
