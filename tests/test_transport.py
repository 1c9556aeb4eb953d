"""The wire itself: a real server on loopback that answers well, badly, and not at all."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import trustme

from exporter.gateway import Gateway
from exporter.systems.base import Request
from exporter.transport import AiohttpTransport
from tests.support import Meter, system_config

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def exchange(serve: Serve, *, times: int = 1, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None) -> list[Any]:
    """What some requests, one after the other, brought: (status, body), or the error's class."""

    async def main() -> list[Any]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls[0] if tls else None)
        port = server.sockets[0].getsockname()[1]
        transport = AiohttpTransport(max_connections=2, tls=tls[1] if tls else None)
        seen: list[Any] = []
        for _ in range(times):
            request = httpx.Request("GET", f"http{'s' if tls else ''}://127.0.0.1:{port}/x", headers={"X-Ours": "1"})
            try:
                response = await transport.handle_async_request(request)
                try:
                    seen.append((response.status_code, await response.aread()))
                finally:
                    await response.aclose()
            except httpx.RequestError as error:
                seen.append(error)
        await transport.aclose()
        server.close()
        return seen

    return asyncio.run(main())


def answering(raw: bytes, *, hang_up: bool = False) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(raw)
                await writer.drain()
                if hang_up:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    return serve


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_answers_come_over_one_kept_connection():
    """... and a cookie of one is not sent with the next."""
    peers = set()
    heads = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.add(writer.get_extra_info("peername"))
        while not reader.at_eof():
            try:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
            except asyncio.IncompleteReadError:
                break
            writer.write(answer(b"{}", b"Set-Cookie: session=1; Path=/"))
        writer.close()

    assert exchange(serve, times=3) == [(200, b"{}")] * 3
    assert len(peers) == 1
    assert all(b"x-ours: 1" in head.lower() and b"cookie" not in head.lower() for head in heads)


def test_redirects_are_not_followed():
    """The caller sees them."""
    moved = answer(b"", b"Location: http://127.0.0.1:1/elsewhere", status=b"302 Found")
    assert exchange(answering(moved)) == [(302, b"")]


