"""The HTTP server around an application: sockets, signals, a clean end."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from exporter.errors import UserError

#: Seconds that requests under way are given when the server is told to stop.
GRACE = 10

_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; an empty host means every interface."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """`:9840`, `127.0.0.1:9840`, `[::1]:9840`; raises UserError."""
        parsed = _ADDRESS.fullmatch(text.strip())
        if not parsed or int(parsed["port"]) > 65535:
            raise UserError(f"listen address {text!r}: write HOST:PORT, such as 127.0.0.1:9840, [::1]:9840 or :9840")
        return cls(parsed["v6"] or parsed["host"] or "", int(parsed["port"]))


def listen(address: Address) -> socket.socket:
    """A listening socket; raises UserError if the address cannot be had."""
    try:
        if not address.host and socket.has_dualstack_ipv6():
            return socket.create_server(("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=1024)
    except OSError as error:
        shown = f"[{address.host}]" if ":" in address.host else address.host
        raise UserError(f"cannot listen on {shown}:{address.port}: {error.strerror or error}") from None


class _Server(uvicorn.Server):
    """Signals are ours, so that two servers can share a loop and SIGTERM ends with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, sock: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests under way end."""
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=120,  # above the usual scrape intervals
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving


def event_on(wanted: signal.Signals) -> asyncio.Event:
    """An event that the signal sets, instead of what it would do to the process."""
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(wanted, event.set)
    return event


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT end the process cleanly."""
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stop.set)
