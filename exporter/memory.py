"""How much the answers that are being read may take together: each has its own bound, but there may be many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from exporter.aside import LARGE
from exporter.unpack import MAX_BODY


class Memory:
    """What one system's answers hold, from their first byte until nobody looks at them any more.

    Small ones always have room. Beyond `most` bytes only the one that was large first is read on; the others wait.
    """

    def __init__(self, most: int = MAX_BODY) -> None:
        self._most = most
        self._held: dict[Hold, int] = {}
        self._freed = asyncio.Event()

    @contextmanager
    def hold(self) -> Iterator[Hold]:
        """Room for one answer; given back at the end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            if self._held.pop(hold, None) is not None:
                self._freed.set()

    async def take(self, hold: Hold, size: int) -> None:
        """An answer has so many bytes; returns when more of it may be read."""
        self._held[hold] = size
        while sum(self._held.values()) > self._most and hold is not next(iter(self._held)):
            self._freed.clear()
            await self._freed.wait()


class Hold:
    """One answer's share of the memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def grow(self, size: int) -> None:
        """It has so many bytes now; returns when more of it may be read."""
        if size >= LARGE:
            await self._memory.take(self, size)
