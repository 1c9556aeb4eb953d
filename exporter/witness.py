"""Looks on while one system is asked: what went over the wire, for a person who wants to know."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

import httpx

#: Bytes of a body that are kept to be shown.
KEPT = 1 << 20

_ANY_GZIP = 32 + 15


@dataclass(slots=True)
class Exchange:
    """One request and what came of it. `began` and `ended` are on the steady clock; `ended` is None while it lasts.

    `status` is None where no answer came; `failure` then, or in the middle of a body, says why. `received` are the
    first KEPT bytes of the body as they came over the wire, `size` counts all of them.
    """

    request: httpx.Request
    began: float
    ended: float | None = None
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    received: bytes = b""
    size: int = 0
    failure: str = ""

    @property
    def body(self) -> bytes:
        """The beginning of the body, uncompressed."""
        if "gzip" not in self.headers.get("content-encoding", ""):
            return self.received
        try:
            return zlib.decompressobj(_ANY_GZIP).decompress(self.received, KEPT)
        except zlib.error:
            return self.received

    def take(self, chunk: bytes) -> None:
        """A part of the body came."""
        self.size += len(chunk)
        self.received += chunk[: max(0, KEPT - len(self.received))]


class Witness:
    """Remembers every exchange of the transports that it watches."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.exchanges: list[Exchange] = []
        self.clock = clock

    def watch(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The same transport, looked at."""
        return _Watched(transport, self)


class _Watched(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncBaseTransport, witness: Witness) -> None:
        self._transport = transport
        self._witness = witness

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = Exchange(request, self._witness.clock())
        self._witness.exchanges.append(exchange)
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:
            _over(exchange, self._witness, error)
            raise
        exchange.status, exchange.headers = response.status_code, response.headers
        body = _WatchedBody(response, exchange, self._witness)
        return httpx.Response(response.status_code, headers=response.headers, stream=body, request=request)


class _WatchedBody(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, exchange: Exchange, witness: Witness) -> None:
        self._response = response
        self._exchange = exchange
        self._witness = witness

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in cast(httpx.AsyncByteStream, self._response.stream):
                self._exchange.take(chunk)
                yield chunk
        except BaseException as error:
            _over(self._exchange, self._witness, error)
            raise
        _over(self._exchange, self._witness)

    async def aclose(self) -> None:
        await self._response.aclose()


def _over(exchange: Exchange, witness: Witness, error: BaseException | None = None) -> None:
    exchange.ended = witness.clock()
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        exchange.failure = "given up"
    elif error is not None:
        exchange.failure = str(error) or type(error).__name__
