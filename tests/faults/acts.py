"""What a link can do to an answer, and how a fault is made to happen and to end."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults.link import ALERT, Act, Answer, Asked, Wire, every_request, honest
from tests.faults.stage import Stage

#: Makes a fault happen for as long as the block lasts.
Do = Callable[[Stage], AbstractContextManager[None]]

Make = Callable[[Answer], bytes]


def misbehaving(system: str, act: Act, hits: Callable[[Asked], bool] = every_request, *, reload: bool = False) -> Do:
    """Some answers of one system go wrong; `reload` lets the exporter forget at the end what it has learnt from it."""

    @contextmanager
    def do(stage: Stage) -> Iterator[None]:
        stage.links[system].begin(act, hits)
        yield
        stage.links[system].begin()
        if reload:
            stage.reload()

    return do


def framed(make: Make, *, then: str = "keep") -> Act:
    """Bytes made from the answer go over the wire in its place; then the connection is kept, closed, reset or hangs."""

    async def act(wire: Wire, answer: Answer, _: Asked) -> None:
        await wire.send(make(answer))
        match then:
            case "close":
                await wire.close()
            case "reset":
                wire.reset()
            case "hang":
                await wire.hang()

    return act


def and_then(make: Make) -> Act:
    """The answer as it should be, and a moment later bytes that nobody asked for."""

    async def act(wire: Wire, answer: Answer, _: Asked) -> None:
        await wire.send(answer.whole())
        await asyncio.sleep(0.01)
        await wire.send(make(answer))

    return act


def endlessly(make: Make, *, after: Make = lambda _: b"") -> Act:
    """The same bytes again and again, until the other side hangs up."""

    async def act(wire: Wire, answer: Answer, _: Asked) -> None:
        await wire.send(after(answer))
        many = make(answer) * 10_000
        while True:
            await wire.send(many)

    return act


def raw(data: bytes, *, then: str = "keep") -> Act:
    """These bytes in place of the answer."""
    return framed(lambda _: data, then=then)


def bare(status: int, *headers: str) -> Act:
    """An answer of nothing but a head."""
    return raw("".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} Whatever", *headers, "")).encode())


def elsewhere(status: int) -> Act:
    """A redirect to a host that the configuration does not name."""
    return bare(status, "Location: http://127.0.0.1:9/login/", "Content-Length: 0")


def body(make: Callable[[bytes], bytes], *headers: str, status: int = 200) -> Act:
    """The answer with another body."""

    def frame(answer: Answer) -> bytes:
        made = make(answer.body)
        return Answer(status, answer.headers, made).head(*headers) + made

    return framed(frame)


def chunked(answer: Answer, chunks: bytes) -> bytes:
    """The answer in chunks, as they are."""
    return answer.head("Transfer-Encoding: chunked", length=-1) + chunks


async def drip(wire: Wire, answer: Answer, _: Asked) -> None:
    """The answer byte by byte."""
    await wire.drip(answer.whole(), 0.1)


async def drip_body(wire: Wire, answer: Answer, _: Asked) -> None:
    """The head at once, the body byte by byte."""
    await wire.send(answer.head())
    await wire.drip(answer.body, 0.1)


def at_first(act: Act) -> Act:
    """Only the first answer goes wrong."""

    async def first(wire: Wire, answer: Answer, asked: Asked) -> None:
        await (act if asked.number == 1 else honest)(wire, answer, asked)

    return first


def every(share: int, act: Act) -> Act:
    """Each so many-th answer goes wrong."""

    async def flapping(wire: Wire, answer: Answer, asked: Asked) -> None:
        await (honest if asked.number % share else act)(wire, answer, asked)

    return flapping


# --- bodies ----------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """A gibibyte of spaces within JSON, in a megabyte of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b'{"result": true, "data": "') + packer.flush(zlib.Z_FULL_FLUSH)
    spaces = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + spaces * 1024


def deep() -> bytes:
    """Nodes within nodes."""
    return b'{"result": true, "data": ' + b'{"children": {"n": ' * 100_000 + b"1" + b"}}" * 100_000 + b"}"


def wide() -> bytes:
    """A million nodes beside each other."""
    nodes = ",".join(f'"n{number}":{{"state":"FINISHED"}}' for number in range(1_000_000))
    return f'{{"result":true,"data":{{"state":"RUNNING","children":{{{nodes}}}}}}}'.encode()


def many() -> bytes:
    """As many nodes as are still read."""
    nodes = ",".join(f'"n{number}":{{"state":"FINISHED","name":"a node"}}' for number in range(100_000))
    return f'{{"result":true,"data":{{"state":"RUNNING","children":{{{nodes}}}}}}}'.encode()


def large() -> bytes:
    """More than is read of any answer."""
    return b'{"result": true, "data": "' + b"x" * (70 << 20) + b'"}'


# --- connections -----------------------------------------------------------------------------------------------------


@contextmanager
def refused(stage: Stage) -> Iterator[None]:
    """Nothing listens for BKFlow."""
    stage.run(stage.links["bkflow"].cut())
    yield
    stage.run(stage.links["bkflow"].listen())


async def reset(wire: Wire) -> None:
    """End a connection at once."""
    wire.reset()


async def hang(wire: Wire) -> None:
    """Say nothing to whoever came."""
    await wire.hang()


def greeting(greet: Callable[[Wire], Awaitable[object]]) -> Do:
    """Something happens to new connections of BKFlow; the old ones are dropped."""

    @contextmanager
    def do(stage: Stage) -> Iterator[None]:
        link = stage.links["bkflow"]
        link.greet = greet
        stage.run(link.drop())
        yield
        link.greet = None
        stage.run(link.drop())

    return do


@contextmanager
def idle_closed(stage: Stage) -> Iterator[None]:
    """All idle connections were closed in good order."""
    for link in stage.links.values():
        stage.run(link.close_idle())
    yield


@contextmanager
def idle_reset(stage: Stage) -> Iterator[None]:
    """All idle connections were reset."""
    for link in stage.links.values():
        stage.run(link.drop())
    yield


@contextmanager
def idle_alerted(stage: Stage) -> Iterator[None]:
    """All idle connections of gsekit ended with an alert."""
    stage.run(stage.links["gsekit"].alert_idle())
    yield


async def alert(wire: Wire, _: Answer, __: Asked) -> None:
    """An alert of TLS in place of an answer."""
    wire.beneath(ALERT)
    await wire.close()


async def early(wire: Wire) -> None:
    """An answer to whoever comes, before anything was asked."""
    await wire.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await wire.close()


def reached_at(url: str) -> Do:
    """The configuration names another address of BKFlow."""

    @contextmanager
    def do(stage: Stage) -> Iterator[None]:
        stage.configure(bkflow_url=url)
        stage.reload()
        yield
        stage.configure()
        stage.reload()

    return do


def clock_stepped(seconds: float) -> Do:
    """The exporter's wall clock jumps, and jumps back at the end."""

    @contextmanager
    def do(stage: Stage) -> Iterator[None]:
        stage.step_clock(seconds)
        yield
        stage.step_clock(0)

    return do
