"""A simulated BlueKing on a thread of the test, on a port that nobody can take in between."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from exporter.demo.serve import listen, server
from exporter.demo.simulator import Simulator


@contextlib.contextmanager
def serving(simulator: Simulator) -> Iterator[str]:
    """Serve it while the block runs; yields its root, without a slash at the end."""
    with listen("127.0.0.1", 0) as bound:
        running = server(simulator)
        thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[bound])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join()
