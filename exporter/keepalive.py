"""Connections that serve again only as long as nothing comes over them unasked.

aiohttp looks for what is left over when a connection is given back, and not when it is taken again: one answer too
many, from a server or a proxy that is broken, would be the answer to the next request, and each one from then on that
to the request before. What comes unasked ends a connection. What comes right after the next request was sent cannot be
told from its answer: so whoever was caught once is asked over new connections only, for a while.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import select
from typing import Any

from aiohttp import ClientConnectionError, StreamReader, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage

from exporter.logs import fields

log = logging.getLogger(__name__)

#: Informational answers (1xx) before one answer. RFC 9110 sets no bound; aiohttp reads all that came without a pause.
MAX_INFORMATIONAL = 16

#: Seconds for which nobody is asked twice over one connection who sent what nobody had asked for.
DOUBT = 300.0

_SWITCHING_PROTOCOLS = 101

#: What servers send over idle connections in good faith: empty lines, and that they waited long enough.
_GOOD_FAITH = re.compile(rb"\s*(HTTP/1\.[01] 408 |$)")


class Connector(TCPConnector):
    """aiohttp's pool, of such connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = functools.partial(_conversation, self._loop, _Doubt(self._loop))


class _Doubt:
    """Whether the other side may be asked twice over one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._until = 0.0

    @property
    def present(self) -> bool:
        return self._loop.time() < self._until

    def arise(self, peer: str) -> None:
        if not self.present:
            log.warning(
                "an answer came that nobody asked for; connections are used once for a while",
                extra=fields(peer=peer, seconds=DOUBT),
            )
        self._until = self._loop.time() + DOUBT


class _Conversation(ResponseHandler):
    """One connection. One request has one answer, and before it a few informational ones."""

    def __init__(self, loop: asyncio.AbstractEventLoop, doubt: _Doubt) -> None:
        super().__init__(loop)
        self._doubt = doubt
        self._answer: StreamReader | None = None
        self._informational = 0
        self._requests = self._answers = 0

    @property
    def _idle(self) -> bool:
        """Whether the answer is there, to its end, and nothing was asked since."""
        return self._answer is not None and self._answer.is_eof()

    def is_connected(self) -> bool:
        """Whether it may be used; what the loop has yet to read counts as well."""
        return super().is_connected() and not (self._idle and (self._doubt.present or self._readable()))

    @property
    def should_close(self) -> bool:
        """Whether this was its last answer."""
        return super().should_close or self._doubt.present

    def set_response_params(self, **params: Any) -> None:
        """Another request is about to be sent."""
        self._answer, self._informational = None, 0
        self._requests += 1
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if not data or not self._idle:
            super().data_received(data)
        elif _GOOD_FAITH.match(data):
            self._hang_up()
        else:
            self._caught()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """A head came; its body may still be under way."""
        message, body = data
        if message.code < 200 and message.code != _SWITCHING_PROTOCOLS:
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                self.set_exception(HttpProcessingError(message=f"more than {MAX_INFORMATIONAL} informational answers"))
                self._hang_up()
                return
        else:
            self._answers += 1
            if self._answer is not None:
                self._caught()
                return
            self._answer = body
        super().feed_data(data, size)

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """The next head. Of two answers that came together either may be late, unless nothing was asked before."""
        read = await super().read()
        if self._answers > self._requests > 1:
            raise ClientConnectionError("two answers came to one request")
        return read

    def _readable(self) -> bool:
        poll = select.poll()
        assert self.transport is not None  # noqa: S101 (it is connected)
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _caught(self) -> None:
        peer = self.transport.get_extra_info("peername") if self.transport is not None else None
        self._hang_up()
        self._doubt.arise("unknown" if peer is None else f"{peer[0]}:{peer[1]}")

    def _hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


def _conversation(loop: asyncio.AbstractEventLoop, doubt: _Doubt) -> ResponseHandler:
    return _Conversation(loop, doubt)