def test_a_connection_that_was_closed_under_us_is_opened_anew():
    """The server may end an idle connection whenever it likes: at worst the gateway tries once more."""

    async def main() -> list[bytes]:
        server = await asyncio.start_server(
            answering(answer(b'{"result": true, "data": 1}'), hang_up=True), "127.0.0.1", 0
        )
        config = system_config(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        gateway = Gateway(config, AiohttpTransport(max_connections=2), Meter())
        answers = [await gateway.ask(Request("x", "GET", "/x/")) for _ in range(3)]
        await gateway.aclose()
        server.close()
        return answers

    assert asyncio.run(main()) == [b"1"] * 3


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nConte", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", httpx.ReadError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", httpx.RemoteProtocolError),
        (b"this is no HTTP\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
def test_broken_answers_are_errors_of_httpx(raw: bytes, kind: type[Exception]):
    """Nothing of the library below leaves the transport."""
    assert isinstance(exchange(answering(raw, hang_up=True))[0], kind)


def test_a_request_is_sent_once():
    """Whether to try again is decided, and counted, elsewhere."""
    asked = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    assert isinstance(exchange(serve)[0], httpx.ReadError)
    assert len(asked) == 1


def test_what_a_parser_shows_of_an_answer_is_left_out():
    """One line for people, without the bytes of the answer."""
    error = exchange(answering(b"SSH-2.0-OpenSSH\r\n", hang_up=True))[0]
    assert str(error) == "the answer is no HTTP: Bad status line"


def test_nobody_listening_is_a_connection_error():
    """A port that was just freed."""

    async def main() -> None:
        server = await asyncio.start_server(answering(b""), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        transport = AiohttpTransport(max_connections=1)
        with pytest.raises(httpx.ConnectError, match=rf"^cannot connect to 127\.0\.0\.1:{port}: Connection refused$"):
            await transport.handle_async_request(httpx.Request("GET", f"http://127.0.0.1:{port}/"))
        await transport.aclose()

    asyncio.run(main())


def contexts(*, trusted: bool, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(server)
    client = ssl.create_default_context()
    if trusted:
        authority.configure_trust(client)
    return server, client


def test_tls_to_a_trusted_authority():
    """The configured one."""
    assert exchange(answering(answer(b"{}")), tls=contexts(trusted=True)) == [(200, b"{}")]


@pytest.mark.parametrize("tls", [{"trusted": False}, {"trusted": True, "host": "other.test"}])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_that_does_not_fit_says_so(tls: dict[str, Any]):
    """Its cause stays an SSL error, by which the reason is told."""
    error = exchange(answering(answer(b"{}")), tls=contexts(**tls))[0]
    assert isinstance(error, httpx.ConnectError)
    assert isinstance(error.__cause__, ssl.SSLError)


def test_a_cancelled_request_does_not_spoil_the_connection_for_the_next():
    """What was read half is never used again."""
    slow = [True]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            if slow[0]:
                slow[0] = False
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                await writer.drain()
                await reader.read()
                break
            writer.write(answer(b'"whole"'))
        writer.close()

    async def main() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        transport = AiohttpTransport(max_connections=1)
        response = await transport.handle_async_request(httpx.Request("GET", url))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await response.aread()
        await response.aclose()
        body = await (await transport.handle_async_request(httpx.Request("GET", url))).aread()
        await transport.aclose()
        server.close()
        return body

    assert asyncio.run(main()) == b'"whole"'


class Repeating:
    """A server that answers each path with itself; `after` comes after its first answer, or `later`, once that was read."""

    def __init__(self, after: Callable[[bytes], bytes], *, later: bool) -> None:
        self._after = after
        self._later = later
        self._read, self._written = asyncio.Event(), asyncio.Event()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                raw = answer(head.split()[1])
                if self._written.is_set():
                    writer.write(raw)
                elif self._later:
                    writer.write(raw)
                    await self._read.wait()
                    writer.write(self._after(raw))
                else:
                    writer.write(raw + self._after(raw))
                self._written.set()
        writer.close()

    async def ask(self, *paths: str, noticed: bool = False) -> list[str]:
        """What these requests brought, one after the other; the second one once the first connection has ended."""
        serving: list[asyncio.Task[None]] = []
        server = await asyncio.start_server(
            lambda *ends: serving.append(asyncio.create_task(self.serve(*ends))), "127.0.0.1", 0
        )
        transport = AiohttpTransport(max_connections=1)
        brought = []
        for path in paths:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"
            response = await transport.handle_async_request(httpx.Request("GET", url))
            brought.append((await response.aread()).decode())
            await response.aclose()
            self._read.set()
            await self._written.wait()
            if noticed:
                await serving[0]
        await transport.aclose()
        await asyncio.gather(*serving)
        server.close()
        return brought


PATHS = ["/1", "/2", "/3", "/4"]
ONCE_MORE: Callable[[bytes], bytes] = lambda raw: raw  # noqa: E731
HALF: Callable[[bytes], bytes] = lambda raw: raw[:20]  # noqa: E731


@pytest.mark.parametrize(("after", "later"), [(ONCE_MORE, False), (ONCE_MORE, True), (HALF, True)])
def test_an_answer_too_many_is_nobody_elses(
    after: Callable[[bytes], bytes], later: bool, caplog: pytest.LogCaptureFixture
):
    """What comes unasked ends the connection, and for a while no other one is used twice; the log says so once."""

    async def main() -> tuple[list[str], int]:
        repeating = Repeating(after, later=later)
        return await repeating.ask(*PATHS, noticed=True), repeating.connections

    assert asyncio.run(main()) == (PATHS, 4)
    assert [record.message for record in caplog.records] == [
        "an answer came that nobody asked for; connections are used once for a while"
    ]


@pytest.mark.parametrize("after", [ONCE_MORE, HALF])
def test_what_the_loop_has_yet_to_read_is_seen(after: Callable[[bytes], bytes]):
    """A connection is not used again on which something waits."""
    assert asyncio.run(Repeating(after, later=True).ask(*PATHS)) == PATHS


def test_of_two_answers_together_neither_is_taken():
    """The first may be that to the request before, which came late. Only over a new connection it cannot."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
            for late in (b"", answer(b"1")):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(late + answer(b"2" if late else b"1"))

    seen = exchange(serve, times=3)
    assert (seen[0], str(seen[1]), seen[2]) == ((200, b"1"), "two answers came to one request", (200, b"1"))


@pytest.mark.parametrize("said", [b"\r\n", b"HTTP/1.0 408 Request Time-out\r\n"])
def test_a_server_that_waited_long_enough_is_in_good_faith(said: bytes, caplog: pytest.LogCaptureFixture):
    """That connection ends, and the next one is used as often as it can be."""

    async def main() -> tuple[list[str], int]:
        repeating = Repeating(lambda _: said, later=True)
        return await repeating.ask(*PATHS, noticed=True), repeating.connections

    assert asyncio.run(main()) == (PATHS, 2)
    assert not caplog.records


def test_no_end_of_informational_answers_is_malformed():
    """A few are read over; a flood of them would keep everybody else waiting."""
    on = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert exchange(answering(on * 16 + answer(b"{}"), hang_up=True)) == [(200, b"{}")]
    (error,) = exchange(answering(on * 17, hang_up=True))
    assert isinstance(error, httpx.RemoteProtocolError)
    assert str(error) == "the answer is no HTTP: more than 16 informational answers"
