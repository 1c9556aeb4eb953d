"""Asks for batches of tasks; several pages may wait for one batch, and one bad task costs the others nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from exporter.aside import aside
from exporter.errors import Reason, TaskError
from exporter.gateway import NOT_NEEDED, Clocks, Gateway, Patience
from exporter.keeper import Keeper
from exporter.model import Identity
from exporter.plan import Batch, BulkMemory, plan
from exporter.store import Entry
from exporter.systems import SYSTEMS
from exporter.targets import Target

K = TypeVar("K")

#: Errors that a whole system makes: asking for each task of a failed batch singly would only repeat them.
_OF_THE_SYSTEM = frozenset({Reason.THROTTLED, Reason.CONNECT, Reason.TLS})
#: Errors of a bulk resource that this site may simply not have, or not grant.
_OF_THE_RESOURCE = frozenset({Reason.BAD_URL, Reason.FORBIDDEN})

#: A batch that is not answered within this share of the page's time is asked for singly too: one task may hang it.
_PATIENCE = 0.4
#: So few tasks are asked for singly rather than halved again.
_FEW = 4


@dataclass(eq=False, slots=True)
class Flight:
    """One batch under way. It is given up when the last page that waits for it leaves."""

    batch: Batch
    #: When it began (steady clock), and seconds after which its bulk call is late.
    began: float
    patience: float
    task: asyncio.Task[None] | None = None
    waiters: int = 0
    #: For each task that is through: its error, if it has one, and when that was known (steady clock).
    results: dict[Identity, tuple[TaskError | None, float]] = field(default_factory=dict)


class Asker(Generic[K]):
    """Turns targets into kept answers."""

    def __init__(self, gateways: Mapping[str, Gateway], keeper: Keeper[K], clocks: Clocks) -> None:
        self.gateways = gateways
        self._keeper = keeper
        self._clocks = clocks
        self._memory = BulkMemory(clocks.steady)
        self._flights: dict[Identity, Flight] = {}
        self._running: set[asyncio.Task[None]] = set()

    def entry(self, target: Target) -> Entry[K]:
        """What is kept of a target."""
        return self._keeper.entry(target)

    def under_way(self, target: Target) -> Flight | None:
        """The flight that somebody started for this target, if it is not through yet."""
        return self._flights.get(target.identity)

    def start(self, system: str, targets: Sequence[Target], seconds: float) -> list[Flight]:
        """Ask for targets of one system.

        What took longest last time goes first, so that it does not end the page; where the limit will not let all
        through in `seconds`, whoever waited longest for an answer goes first, so that nobody starves.
        """
        gateway = self.gateways[system]
        entries = {target.identity: self.entry(target) for target in targets}
        enough = gateway.capacity(seconds) >= len(targets)
        ordered = sorted(
            targets,
            key=lambda t: -entries[t.identity].seconds if enough else entries[t.identity].fetched,
        )
        batches = plan(
            ordered, gateway.config.site, self._keeper.keeping.nodes, self._memory, lambda t: entries[t.identity].spoils
        )
        return [self._take_off(batch, _PATIENCE * seconds) for batch in batches]

    async def aclose(self) -> None:
        """Give up what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _take_off(self, batch: Batch, patience: float) -> Flight:
        flight = Flight(batch, self._clocks.steady(), patience)
        self._flights.update(dict.fromkeys((target.identity for target in batch.targets), flight))
        flight.task = task = asyncio.create_task(self._fly(flight))
        self._running.add(task)
        task.add_done_callback(lambda _: self._land(flight))
        return flight

    def give_up(self, flight: Flight) -> None:
        """End a flight; nobody can join it from now on. Its connection, half-read, is closed and not used again."""
        if flight.task is not None:
            flight.task.cancel()
        self._forget(flight)

    def _land(self, flight: Flight) -> None:
        if flight.task is not None:
            self._running.discard(flight.task)
        self._forget(flight)

    def _forget(self, flight: Flight) -> None:
        for target in flight.batch.targets:
            if self._flights.get(target.identity) is flight:
                del self._flights[target.identity]

    async def _fly(self, flight: Flight) -> None:
        try:
            if flight.batch.bulk_key is None:
                await self._single(flight, flight.batch.targets[0])
            else:
                await self._together(flight)
        finally:
            seconds = self._clocks.steady() - flight.began
            for target in flight.batch.targets:
                self.entry(target).seconds = seconds

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _single(self, flight: Flight, target: Target) -> TaskError | None:
        gateway, system = self.gateways[target.system], SYSTEMS[target.system]
        compose = system.detail_request if self._keeper.keeping.detail else system.request
        request = compose(target.params, gateway.config.site)
        try:
            async with gateway.answer(request) as answer:
                if unreadable := await self._keeper.keep(target, answer):
                    raise unreadable
        except TaskError as error:
            return self._settle(flight, target, error)
        return self._settle(flight, target, None)

    async def _together(self, flight: Flight) -> None:
        """Ask for a batch with one call; where that is late, single calls race it."""
        async with asyncio.TaskGroup() as group:
            patience = Patience(some=flight.patience)
            bulk = group.create_task(self._bulk(flight, flight.batch.targets, patience))
            lateness = group.create_task(patience.late.wait())
            await asyncio.wait({bulk, lateness}, return_when=asyncio.FIRST_COMPLETED)
            lateness.cancel()
            if not bulk.done():
                await self._race(flight, bulk, group.create_task(self._singles(flight, flight.batch.targets)))
            elif error := bulk.result():
                await self._fall_back(flight, error)

    async def _race(
        self, flight: Flight, bulk: asyncio.Task[TaskError | None], singles: asyncio.Task[list[TaskError | None]]
    ) -> None:
        """One task may hang its batch, and its single call tells; or BlueKing is slow, and the batch comes yet."""
        try:
            await asyncio.wait({bulk, singles}, return_when=asyncio.FIRST_COMPLETED)
            if bulk.done() and bulk.result():
                await asyncio.wait({singles})
            elif singles.done() and all(singles.result()):
                await asyncio.wait({bulk})
        except asyncio.CancelledError:
            self._suspect(flight)
            raise
        if bulk.done() and not bulk.result():
            singles.cancel(NOT_NEEDED)
            self._memory.too_big(flight.batch, flight.began)
        else:
            bulk.cancel()
            self._blame(flight, flight.batch.targets, singles.result())

    def _suspect(self, flight: Flight) -> None:
        """The page is over before the race is: few tasks without a good answer are those that hang the batch."""
        targets = flight.batch.targets
        good = {identity for identity, (error, _) in flight.results.items() if error is None}
        left = [target for target in targets if target.identity not in good]
        if len(left) <= min(_FEW, len(targets) // 2):
            for target in left:
                self.entry(target).spoils = True
        else:
            self._memory.too_big(flight.batch, flight.began)

    async def _bulk(self, flight: Flight, targets: Sequence[Target], patience: Patience) -> TaskError | None:
        """Ask for some tasks of a batch with one call; the error is why it brought nothing."""
        gateway, bulk = self.gateways[flight.batch.system], SYSTEMS[flight.batch.system].BULK
        assert bulk is not None  # noqa: S101 (a plan makes no batch without it)
        params = [target.params for target in targets]
        try:
            async with gateway.answer(bulk.request(params, gateway.config.site), patience) as data:
                answers = await aside(len(data), lambda: bulk.split(data, params))
                reasons = set()
                for target, answer in zip(targets, answers, strict=True):
                    kept = (
                        answer
                        if isinstance(answer, TaskError)
                        else await self._keeper.keep(target, answer, within=data)
                    )
                    self._settle(flight, target, kept, bulk=True)
                    if kept is not None:
                        reasons.add(kept.reason)
                for reason in reasons:
                    gateway.unread(bulk.operation, reason)
        except TaskError as error:
            return error.bare()
        if not patience.late.is_set():
            self._memory.good(flight.batch, len(targets))
        return None

    async def _fall_back(self, flight: Flight, error: TaskError) -> None:
        """A batch failed whole: what that says of its tasks depends on why."""
        targets = flight.batch.targets
        if _of_the_system(error):
            self._fail(flight, targets, error)
        elif error.reason in _OF_THE_RESOURCE:
            await self._without_bulk(flight, error)
        elif error.reason is Reason.TIMEOUT:
            self._blame(flight, targets, await self._singles(flight, targets))
        else:
            await self._search(flight, targets, error)

    async def _without_bulk(self, flight: Flight, error: TaskError) -> None:
        """The site may lack the bulk resource, or not grant it: one single call tells that from a wrong address."""
        first, *rest = flight.batch.targets
        first_error = await self._single(flight, first)
        if first_error is not None and first_error.reason is error.reason:
            self._fail(flight, rest, first_error)
            return
        self._memory.missing(flight.batch, whole_system=error.reason is not Reason.FORBIDDEN)
        await self._singles(flight, rest)

    async def _search(self, flight: Flight, targets: Sequence[Target], error: TaskError) -> None:
        """Find the task for which a batch failed, by halves; the others have their answers on the way."""
        if len(targets) <= _FEW:
            for target, said in zip(targets, await self._singles(flight, targets), strict=True):
                self.entry(target).spoils = said is not None
            return
        halves = targets[: len(targets) // 2], targets[len(targets) // 2 :]
        failed = await asyncio.gather(*(self._bulk(flight, half, Patience(most=flight.patience)) for half in halves))
        if all(failed):
            errors = await self._singles(flight, targets)
            if error.reason is Reason.AUTH and not any(errors):
                self._memory.missing(flight.batch, whole_system=True)  # an unknown path is a redirect to some sites
            else:
                self._blame(flight, targets, errors)
        elif not any(failed):
            self._memory.too_big(flight.batch, flight.began)
        else:
            await self._search(flight, halves[0] if failed[0] else halves[1], error)

    def _blame(self, flight: Flight, targets: Sequence[Target], errors: Sequence[TaskError | None]) -> None:
        """Who fails alone too has spoiled the batch, unless all do: then the system is in trouble, and no task."""
        if all(errors):
            return
        if not any(errors):
            self._memory.too_big(flight.batch, flight.began)
        for target, error in zip(targets, errors, strict=True):
            self.entry(target).spoils = error is not None

    async def _singles(self, flight: Flight, targets: Sequence[Target]) -> list[TaskError | None]:
        return await asyncio.gather(*(self._single(flight, target) for target in targets))

    def _fail(self, flight: Flight, targets: Sequence[Target], error: TaskError) -> None:
        for target in targets:
            self._settle(flight, target, error)

    def _settle(
        self, flight: Flight, target: Target, error: TaskError | None, *, bulk: bool = False
    ) -> TaskError | None:
        """Tell whoever waits for a task how it went."""
        if error is None and not bulk:
            self.entry(target).spoils = False
        flight.results[target.identity] = (error and error.bare(), self._clocks.steady())
        return error


def _of_the_system(error: TaskError) -> bool:
    if error.reason is Reason.AUTH:
        return error.explicit
    return error.reason in _OF_THE_SYSTEM and not error.begun  # a proxy may cut answers that are long
