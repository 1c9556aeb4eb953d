"""The simulator on a socket of its own."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn

from exporter.demo.simulator import Simulator

BACKLOG = 2048


class Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to whoever embeds it; `should_exit = True` ends it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def server(simulator: Simulator) -> Server:
    """A server for the simulator: `await server.serve(sockets=[listen(host, port)])`."""
    config = uvicorn.Config(
        simulator.app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        server_header=False,
    )
    return Server(config)


async def run(simulator: Simulator, host: str, port: int) -> None:
    """Serve until cancelled. OSError if the address cannot be had."""
    with listen(host, port) as bound:
        serving = server(simulator)
        try:
            await serving.serve(sockets=[bound])
        finally:
            serving.should_exit = True
