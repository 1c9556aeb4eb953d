"""The server on a socket: clients that are slow, greedy, silent, or gone."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from exporter import server
from exporter.connections import Limits, Room
from exporter.errors import UserError
from exporter.server import Address, listen, serve, within_files

LIMITS = Limits(
    connections=50, head_bytes=4096, head_seconds=0.2, stall_seconds=0.2, idle_seconds=120, grace_seconds=0.3
)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
MEGABYTE = bytes(1 << 20)


@dataclass
class App:
    """Answers with `size` megabytes, after `gate` if there is one; its headers go out before with `early`."""

    size: int = 0
    gate: asyncio.Event | None = None
    early: bool = False
    begun: int = 0
    ended: int = 0
    gone: int = 0
    paths: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        self.paths.append(scope["path"])
        try:
            head = {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"x-client", str(scope["client"]).encode())],
            }
            if self.early:
                await send(head)
            if self.gate is not None:
                await self.gate.wait()
            if not self.early:
                await send(head)
            for _ in range(self.size):
                await send({"type": "http.response.body", "body": MEGABYTE, "more_body": True})
            await send({"type": "http.response.body", "body": b"end"})
        finally:
            self.ended += 1


@dataclass
class Served:
    port: int
    app: App
    stop: asyncio.Event
    serving: asyncio.Task[None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, raw: bytes) -> bytes:
        """Send something, and read until the server closes."""
        reader, writer = await self.connect()
        writer.write(raw)
        async with asyncio.timeout(30):
            answer = await received(reader)
        writer.close()
        return answer


async def received(reader: asyncio.StreamReader) -> bytes:
    """All until the end, however it comes."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            parts.append(part)
    return b"".join(parts)


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(30):
        return await reader.readuntil(b"end\r\n0\r\n\r\n")


async def until(satisfied: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not satisfied():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def served(app: App, limits: Limits = LIMITS) -> AsyncIterator[Served]:
    sock = listen(Address("127.0.0.1", 0))
    port, stop = sock.getsockname()[1], asyncio.Event()
    serving = asyncio.create_task(serve(app, sock, stop, limits=limits))
    try:
        yield Served(port, app, stop, serving)
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await serving


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Run a test's coroutine on either event loop."""

    def runner(main: Callable[[], Awaitable[Any]]) -> Any:
        async def wrapped() -> Any:
            return await main()

        with asyncio.Runner(loop_factory=request.param) as one:
            return one.run(wrapped())

    return runner


Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def test_a_connection_is_kept_for_the_next_request(run: Run) -> None:
    """... and requests that came in one piece are answered one after the other."""

    async def main() -> None:
        async with served(App()) as at:
            reader, writer = await at.connect()
            for raw, answers in ((GET, 1), (GET + GET, 2), (GET, 1)):
                writer.write(raw)
                for _ in range(answers):
                    assert (await answer(reader)).startswith(b"HTTP/1.1 200")
            assert at.app.ended == 4
            writer.close()

    run(main)


@pytest.mark.parametrize("first", [b"", b"GET / HT", GET[:-2], GET + b"GET"], ids=["silent", "line", "head", "second"])
def test_a_head_that_does_not_end_is_waited_for_only_so_long(run: Run, first: bytes) -> None:
    """Neither silence nor the beginning of a request holds a connection."""

    async def main() -> None:
        async with served(App()) as at:
            assert (await at.ask(first)).count(b"HTTP/1.1") == first.count(b"\r\n\r\n")

    run(main)


def test_a_head_that_comes_byte_by_byte_is_no_way_to_hold_a_connection(run: Run) -> None:
    """The time counts from the first byte, however many follow."""

    async def main() -> None:
        async with served(App()) as at:
            reader, writer = await at.connect()
            writer.write(b"GET / HTTP/1.1\r\nX: ")

            async def drip() -> None:
                while True:
                    writer.write(b"x")
                    await asyncio.sleep(0.02)

            dripping = asyncio.create_task(drip())
            async with asyncio.timeout(30):
                assert await received(reader) == b""
            dripping.cancel()
            writer.close()
            assert at.app.begun == 0

    run(main)


def test_a_head_that_is_too_large_is_refused(run: Run) -> None:
    """400, and nothing of it reaches the application."""

    async def main() -> None:
        async with served(App()) as at:
            answered = await at.ask(b"GET / HTTP/1.1\r\nX: " + b"x" * 5000)
            assert answered.startswith(b"HTTP/1.1 400")
            assert at.app.begun == 0

    run(main)


@pytest.mark.parametrize("body", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_a_body_that_nobody_asked_for_is_not_waited_for(run: Run, body: bytes) -> None:
    """The answer goes out, and the connection is dropped when no next request begins."""

    async def main() -> None:
        async with served(App()) as at:
            reader, writer = await at.connect()
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + body + b"\r\n\r\n")
            await answer(reader)
            writer.write(b"1\r\nx")
            async with asyncio.timeout(30):
                await received(reader)
            writer.close()

    run(main)


@pytest.mark.parametrize("early", [False, True])
def test_what_is_no_http_in_the_middle_of_an_answer_drops_the_connection(
    run: Run, caplog: pytest.LogCaptureFixture, early: bool
) -> None:
    """... without a traceback."""

    async def main() -> None:
        async with served(App(gate=asyncio.Event(), early=early)) as at:
            reader, writer = await at.connect()
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            await until(lambda: at.app.begun)
            writer.write(b"no chunk at all\r\n")
            async with asyncio.timeout(30):
                await received(reader)
            writer.close()
            assert at.app.gate is not None
            at.app.gate.set()

    run(main)
    assert "Traceback" not in caplog.text


def test_who_does_not_read_is_dropped_and_nothing_piles_up(run: Run) -> None:
    """Of a long answer no more is made than the client takes, and after a while it is over."""

    async def main() -> None:
        app = App(size=1000)
        async with served(app) as at:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", at.port))
            await asyncio.get_running_loop().sock_sendall(sock, GET)
            await until(lambda: app.ended)
            sock.close()

    run(main)


def test_who_reads_slowly_gets_it_all(run: Run) -> None:
    """As long as something moves, nobody is dropped."""

    async def main() -> None:
        async with served(App(size=12), replace(LIMITS, stall_seconds=5.0)) as at:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port, limit=65536)
            writer.write(GET)
            await until(lambda: at.app.begun)
            await asyncio.sleep(0.05)
            size = 0
            async with asyncio.timeout(30):
                while size < 12 << 20:
                    size += len(await reader.read(1 << 20))
            writer.close()

    run(main)


