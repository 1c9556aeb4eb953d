"""Large answers do not hold up anybody else."""

from __future__ import annotations

import asyncio
import threading

from exporter.aside import LARGE, aside


def test_small_work_is_done_at_once() -> None:
    """In this thread, and before anything else runs."""

    async def main() -> list[str]:
        order: list[str] = []
        asyncio.get_running_loop().call_soon(order.append, "others")
        order.append(await aside(LARGE - 1, lambda: threading.current_thread().name))
        return order.copy()

    assert asyncio.run(main()) == [threading.current_thread().name]


def test_large_work_lets_others_run() -> None:
    """It waits here for what only the event loop can do."""

    async def main() -> bool:
        asked = threading.Event()
        asyncio.get_running_loop().call_later(0.01, asked.set)
        return await aside(LARGE, lambda: asked.wait(10))

    assert asyncio.run(main())


def test_who_is_cancelled_waits_no_longer() -> None:
    """The work ends by itself, and its result is nobody's."""

    async def main() -> None:
        end = threading.Event()
        reading = asyncio.create_task(aside(LARGE, lambda: end.wait(10)))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert reading.cancelled()
        end.set()

    asyncio.run(main())
