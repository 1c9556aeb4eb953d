"""Work that is too long for the event loop, done beside it, so that pages go out in time meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

#: Bytes of an answer from which on reading it is such work: some 2,000 nodes, or 10 ms.
LARGE = 1 << 20

#: One thread, so that the event loop has at least every second turn however many large answers there are.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-answers")


async def aside(size: int, work: Callable[[], T]) -> T:
    """The result of `work`, which reads `size` bytes: at once where they are few. It must not change what others see.

    Whoever is cancelled meanwhile leaves it running; nobody gets its result.
    """
    if size < LARGE:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_thread, work)
