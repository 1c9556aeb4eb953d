"""What is kept of each task between pages: what its last answer became, and how it behaved when it was asked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from exporter.model import Identity

K = TypeVar("K")

#: Seconds after which what no page asked for any more is dropped.
IDLE = 3600.0


@dataclass(slots=True)
class Entry(Generic[K]):
    """One task's memory. Times ending in `_steady` are of the steady clock, the others seconds since the epoch."""

    #: What the last good answer became; None until there was one.
    kept: K | None = None
    #: What must be equal for an answer to be taken as the same; None where equal answers differ (derived from now).
    fingerprint: Hashable = None
    final: bool = False
    fetched: float = 0.0
    fresh_until_steady: float = 0.0
    used_steady: float = 0.0
    #: How long the last request for it took.
    seconds: float = 0.0
    #: It made a bulk call fail that was fine without it.
    spoils: bool = False


@dataclass(slots=True, weakref_slot=True)
class Shelf(Generic[K]):
    """The entries of one system's tasks, as one site answers them and one configuration shows them."""

    entries: dict[Identity, Entry[K]] = field(default_factory=dict)

    def entry(self, identity: Identity, now: float) -> Entry[K]:
        """The entry of a task, made when it is new."""
        entry = self.entries.get(identity)
        if entry is None:
            entry = self.entries[identity] = Entry()
        entry.used_steady = now
        return entry


class Store(Generic[K]):
    """Shelves by what makes answers interchangeable. A shelf lasts as long as somebody holds it.

    A reload that changes what answers become thus leaves nothing behind, and one that does not finds them all.
    """

    def __init__(self) -> None:
        self._shelves: WeakValueDictionary[Hashable, Shelf[K]] = WeakValueDictionary()
        self._visitors: dict[Identity, None] = {}
        self._swept = 0.0

    def __len__(self) -> int:
        return sum(len(shelf.entries) for shelf in self._shelves.values())

    def shelf(self, variant: Hashable) -> Shelf[K]:
        """The shelf of one variant."""
        return self._shelves.setdefault(variant, Shelf())

    def visited(self, identity: Identity, most: int) -> None:
        """A task that belongs to no page was asked for; of such, those `most` are kept that were asked for last."""
        self._visitors.pop(identity, None)
        self._visitors[identity] = None
        if len(self._visitors) > most:
            self.forget([next(iter(self._visitors))])

    def forget(self, identities: Iterable[Identity]) -> None:
        """Drop what is kept of some tasks; whoever asks for them again has them asked for again."""
        for identity in identities:
            self._visitors.pop(identity, None)
            for shelf in self._shelves.values():
                shelf.entries.pop(identity, None)

    def sweep(self, now: float) -> None:
        """Drop what nobody asked for in a long time. It costs nothing most of the time."""
        if now - self._swept < IDLE / 10:
            return
        self._swept = now
        for shelf in self._shelves.values():
            idle = [identity for identity, entry in shelf.entries.items() if now - entry.used_steady >= IDLE]
            for identity in idle:
                del shelf.entries[identity]
