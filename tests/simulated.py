"""A simulated BlueKing on a thread of the test, on a port that nobody can take in between."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace

from exporter.connections import Limits
from exporter.demo.simulator import Simulator
from exporter.server import Address, listen, serve

#: What hangs on purpose is not waited for.
LIMITS = replace(Limits(), grace_seconds=1.0)


@contextlib.contextmanager
def serving(simulator: Simulator) -> Iterator[str]:
    """Serve it while the block runs; yields its root, without a slash at the end."""
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), stop))
        await serve(simulator.app, bound, stop, limits=LIMITS)

    with listen(Address("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        loop, stop = ready.result()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
