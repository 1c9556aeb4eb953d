"""The only module that talks to BlueKing: one request in, the raw data of its answer out, or a TaskError.

Everything about one system's wire is here: credentials, timeout, limits, the one retry. What to ask and what an
answer means is decided elsewhere, without I/O.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import functools
import logging
import math
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx
import msgspec

from exporter.aside import aside
from exporter.config import Credentials, SystemConfig
from exporter.envelope import Reply, data_of, one_line
from exporter.errors import Reason, TaskError, UserError
from exporter.logs import fields
from exporter.masking import Masker
from exporter.memory import Hold, Memory
from exporter.politeness import Breaker, Bucket
from exporter.systems.base import Request
from exporter.unpack import Body

log = logging.getLogger(__name__)

#: What may be tried once more: it may pass, and BlueKing has not decided anything.
_RETRIED = frozenset({Reason.CONNECT, Reason.SERVER})

#: What a request is cancelled with that nobody needs any more, and that has failed nobody.
NOT_NEEDED = "not needed any more"

#: Seconds within which probes, each a page of its own, count as one page.
CROWD = 10.0

#: Where credentials stand: ESB would take them in the query as well, where logs would show them.
AUTHORIZATION = "X-Bkapi-Authorization"

_USER_AGENT = "bk-task-exporter"


class RequestMeter(Protocol):
    """What the gateway reports of its own doings; telemetry counts it."""

    def requested(self, system: str, operation: str, seconds: float, failure: Reason | None = None) -> None:
        """One request was sent and answered, or failed."""
        ...

    def failed(self, system: str, operation: str, reason: Reason) -> None:
        """A request that had counted as answered brought nothing that can be used."""
        ...

    def retried(self, system: str) -> None:
        """A request is sent a second time."""
        ...

    def throttled(self, system: str, seconds: float) -> None:
        """A request waited for the limit."""
        ...


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time as an argument: `wall` is seconds since the epoch, `steady` never steps."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Contact:
    """One request that is over: when (seconds since the epoch), how long it took, and its error if it has one."""

    when: float
    seconds: float
    operation: str
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits for one answer, in seconds from sending its request: `most` at all, `some` gladly.

    After `some` the answer is `late`, and whoever waits for that may do something else meanwhile.
    """

    most: float = math.inf
    some: float = math.inf
    late: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


_AS_CONFIGURED = Patience()


