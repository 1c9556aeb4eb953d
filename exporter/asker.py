"""Asks for batches of tasks and keeps what comes back; several pages may wait for one batch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Generic, Protocol, TypeVar

import msgspec

from exporter.errors import Reason, TaskError
from exporter.gateway import Clocks, Gateway
from exporter.logs import fields
from exporter.model import Identity, Task
from exporter.plan import Batch, BulkMemory, plan
from exporter.store import Entry, Shelf, Store
from exporter.systems import SYSTEMS
from exporter.systems.base import Nodes, Reading, malformed
from exporter.targets import Target, merged

K = TypeVar("K")

log = logging.getLogger(__name__)

_MAX_WORDS = 1000

#: Errors that a whole system makes: asking for each task of a failed batch singly would only repeat them.
_OF_THE_SYSTEM = frozenset({Reason.THROTTLED, Reason.CONNECT, Reason.TLS})
#: Errors of a bulk resource that this site may simply not have, or not grant.
_OF_THE_RESOURCE = frozenset({Reason.BAD_URL, Reason.FORBIDDEN, Reason.AUTH})


class Meter(Protocol):
    """What reading answers reports; telemetry counts it."""

    def unknown_states(self, system: str, words: int = 1) -> None:
        """BlueKing sent states that nobody told us of."""
        ...


@dataclass(frozen=True, slots=True)
class Keeping:
    """How answers are read and kept: seconds of life, the zone of times without offset, whose nodes are shown.

    `detail` asks for tasks, always singly, with why they failed.
    """

    cache_ttl: float
    final_cache_ttl: float
    zone: tzinfo
    nodes: Nodes
    detail: bool = False


@dataclass(eq=False, slots=True)
class Flight:
    """One batch under way. It is given up when the last page that waits for it leaves."""

    batch: Batch
    task: asyncio.Task[None] | None = None
    waiters: int = 0
    #: For each task that is through: its error, if it has one, and when that was known (steady clock).
    results: dict[Identity, tuple[TaskError | None, float]] = field(default_factory=dict)


class Asker(Generic[K]):
    """Turns targets into kept answers. What an answer is made into is the caller's business (`distill`)."""

    def __init__(
        self,
        *,
        gateways: Mapping[str, Gateway],
        store: Store[K],
        variant: Hashable,
        keeping: Keeping,
        distill: Callable[[Identity, Task], K],
        meter: Meter,
        clocks: Clocks,
    ) -> None:
        self.gateways = gateways
        self.shelves: Mapping[str, Shelf[K]] = {
            name: store.shelf((variant, name, gateway.config.url, gateway.config.site))
            for name, gateway in gateways.items()
        }
        self._keeping = keeping
        self._distill = distill
        self._meter = meter
        self._clocks = clocks
        self._memory = BulkMemory(clocks.steady)
        self._flights: dict[Identity, Flight] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._said: set[tuple[str, str]] = set()

    def entry(self, target: Target) -> Entry[K]:
        """What is kept of a target."""
        return self.shelves[target.system].entry(target.identity, self._clocks.steady())

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
            ordered, gateway.config.site, self._keeping.nodes, self._memory, lambda t: entries[t.identity].spoils
        )
        return [self._take_off(batch) for batch in batches]

    async def aclose(self) -> None:
        """Give up what is under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _take_off(self, batch: Batch) -> Flight:
        flight = Flight(batch)
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
        began = self._clocks.steady()
        try:
            if flight.batch.bulk_key is None:
                await self._single(flight, flight.batch.targets[0])
            else:
                await self._bulk(flight)
        finally:
            seconds = self._clocks.steady() - began
            for target in flight.batch.targets:
                self.entry(target).seconds = seconds

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _single(self, flight: Flight, target: Target) -> TaskError | None:
        gateway, system = self.gateways[target.system], SYSTEMS[target.system]
        compose = system.detail_request if self._keeping.detail else system.request
        try:
            answer = await gateway.ask(compose(target.params, gateway.config.site))
        except TaskError as error:
            return self._settle(flight, target, error)
        return self._settle(flight, target, answer)

    async def _bulk(self, flight: Flight) -> None:
        gateway, bulk = self.gateways[flight.batch.system], SYSTEMS[flight.batch.system].BULK
        assert bulk is not None  # noqa: S101 (a plan makes no batch without it)
        targets = flight.batch.targets
        params = [target.params for target in targets]
        try:
            answers = bulk.split(await gateway.ask(bulk.request(params, gateway.config.site)), params)
        except TaskError as error:
            await self._fall_back(flight, error)
            return
        for target, answer in zip(targets, answers, strict=True):
            self._settle(flight, target, answer, bulk=True)

    async def _fall_back(self, flight: Flight, error: TaskError) -> None:
        """A batch fails whole for one bad task. Find that one, and keep the others."""
        first, *rest = flight.batch.targets
        if error.reason in _OF_THE_SYSTEM or (error.reason is Reason.AUTH and error.explicit):
            for target in flight.batch.targets:
                self._settle(flight, target, error)
            return
        first_error = await self._single(flight, first)
        if error.reason in _OF_THE_RESOURCE:
            if first_error is not None and first_error.reason is error.reason:
                for target in rest:
                    self._settle(flight, target, first_error)
                return
            self._memory.missing(flight.batch, whole_system=error.reason is not Reason.FORBIDDEN)
        errors = [first_error, *await asyncio.gather(*(self._single(flight, target) for target in rest))]
        if error.reason not in _OF_THE_RESOURCE:
            self._blame(flight.batch, errors)

    def _blame(self, batch: Batch, errors: Sequence[TaskError | None]) -> None:
        """Who fails alone too has spoiled the batch, unless all do: then the system is in trouble, and no task."""
        if all(errors):
            return
        if not any(errors):
            self._memory.too_big(batch)
        for target, error in zip(batch.targets, errors, strict=True):
            self.entry(target).spoils = error is not None

    # --- keeping -----------------------------------------------------------------------------------------------------

    def _settle(
        self, flight: Flight, target: Target, answer: bytes | TaskError, *, bulk: bool = False
    ) -> TaskError | None:
        """Keep an answer, and tell whoever waits for it how it went."""
        entry = self.entry(target)
        error = answer if isinstance(answer, TaskError) else self._keep(entry, target, answer, bulk=bulk)
        if error is None and not bulk:
            entry.spoils = False
        flight.results[target.identity] = (error, self._clocks.steady())
        return error

    def _keep(self, entry: Entry[K], target: Target, data: bytes, *, bulk: bool) -> TaskError | None:
        now = self._clocks.wall()
        fingerprint = (bulk, hash(data), target.params, target.known)
        if entry.kept is None or entry.fingerprint != fingerprint:
            try:
                task = self._read(target, data, now, bulk=bulk)
            except TaskError as error:
                return error
            entry.kept = self._distill(target.identity, task)
            entry.final = task.final
            entry.fingerprint = None if task.clocked else fingerprint
        entry.fetched = now
        entry.fresh_until_steady = self._clocks.steady() + self._lifetime(target, final=entry.final)
        return None

    def _read(self, target: Target, data: bytes, now: float, *, bulk: bool) -> Task:
        system, reading = SYSTEMS[target.system], Reading(now, self._keeping.zone)
        read = system.BULK.read if bulk and system.BULK is not None else system.read
        try:
            task = (system.read_detail if self._keeping.detail else read)(data, target.params, reading)
        except TaskError:
            raise
        except Exception as error:
            # A reader that breaks on an answer is our bug; it must not cost another task its metrics.
            log.error(  # noqa: TRY400 (the traceback is for us, at debug level)
                "bug: cannot read an answer: %s", target.identity, exc_info=log.isEnabledFor(logging.DEBUG)
            )
            raise malformed(
                f"the exporter could not read the answer ({type(error).__name__}); please report it"
            ) from None
        if task.unknown_words:
            self._meter.unknown_states(target.system, len(task.unknown_words))
            self._say_unknown(target, task.unknown_words)
        return msgspec.structs.replace(task, labels=merged(task.labels, target.known))

    def _say_unknown(self, target: Target, words: Sequence[str]) -> None:
        """Log each word once; a hostile upstream must not fill the memory with them."""
        for word in words:
            said = (target.system, word[:80])
            if said not in self._said and len(self._said) < _MAX_WORDS:
                self._said.add(said)
                log.warning("unknown state", extra=fields(system=said[0], state=said[1], task=str(target.identity)))

    def _lifetime(self, target: Target, *, final: bool) -> float:
        """Seconds for which an answer is as good as a new one."""
        api = self.gateways[target.system].config.site.api
        ttl = self._keeping.final_cache_ttl if final else self._keeping.cache_ttl
        return max(ttl, SYSTEMS[target.system].MIN_INTERVAL.get(api, 0.0))