def test_who_idles_too_long_between_two_requests_is_let_go(run: Run) -> None:
    """The connection is closed in an orderly way."""

    async def main() -> None:
        async with served(App(), replace(LIMITS, idle_seconds=0.1)) as at:
            assert (await at.ask(GET)).endswith(b"end\r\n0\r\n\r\n")

    run(main)


def test_where_it_is_full_whoever_idles_longest_makes_place(run: Run) -> None:
    """10,000 idle connections cannot keep a scraper out."""

    async def main() -> None:
        async with served(App(), replace(LIMITS, connections=5, head_seconds=60)) as at:
            clients = [await at.connect() for _ in range(20)]
            reader, writer = await at.connect()
            writer.write(GET)
            await answer(reader)
            async with asyncio.timeout(30):
                for early, _ in clients[:15]:
                    assert await received(early) == b""
            for _, one in [*clients, (reader, writer)]:
                one.close()

    run(main)


def test_where_all_are_served_one_more_is_turned_away(run: Run) -> None:
    """Who is being served is not put out for a newcomer."""

    async def main() -> None:
        app = App(gate=asyncio.Event())
        async with served(app, replace(LIMITS, connections=3)) as at:
            clients = [await at.connect() for _ in range(3)]
            for _, writer in clients:
                writer.write(GET)
            await until(lambda: app.begun == 3)
            assert await at.ask(GET) == b""
            assert app.gate is not None
            app.gate.set()
            for reader, writer in clients:
                await answer(reader)
                writer.close()

    run(main)


