"""The HTTP server around an application: sockets, signals, a clean end."""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import signal
import socket
from dataclasses import dataclass, replace

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from exporter.connections import Connection, Limits, Room, Security, no_security
from exporter.errors import UserError
from exporter.logs import fields

log = logging.getLogger(__name__)

#: Files that are not clients' connections: ours to BlueKing, logs, certificates.
_OTHER_FILES = 256

_BACKLOG = 1024

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

    @classmethod
    def of(cls, sock: socket.socket) -> Address:
        """Where a socket listens."""
        return cls(*sock.getsockname()[:2])

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen(address: Address) -> socket.socket:
    """A listening socket; raises UserError if the address cannot be had."""
    try:
        if not address.host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
            )
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server((address.host, address.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = str(error.strerror or error).partition(" (while attempting")[0]  # ... to bind on the address, as we say
        raise UserError(f"cannot listen on {address}: {why}") from None


def raise_file_limit() -> int:
    """Take as many open files as the system lets us have; how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard


def within_files(limits: Limits) -> Limits:
    """The limits with no more connections than the system lets us have open files."""
    return replace(limits, connections=max(1, min(limits.connections, raise_file_limit() - _OTHER_FILES)))


class _Arrival:
    """A client that is not through its handshake yet."""

    def __init__(self, idle_since: float) -> None:
        self.idle_since: float | None = idle_since
        self.task: asyncio.Task[None] | None = None

    def abort(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Server:
    """Serves an application to many clients at once, each within limits."""

    def __init__(self, app: ASGIApp, limits: Limits, security: Security = no_security) -> None:
        self._limits = limits
        self._security = security
        self._room = Room(limits.connections)
        self._state = ServerState()
        self._arriving: set[asyncio.Task[None]] = set()
        self._config = uvicorn.Config(
            _quiet(app),
            http=H11Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # nobody's word for who asks
            timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]  # any seconds do
            h11_max_incomplete_event_size=limits.head_bytes,
        )
        self._config.load()

    async def accept(self, sock: socket.socket) -> None:
        """Let clients in; never ends."""
        sock.setblocking(False)
        while True:
            try:
                client = await _next(sock)
            except ConnectionError:
                continue  # it left while it waited
            except OSError as error:  # no more files, or no memory
                log.warning("cannot take a connection", extra=fields(cause=error.strerror))
                self._room.make_place()
                await asyncio.sleep(0.1)
                continue
            self._welcome(client)

    def _welcome(self, client: socket.socket) -> None:
        if not self._room.admits():
            client.close()
            return
        arrival = _Arrival(asyncio.get_running_loop().time())
        arrival.task = asyncio.create_task(self._seat(client, arrival))
        self._arriving.add(arrival.task)
        arrival.task.add_done_callback(self._arriving.discard)

    async def _seat(self, client: socket.socket, arrival: _Arrival) -> None:
        """Hand a client to HTTP, over TLS as it is configured at this moment."""
        tls = self._security()

        def connection() -> Connection:
            limits, room = self._limits, self._room
            return Connection(self._config, self._state, room=room, place_of=arrival, limits=limits, tls=tls)

        connect = asyncio.get_running_loop().connect_accepted_socket
        self._room.enter(arrival)
        try:
            if tls is None:
                await connect(connection, client)
            else:
                seconds = self._limits.handshake_seconds
                await connect(connection, client, ssl=tls.context, ssl_handshake_timeout=seconds)
        except OSError as error:
            log.debug("no TLS with a client", extra=fields(cause=str(error)))
            client.close()
        finally:
            self._room.leave(arrival)

    async def close(self) -> None:
        """Let what is under way end within the grace, and put out who stays."""
        for task in self._arriving:
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)
        for connection in [*self._state.connections]:
            connection.shutdown()
        await self._empty(self._limits.grace_seconds)
        for connection in [*self._state.connections]:
            connection.transport.abort()
        await self._empty(1.0, tasks=False)
        for running in self._state.tasks:
            running.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)

    async def _empty(self, seconds: float, *, tasks: bool = True) -> None:
        """Wait until all have left."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._state.connections or (tasks and self._state.tasks):  # uvicorn tells nobody when one leaves
            if loop.time() >= until:
                break
            await asyncio.sleep(0.02)


async def _next(sock: socket.socket) -> socket.socket:
    client, _ = await asyncio.get_running_loop().sock_accept(sock)
    return client


def _quiet(app: ASGIApp) -> ASGIApp:
    """An application whose requests may be given up at the end without a traceback in the log."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            log.debug("request given up", extra=fields(path=scope.get("path")))

    return run


async def serve(
    app: ASGIApp,
    sock: socket.socket,
    stop: asyncio.Event,
    *,
    limits: Limits | None = None,
    security: Security = no_security,
) -> None:
    """Serve until `stop` is set, then let requests under way end. `security` is asked for each connection anew."""
    server = Server(app, limits or within_files(Limits()), security)
    accepting = asyncio.create_task(server.accept(sock))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([accepting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if accepting.done():
            accepting.result()
    finally:
        accepting.cancel()
        stopping.cancel()
        sock.close()
        await server.close()


def event_on(wanted: signal.Signals) -> asyncio.Event:
    """An event that the signal sets, instead of what it would do to the process."""
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(wanted, event.set)
    return event


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set, so that the process can end cleanly."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, event.set)
    return event
