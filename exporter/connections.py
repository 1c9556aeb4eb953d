"""One client's connection: how much of us it may hold, and for how long.

HTTP itself is uvicorn's. What it has no bounds for is bounded here: a request's head that never ends, an answer that
nobody reads, and connections that only lie there.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a server; the defaults are far beyond what a Prometheus needs, and below what could hurt."""

    #: Connections at a time, TLS handshakes included.
    connections: int = 1024
    #: Size of a request's line and headers.
    head_bytes: int = 32 * 1024
    #: From the first byte of a request's head, or of the connection, to its last one.
    head_seconds: float = 10.0
    handshake_seconds: float = 10.0
    #: How long a client may take for the next 64 KiB or so of an answer.
    stall_seconds: float = 30.0
    #: Between two requests; above the usual scrape intervals.
    idle_seconds: float = 120.0
    #: For what is under way when the server is told to stop.
    grace_seconds: float = 10.0


class Tls(Protocol):
    """How one connection is secured."""

    @property
    def context(self) -> ssl.SSLContext:
        """A context for servers."""
        ...

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether a client with this certificate, as `getpeercert` gives it, is let in."""
        ...


#: How the next connection is secured; None: not at all.
Security = Callable[[], Tls | None]


def no_security() -> None:
    """In clear."""


class Guest(Protocol):
    """Who takes a place of a server."""

    #: When it began to wait for nothing of ours (the loop's clock); None while we owe it an answer.
    idle_since: float | None

    def abort(self) -> None:
        """Put it out, at once."""
        ...


class Room:
    """A bounded number of guests. Where it is full, whoever idles longest makes place."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._guests: dict[Guest, None] = {}  # as they came: of two that idle as long, the first goes

    def __len__(self) -> int:
        return len(self._guests)

    def admits(self) -> bool:
        """Whether one more may come in."""
        return len(self._guests) < self._places or self.make_place()

    def make_place(self) -> bool:
        """Put out who idles longest; whether there was one."""
        idle = [(guest.idle_since, guest) for guest in self._guests if guest.idle_since is not None]
        if not idle:
            return False
        _, longest = min(idle, key=lambda found: found[0])
        self.leave(longest)
        longest.abort()
        return True

    def enter(self, guest: Guest) -> None:
        """Take a place."""
        self._guests[guest] = None

    def leave(self, guest: Guest) -> None:
        """Give the place back."""
        self._guests.pop(guest, None)


class _Fuse:
    """Aborts a connection unless it is quenched in time; lit twice, it burns from the first time on."""

    __slots__ = ("_burning", "_connection", "_seconds")

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._burning: asyncio.TimerHandle | None = None

    def light(self) -> None:
        if self._burning is None:
            self._burning = self._connection.loop.call_later(self._seconds, self._connection.abort)

    def quench(self) -> None:
        if self._burning is not None:
            self._burning.cancel()
            self._burning = None


class Connection(H11Protocol):
    """HTTP/1.1 for one client, within limits."""

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        *,
        room: Room,
        place_of: Guest,
        limits: Limits,
        tls: Tls | None = None,
    ) -> None:
        super().__init__(config=config, server_state=state, app_state={}, _loop=asyncio.get_running_loop())
        self._place_of = place_of
        self._tls = tls
        self._admitted = False
        self.idle_since: float | None = self.loop.time()
        self._room = room
        self._head = _Fuse(self, limits.head_seconds)
        self._stall = _Fuse(self, limits.stall_seconds)

    @property
    def _busy(self) -> bool:
        """Whether an answer is owed."""
        cycle: object | None = self.cycle
        return cycle is not None and not self.cycle.response_complete

    def abort(self) -> None:
        """Drop the connection; what was not sent is lost."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._room.leave(self._place_of)
        self._room.enter(self)
        self._head.light()
        self._admitted = self._tls is None or self._tls.admits(transport.get_extra_info("peercert"))
        if not self._admitted:
            log.debug("the certificate of a client is not among those allowed")
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give everything back."""
        self._room.leave(self)
        self._head.quench()
        self._stall.quench()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. Anything but the whole head of a request burns the fuse, a body that nobody asked for too."""
        if not self._admitted:
            return
        super().data_received(data)
        if self._busy:
            self.idle_since = None
            self._head.quench()
        else:
            self._head.light()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the client to take the rest of the last answer."""
        self.idle_since = self.loop.time()
        super().on_response_complete()  # which may begin the next request, if it is here already
        if self._busy:
            self.idle_since = None
        elif self.conn.trailing_data[0]:  # the beginning of one
            self._head.light()
        if self.transport.is_closing():
            self._stall.light()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless another answer is being sent already."""
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.abort()
        self._stall.light()

    def timeout_keep_alive_handler(self) -> None:
        """Close what idles, also where the client does not take what was sent last."""
        super().timeout_keep_alive_handler()
        self._stall.light()

    def shutdown(self) -> None:
        """Close after the answer under way, if there is one."""
        super().shutdown()
        if self.transport.is_closing():
            self._stall.light()

    def pause_writing(self) -> None:
        """The client does not keep up: it gets some time."""
        super().pause_writing()
        self._stall.light()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stall.quench()