def test_when_files_run_out_it_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, makes place, and takes the next connection."""

    async def main() -> None:
        failures = [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]
        take = server._next

        async def failing(sock: socket.socket) -> socket.socket:
            if failures:
                raise failures.pop()
            return await take(sock)

        monkeypatch.setattr(server, "_next", failing)
        async with served(App()) as at:
            assert b"HTTP/1.1 200" in await at.ask(GET[:-2] + b"Connection: close\r\n\r\n")

    with caplog.at_level(logging.WARNING, "exporter.server"):
        run(main)
    assert [record.message for record in caplog.records] == ["cannot take a connection"]


def test_at_the_end_a_request_under_way_is_finished(run: Run) -> None:
    """Who idles is closed at once."""

    async def main() -> None:
        app = App(gate=asyncio.Event())
        async with served(app, replace(LIMITS, grace_seconds=5, head_seconds=60)) as at:
            idle, idle_writer = await at.connect()
            reader, writer = await at.connect()
            writer.write(GET)
            await until(lambda: app.begun)
            at.stop.set()
            assert await received(idle) == b""
            assert app.gate is not None
            app.gate.set()
            assert (await answer(reader)).startswith(b"HTTP/1.1 200")
            async with asyncio.timeout(1):
                await at.serving
            with pytest.raises(ConnectionRefusedError):
                await at.connect()
            idle_writer.close()
            writer.close()

    run(main)


def test_at_the_end_what_takes_too_long_is_given_up(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """... without a traceback, and the server ends."""

    async def main() -> None:
        app = App(gate=asyncio.Event())
        async with served(app) as at:
            reader, writer = await at.connect()
            writer.write(GET)
            await until(lambda: app.begun)
            at.stop.set()
            async with asyncio.timeout(30):
                assert await received(reader) == b""
                await at.serving
            assert app.ended == 1
            writer.close()

    run(main)
    assert "Traceback" not in caplog.text


def test_nobody_is_believed_about_who_asks(run: Run) -> None:
    """X-Forwarded-For changes nothing, from loopback neither."""

    async def main() -> None:
        async with served(App()) as at:
            forged = GET[:-2] + b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
            assert b"203.0.113.9" not in await at.ask(forged)

    run(main)


def test_an_accepting_that_breaks_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug does not leave a server that only looks alive."""

    async def main() -> None:
        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(server.Server, "accept", broken)
        with pytest.raises(ZeroDivisionError):
            await serve(App(), listen(Address("127.0.0.1", 0)), asyncio.Event())

    run(main)


def test_connections_leave_files_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are fewer places than open files."""
    monkeypatch.setattr(server, "raise_file_limit", lambda: 300)
    assert within_files(Limits()).connections == 44
    monkeypatch.setattr(server, "raise_file_limit", lambda: 10)
    assert within_files(Limits()).connections == 1


def test_the_limit_of_files_is_raised_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """... and taken as it is where it is not."""
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr("resource.setrlimit", lambda _, limits: seen.append(limits))
    assert server.raise_file_limit() == 4096
    assert seen == [(4096, 4096)]
    monkeypatch.setattr("resource.setrlimit", lambda *_: (_ for _ in ()).throw(OSError()))
    assert server.raise_file_limit() == 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":9840", Address("", 9840)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("[::1]:9840", Address("::1", 9840)),
        ("localhost:80", Address("localhost", 80)),
    ],
)
def test_listen_addresses(text: str, expected: Address) -> None:
    """As Prometheus' own flag takes them; they are told as they were written."""
    assert Address.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "9840", "::1:9840", "127.0.0.1", "a:b", ":70000", "[::1]", "http://x:1"])
def test_what_is_no_listen_address(text: str) -> None:
    """It is refused with an example."""
    with pytest.raises(UserError, match="write HOST:PORT, such as"):
        Address.parse(text)


def test_an_address_in_use() -> None:
    """One line, that names it once."""
    with listen(Address("127.0.0.1", 0)) as sock:
        address = Address.of(sock)
        with pytest.raises(UserError) as refused:
            listen(address)
    assert str(refused.value) == f"cannot listen on {address}: Address already in use"


def test_it_listens_on_every_interface() -> None:
    """An empty host is every address of both families, where there are two."""
    with listen(Address("", 0)) as sock, socket.create_connection(("127.0.0.1", sock.getsockname()[1])):
        pass


def test_an_empty_room_has_nobody_to_put_out() -> None:
    """Then it cannot make place."""
    assert not Room(0).admits()


def test_of_guests_that_idle_as_long_the_first_goes() -> None:
    """Clocks are coarse: many connections come in the same moment."""
    gone: list[int] = []

    class Idler:
        idle_since: float | None = 1.0

        def __init__(self, number: int) -> None:
            self.abort = lambda: gone.append(number)

    room = Room(100)
    for number in range(100):
        room.enter(Idler(number))
    for _ in range(50):
        room.make_place()
    assert gone == list(range(50))
