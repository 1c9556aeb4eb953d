"""A link to the simulated BlueKing that can be made to misbehave, for one request or for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from starlette.types import ASGIApp

#: A reset is a connection closed with nothing lingering.
_NO_LINGER = struct.pack("ii", 1, 0)

#: A fatal alert of TLS: internal error.
ALERT = b"\x15\x03\x03\x00\x02\x02\x50"

#: How TLS begins; a server without TLS takes it for a request that it cannot read.
_CLIENT_HELLO = b"\x16"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came over the wire. `number` counts those that the present fault has met, from 1."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the simulator answers, before it goes over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, *more: str, length: int | None = None, status: int | None = None) -> bytes:
        """Status line and headers; `length` for a Content-Length that lies, below 0 for none."""
        code = self.status if status is None else status
        size = len(self.body) if length is None else length
        given = {name: value for name, value in self.headers.items() if name != "content-length"}
        lines = [f"HTTP/1.1 {code} {HTTPStatus(code).phrase}", *(f"{name}: {value}" for name, value in given.items())]
        if size >= 0:
            lines.append(f"Content-Length: {size}")
        return "".join(f"{line}\r\n" for line in (*lines, *more, "")).encode("latin-1")

    def whole(self) -> bytes:
        """The answer as it should be."""
        return self.head() + self.body


class Wire:
    """One accepted connection, for a fault to play with."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def beneath(self, data: bytes) -> None:
        """Bytes that TLS does not know of."""
        os.write(self._writer.get_extra_info("socket").fileno(), data)

    async def drip(self, data: bytes, every: float) -> None:
        """One byte after the other."""
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(every)

    async def hang(self) -> None:
        """Say nothing more until the other side hangs up."""
        while await self.reader.read(1 << 16):
            pass

    def reset(self) -> None:
        """End it as a crashed machine or a firewall does."""
        with contextlib.suppress(OSError):
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


Act = Callable[[Wire, Answer, Asked], Awaitable[None]]


async def honest(wire: Wire, answer: Answer, asked: Asked) -> None:
    """The answer as it should be."""
    await wire.send(answer.whole())


def every_request(_: Asked) -> bool:
    return True


@dataclass(eq=False)
class Link:
    """A loopback port behind which the simulator is; `port` stays the same while the link is cut and mended."""

    app: ASGIApp
    tls: ssl.SSLContext | None = None
    port: int = 0
    act: Act = honest
    hits: Callable[[Asked], bool] = every_request
    #: What happens to a new connection before anything is read from it.
    greet: Callable[[Wire], Awaitable[object]] | None = None
    #: Requests that the present fault has met, and all requests since `begin`.
    met: int = 0
    requests: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _wires: set[Wire] = field(default_factory=set)

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """End every connection, in use or idle."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def close_idle(self) -> None:
        """End every connection in good order, as a server does that restarts."""
        for wire in list(self._wires):
            await wire.close()

    async def alert_idle(self) -> None:
        """End every connection with an alert that was not encrypted, as a TLS proxy does that lost its sessions."""
        for wire in list(self._wires):
            wire.beneath(ALERT)
            wire.reset()

    @property
    def connections(self) -> int:
        return len(self._open)

    def begin(self, act: Act = honest, hits: Callable[[Asked], bool] = every_request) -> None:
        """Misbehave from now on."""
        self.act, self.hits, self.met, self.requests = act, hits, 0, 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, wire = asyncio.current_task(), Wire(reader, writer)
        assert task is not None
        self._open.add(task)
        self._wires.add(wire)
        try:
            if self.greet is not None:
                await self.greet(wire)
            while not writer.is_closing() and (asked := await self._read(wire)):
                await self._answer(wire, asked)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            wire.reset()
        finally:
            self._open.discard(task)
            self._wires.discard(wire)
            writer.close()

    async def _answer(self, wire: Wire, asked: Asked) -> None:
        self.requests += 1
        struck = self.hits(asked)
        if struck:
            self.met += 1
            asked = Asked(asked.method, asked.target, asked.headers, asked.body, self.met)
        await (self.act if struck else honest)(wire, await self._ask(asked), asked)

    async def _read(self, wire: Wire) -> Asked | None:
        reader = wire.reader
        try:
            if (first := await reader.readexactly(1)) == _CLIENT_HELLO:
                await wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return None
            head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        start, *lines = head.strip().split("\r\n")
        method, target, _ = start.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Asked(method, target, headers, body, 0)

    async def _ask(self, asked: Asked) -> Answer:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://bk") as client:
            response = await client.request(asked.method, asked.target, headers=dict(asked.headers), content=asked.body)
        return Answer(response.status_code, dict(response.headers), response.content)
