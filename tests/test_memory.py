"""Many large answers at once: they wait for each other, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine

import httpx

from exporter.aside import LARGE
from exporter.gateway import Clocks, Gateway
from exporter.memory import Memory
from exporter.systems.base import Request
from tests.support import BlueKing, Meter, system_config
from tests.virtual_time import Clock, run

MIB = 1 << 20


async def begun(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """A task that went as far as it can."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


def test_there_is_room_up_to_the_bound() -> None:
    """Whoever grows within it goes on."""

    async def main() -> None:
        memory = Memory(8 * MIB)
        with memory.hold() as first, memory.hold() as second:
            await first.grow(3 * MIB)
            await second.grow(4 * MIB)
            await first.grow(4 * MIB)

    asyncio.run(main())


def test_beyond_it_the_first_goes_on_and_the_others_wait_for_it() -> None:
    """However large it becomes; then it is the next one's turn."""

    async def main() -> None:
        memory = Memory(8 * MIB)
        with memory.hold() as second:
            with memory.hold() as first:
                await first.grow(4 * MIB)
                waiting = await begun(second.grow(5 * MIB))
                await first.grow(64 * MIB)
                await asyncio.sleep(0)
                assert not waiting.done()
            await waiting

    asyncio.run(main())


def test_what_is_small_never_waits() -> None:
    """Whatever the large ones do."""

    async def main() -> None:
        memory = Memory(8 * MIB)
        with memory.hold() as first, memory.hold() as small:
            await first.grow(64 * MIB)
            await small.grow(LARGE - 1)

    asyncio.run(main())


def test_who_gives_up_waiting_gives_its_room_to_the_next() -> None:
    """A scrape's deadline cancels."""

    async def main() -> None:
        memory = Memory(8 * MIB)

        async def read(size: int, gate: asyncio.Event | None = None) -> None:
            with memory.hold() as hold:
                await hold.grow(size)
                await (gate.wait() if gate else asyncio.sleep(0))

        gate = asyncio.Event()
        first = await begun(read(6 * MIB, gate))
        second = await begun(read(6 * MIB))
        third = await begun(read(2 * MIB))
        second.cancel()
        await asyncio.wait([second, third])
        assert not first.done()
        gate.set()
        await first

    asyncio.run(main())


def test_answers_count_until_nobody_looks_at_them_any_more() -> None:
    """Eight of 3 MiB at once, with room for 4: on the wire and being read there is never more than that and one more."""
    there = most = 0

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal there, most
            for part in (b'{"result": true, "data": "', *[b"x" * MIB] * 3, b'"}'):
                await asyncio.sleep(0)
                there += len(part)
                most = max(most, there)
                yield part

    async def look(gateway: Gateway) -> int:
        nonlocal there
        async with gateway.answer(Request("get_task_status", "GET", "/get_task_status/10/2/")) as data:
            await asyncio.sleep(0.01)
        there -= 3 * MIB
        return len(data)

    async def main(clock: Clock) -> list[int]:
        site = BlueKing(lambda _: httpx.Response(200, stream=Body()))
        gateway = Gateway(system_config(), site, Meter(), clocks=Clocks(clock.wall, clock.steady))
        gateway._memory = Memory(4 * MIB)
        return await asyncio.gather(*(look(gateway) for _ in range(8)))

    assert run(main) == [3 * MIB + 2] * 8
    assert most < 8 * LARGE + 4 * MIB + 3 * MIB
