"""Who is next where many wait for few: whoever had the fewest turns lately."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

#: Who wants a turn, the widest first: an address, then one user of it.
Lanes: TypeAlias = tuple[Hashable, ...]

#: Seconds for which a turn puts whoever had it behind those who had none, and how many these can become.
_BEHIND = 60.0
_MOST_BEHIND = 3600.0
#: How many may wait, and of how many lanes is known that they had turns.
_WAITING = 64
_LANES = 4096


class BusyError(Exception):
    """Too many wait."""


class Turns:
    """So many turns at once. Where many wait, the next is whose first lane had the fewest lately, then whose second.

    Where too many wait, the newest of those who want the most must go.
    """

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = at_once
        self._clock = clock
        self._waiting: dict[asyncio.Future[bool], Lanes] = {}
        self._behind_until: OrderedDict[Hashable, float] = OrderedDict()

    @asynccontextmanager
    async def turn(self, lanes: Lanes) -> AsyncIterator[None]:
        """Wait for a turn, and have it; raises BusyError."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = lanes
        self._let_in()
        if len(self._waiting) > _WAITING:
            self._turn_away()
        if not await waiting:
            raise BusyError
        try:
            yield
        finally:
            self._free += 1
            self._let_in()

    def _let_in(self) -> None:
        now = self._clock()
        while self._free and self._waiting:
            first = min(self._waiting, key=lambda waiting: self._behind(self._waiting[waiting], now))
            for lane in self._waiting[first]:
                self._put_back(lane, now)
            self._free -= 1
            self._answer(first, let_in=True)

    def _turn_away(self) -> None:
        now = self._clock()
        crowds = Counter(lane for lanes in self._waiting.values() for lane in lanes)

        def wants(waiting: asyncio.Future[bool]) -> list[float]:
            lanes = self._waiting[waiting]
            turns = zip(lanes, self._behind(lanes, now), strict=True)
            return [behind + _BEHIND * crowds[lane] for lane, behind in turns]

        self._answer(max(reversed(self._waiting), key=wants), let_in=False)

    def _answer(self, waiting: asyncio.Future[bool], *, let_in: bool) -> None:
        del self._waiting[waiting]
        if not waiting.done():  # it is where the event loop ends
            waiting.set_result(let_in)

    def _behind(self, lanes: Iterable[Hashable], now: float) -> list[float]:
        """Seconds for which each of the lanes is behind those who had no turn."""
        return [max(0.0, self._behind_until.get(lane, now) - now) for lane in lanes]

    def _put_back(self, lane: Hashable, now: float) -> None:
        self._behind_until[lane] = min(now + self._behind((lane,), now)[0] + _BEHIND, now + _MOST_BEHIND)
        self._behind_until.move_to_end(lane)
        while len(self._behind_until) > _LANES:
            self._behind_until.popitem(last=False)


def neighbourhood(address: str) -> str:
    """Whom an address belongs to, as far as it tells: who has one of IPv6 has all of its /64."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
