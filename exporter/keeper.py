"""Makes answers into what is kept of tasks, and knows how long that is as good as a new answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Generic, Protocol, TypeVar

import msgspec

from exporter.aside import aside
from exporter.errors import TaskError
from exporter.gateway import Clocks, Gateway
from exporter.logs import fields
from exporter.model import Identity, Task
from exporter.store import Entry, Shelf, Store
from exporter.systems import SYSTEMS
from exporter.systems.base import Nodes, Reading, malformed
from exporter.targets import Target, merged

K = TypeVar("K")

log = logging.getLogger(__name__)


class StateMeter(Protocol):
    """What reading answers reports; telemetry counts it."""

    def unknown_state(self, system: str, word: str) -> bool:
        """BlueKing sent a state that nobody told us of; whether this is the first time."""
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


class Keeper(Generic[K]):
    """The memory of one asker. What an answer is made into is the caller's business (`distill`)."""

    def __init__(
        self,
        *,
        gateways: Mapping[str, Gateway],
        store: Store[K],
        variant: Hashable,
        keeping: Keeping,
        distill: Callable[[Identity, Task], K],
        meter: StateMeter,
        clocks: Clocks,
    ) -> None:
        self.keeping = keeping
        self._apis = {name: gateway.config.site.api for name, gateway in gateways.items()}
        self._shelves: Mapping[str, Shelf[K]] = {
            name: store.shelf((variant, name, gateway.config.url, gateway.config.site))
            for name, gateway in gateways.items()
        }
        self._distill = distill
        self._meter = meter
        self._clocks = clocks

    def entry(self, target: Target) -> Entry[K]:
        """What is kept of a target."""
        return self._shelves[target.system].entry(target.identity, self._clocks.steady())

    async def keep(self, target: Target, data: bytes, *, within: bytes = b"") -> TaskError | None:
        """Keep an answer, or the part `within` one for many tasks; the error is why it cannot be read."""
        entry, now, bulk = self.entry(target), self._clocks.wall(), bool(within)
        fingerprint = (bulk, hash(data), target.params, target.known)
        if entry.kept is None or entry.fingerprint != fingerprint:
            try:
                task, kept = await aside(len(within or data), lambda: self._made(target, data, now, bulk=bulk))
            except TaskError as error:
                return error
            self._note_unknown(target, task.unknown_words)
            entry.kept, entry.final = kept, task.final
            entry.fingerprint = None if task.clocked else fingerprint
        entry.fetched = now
        entry.fresh_until_steady = self._clocks.steady() + self._lifetime(target, final=entry.final)
        return None

    def _made(self, target: Target, data: bytes, now: float, *, bulk: bool) -> tuple[Task, K]:
        task = self._read(target, data, now, bulk=bulk)
        return task, self._distill(target.identity, task)

    def _read(self, target: Target, data: bytes, now: float, *, bulk: bool) -> Task:
        system, reading = SYSTEMS[target.system], Reading(now, self.keeping.zone)
        read = system.BULK.read if bulk and system.BULK is not None else system.read
        try:
            task = (system.read_detail if self.keeping.detail else read)(data, target.params, reading)
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
        return msgspec.structs.replace(task, labels=merged(task.labels, target.known))

    def _note_unknown(self, target: Target, words: Sequence[str]) -> None:
        """Count words, and log each once."""
        for word in words:
            if self._meter.unknown_state(target.system, shown := word[:80]):
                log.warning("unknown state", extra=fields(system=target.system, state=shown, task=str(target.identity)))

    def _lifetime(self, target: Target, *, final: bool) -> float:
        """Seconds for which an answer is as good as a new one."""
        api = self._apis[target.system]
        ttl = self.keeping.final_cache_ttl if final else self.keeping.cache_ttl
        return max(ttl, SYSTEMS[target.system].MIN_INTERVAL.get(api, 0.0))