class Gateway:
    """One system's API. Requests share its connections, its limits and its breaker."""

    def __init__(
        self,
        config: SystemConfig,
        transport: httpx.AsyncBaseTransport,
        meter: RequestMeter,
        *,
        masker: Masker | None = None,
        clocks: Clocks = Clocks(),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self._masker = masker or Masker([config])  # one for all systems, where there are others
        self._transport = transport
        self._meter = meter
        self._clocks = clocks
        self._jitter = jitter
        self._bucket = Bucket(config.requests_per_second, config.max_connections, clocks.steady)
        self._slots = asyncio.Semaphore(config.max_connections)
        self._breaker = Breaker(clocks.steady)
        self._memory = Memory()
        self._page_began = -math.inf
        self._credentials: Credentials = config.credentials
        self._authorization = ""
        self._authorize()
        #: The last request that BlueKing answered well, and the last one that failed, for whoever looks.
        self.last_good: Contact | None = None
        self.last_bad: Contact | None = None
        #: Why the files of the credentials cannot be read now; the values read before stay in use.
        self.credentials_problem: str | None = None

    def succeed(self, old: Gateway) -> None:
        """Go on where the gateway of the configuration before is: what BlueKing allows does not begin anew with ours.

        Where the address is another, or a limit, or who we are, its past is none of ours.
        """
        ours, theirs = self.config, old.config
        if (ours.url, ours.site) != (theirs.url, theirs.site):
            return
        self.last_good, self.last_bad = old.last_good, old.last_bad
        if (ours.requests_per_second, ours.max_connections) == (theirs.requests_per_second, theirs.max_connections):
            self._bucket, self._slots = old._bucket, old._slots
        if self._authorization == old._authorization:
            self._breaker = old._breaker

    def begin_page(self) -> None:
        """A new page: what refused the one before may be tried again, with secrets as they now stand in their files."""
        self._page_began = self._clocks.steady()
        self._refresh()
        self._breaker.begin_page()

    def begin_probe(self) -> None:
        """A page of one task. Such pages come in crowds, and a crowd is one page to whoever refuses us."""
        if self._clocks.steady() - self._page_began >= CROWD:
            self.begin_page()

    def witnessed(self, watch: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]) -> Gateway:
        """The same gateway, with the same limits, for requests that somebody looks at. It is not to be closed."""
        twin = copy.copy(self)
        twin._transport = watch(self._transport)  # noqa: SLF001 (a Gateway)
        return twin

    def at(self, url: str) -> Gateway:
        """The same gateway, with the same limits, below another address. It is not to be closed."""
        twin = copy.copy(self)
        twin.config = dataclasses.replace(self.config, url=url)
        return twin

    def _refresh(self, *, force: bool = False) -> None:
        """Read secrets again; a file that cannot be read leaves the old ones in use, and is said."""
        try:
            if self._credentials.refresh(force=force):
                self._masker.refresh()
            self._authorize()
            problem = None
        except UserError as error:
            problem = str(error)
        if problem and problem != self.credentials_problem:
            log.warning("credentials cannot be read again", extra=fields(system=self.config.name, cause=problem))
        elif self.credentials_problem and not problem:
            log.info("credentials can be read again", extra=fields(system=self.config.name))
        self.credentials_problem = problem

    def _authorize(self) -> None:
        """Make the headers of all requests to come: parsing them for each one costs more than sending it."""
        if self._authorization == (header := self._credentials.header()):
            return
        self._authorization = header
        self._headers = httpx.Headers(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": _USER_AGENT,
                AUTHORIZATION: self._authorization,
            },
        )
        self._headers_of_json = self._headers.copy()
        self._headers_of_json["Content-Type"] = "application/json"

    def capacity(self, seconds: float) -> int:
        """How many requests the limit allows within that time."""
        return self._bucket.within(seconds)

    async def ask(self, request: Request) -> bytes:
        """The raw JSON of the answer's `data`; raises TaskError. The caller's deadline cancels it."""
        async with self.answer(request) as data:
            return data

    @asynccontextmanager
    async def answer(self, request: Request, patience: Patience = _AS_CONFIGURED) -> AsyncIterator[bytes]:
        """The same, for callers that ask for much: what they look at within this counts as memory in use.

        `patience` is for callers that have less of it than the configuration.
        """
        with self._memory.hold() as hold:
            async with self._slots, self._breaker.admission():
                try:
                    data = await self._ask_twice(request, patience, hold)
                except TaskError as error:
                    self._breaker.refused(error)
                    raise
                self._breaker.answered()
            try:
                yield data
            except TaskError as error:
                self.unread(request.operation, error.reason)
                raise

    def unread(self, operation: str, reason: Reason) -> None:
        """Count an answer that BlueKing called good, and that was none to whoever asked."""
        self._meter.failed(self.config.name, operation, reason)

    async def _ask_twice(self, request: Request, patience: Patience, hold: Hold) -> bytes:
        sent = self._authorization
        try:
            return await self._ask_once(request, patience, hold)
        except TaskError as error:
            if not self._worth_a_retry(request, error, sent):
                raise
            await asyncio.sleep(0.05 + 0.2 * self._jitter())
        self._meter.retried(self.config.name)
        return await self._ask_once(request, patience, hold)

    def _worth_a_retry(self, request: Request, error: TaskError, sent: str) -> bool:
        if error.reason is Reason.AUTH and error.explicit:
            self._refresh(force=True)
            return self._authorization != sent  # the secret was rotated under us
        return request.idempotent and error.reason in _RETRIED and not error.settled

    async def _ask_once(self, request: Request, patience: Patience, hold: Hold) -> bytes:
        waited = await self._bucket.take()
        if waited > 0:
            self._meter.throttled(self.config.name, waited)
        began = self._clocks.steady()
        failure: TaskError | None = TaskError(Reason.TIMEOUT, "no answer before the page's deadline")  # if cancelled
        needed = True
        try:
            reply = await self._send(request, patience, hold)
            data = await aside(len(reply.body), lambda: data_of(self._masked(reply)))
            failure = None
        except TaskError as error:
            failure = error
            raise
        except asyncio.CancelledError as cancelled:
            needed = NOT_NEEDED not in cancelled.args
            raise
        finally:
            seconds, reason = self._clocks.steady() - began, failure.reason if failure and needed else None
            self._meter.requested(self.config.name, request.operation, seconds, reason)
            if needed:
                self._note(Contact(self._clocks.wall(), seconds, request.operation, failure))
        return data

    def _note(self, contact: Contact) -> None:
        if contact.error is None:
            self.last_good = contact
        else:
            self.last_bad = contact

    async def _send(self, request: Request, patience: Patience, hold: Hold) -> Reply:
        seconds = min(patience.most, self.config.timeout)
        timer = (
            asyncio.get_running_loop().call_later(patience.some, patience.late.set) if patience.some < seconds else None
        )
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(self._compose(request), hold)
        except TimeoutError:
            raise TaskError(Reason.TIMEOUT, f"no whole answer within {seconds:.3g}s") from None
        except httpx.TransportError as error:
            raise _wire_error(error, self._masker) from None
        finally:
            if timer is not None:
                timer.cancel()

    def _compose(self, request: Request) -> httpx.Request:
        """A request with all that it needs, so that httpx need not look through its headers for what is missing."""
        url = _url(self.config.url + request.path, tuple(request.query.items()))
        if request.body is None:
            return httpx.Request(request.method, url, headers=self._headers, stream=httpx.ByteStream(b""))
        body = httpx.ByteStream(msgspec.json.encode(request.body))
        return httpx.Request(request.method, url, headers=self._headers_of_json, stream=body)

    async def _exchange(self, request: httpx.Request, hold: Hold) -> Reply:
        response = await self._transport.handle_async_request(request)
        response.headers.encoding = "latin-1"  # httpx would try others first, at each look
        try:
            body = await _read(response, hold)
        except httpx.TransportError as error:
            raise _wire_error(error, self._masker, begun=True) from None
        finally:
            await response.aclose()
        return Reply(response.status_code, self._masker.headers(response.headers), body, self._masker.text)

    def _masked(self, reply: Reply) -> Reply:
        """BlueKing may echo what we sent: here it is hidden, before anything is cut, kept or shown."""
        return dataclasses.replace(reply, body=self._masker.body(reply.body))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


@functools.lru_cache(maxsize=1 << 13)
def _url(base: str, query: tuple[tuple[str, str | int], ...]) -> httpx.URL:
    """Parsed once for each task: a third of what a request costs."""
    return httpx.URL(base, params=dict(query)) if query else httpx.URL(base)


async def _read(response: httpx.Response, hold: Hold) -> bytes:
    body = Body(response.headers.get("content-encoding", ""))
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 (an async transport makes no other)
    async for chunk in response.stream:
        for size in body.feed(chunk):
            await hold.grow(size)
    return body.end()


def _wire_error(error: httpx.TransportError, masker: Masker, *, begun: bool = False) -> TaskError:
    said = one_line(masker.text(str(error))) or type(error).__name__
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return TaskError(Reason.TLS, f"TLS: {said}")
    if isinstance(error, httpx.TimeoutException):
        return TaskError(Reason.TIMEOUT, said)
    if isinstance(error, httpx.RemoteProtocolError):
        return TaskError(Reason.MALFORMED, said)
    return TaskError(Reason.CONNECT, said, begun=begun)


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain
