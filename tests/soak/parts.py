"""What is done to the exporter. Of each part so large a share is done as is asked for."""

from __future__ import annotations

import asyncio
import functools
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.connections import Limits
from exporter.demo.simulator import Simulator
from exporter.demo.site import Options
from tests import plain, simulated
from tests.processes import Exporter
from tests.soak.ground import POOL, Ground, Weight, exporting, ground, level, page, weighed
from tests.soak.report import Row
from tests.soak.week import HOURS, live
from tools.processes import until

#: A scrape's timeout, in seconds: Prometheus's default, and a short one.
TIMEOUT, SHORT = 10.0, 5.0

RATE, BURST = 10, POOL

#: Prometheus servers.
CROWD = 20


def scrapes(share: float, folder: Path) -> Iterator[Row]:
    """One Prometheus, again and again."""
    times = round(10_000 * share)
    with ground(folder) as at, exporting(at.configure(1000, ttl="10s")) as (exporter, client):
        weights = weighed(times, exporter, lambda _: page(client))
        yield from level(f"{times // 10:,}, then {times:,} scrapes of 1,000 tasks", *weights)


def crowd(share: float, folder: Path) -> Iterator[Row]:
    """Many Prometheus servers at once, and beside them clients that read slowly, or leave in the middle of a page."""
    rounds = max(2, round(20 * share))
    with ground(folder, Options(latency=0.05)) as at, exporting(at.configure(1000)) as (exporter, client):
        page(client)
        idle = Weight.of(exporter.process.pid)
        asyncio.run(_crowd(exporter, rounds))
        before = _left(exporter, idle)
        worst = asyncio.run(_crowd(exporter, rounds))
        what = f"{rounds} times {CROWD} scrapers at once, 10 slow readers, 10 that leave in the middle"
        yield Row(what, f"the slowest page took {worst:.1f} s", worst < TIMEOUT, counted=False)
        yield from level("... once, then again", before, _left(exporter, idle))


async def _crowd(exporter: Exporter, rounds: int) -> float:
    """The seconds of the slowest page of a scraper."""
    limits = httpx.Limits(max_connections=CROWD, max_keepalive_connections=CROWD)
    worst = 0.0
    async with plain.AsyncClient(base_url=exporter.url, timeout=60, limits=limits) as client:
        for _ in range(rounds):
            scraping = [_seconds(client) for _ in range(CROWD)]
            odd = [_reader(exporter, leaves=bool(number % 2)) for number in range(20)]
            took, _ = await asyncio.gather(asyncio.gather(*scraping), asyncio.gather(*odd))
            worst = max(worst, *took)
    return worst


async def _seconds(client: httpx.AsyncClient) -> float:
    began = time.monotonic()
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


async def _connect(exporter: Exporter) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = exporter.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port), limit=1 << 12)


async def _reader(exporter: Exporter, *, leaves: bool) -> None:
    """Reads some KiB of a page, one after the other; then it is gone."""
    stream, writer = await _connect(exporter)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n")
    for _ in range(3 if leaves else 50):
        await stream.read(1 << 10)
        await asyncio.sleep(0.01)
    writer.transport.abort()


def connections(share: float, folder: Path) -> Iterator[Row]:
    """So many clients that connect and ask for nothing, and one that scrapes."""
    clients = round(10_000 * share)
    with ground(folder) as at, exporting(at.configure(100)) as (exporter, client):
        page(client)
        idle = Weight.of(exporter.process.pid)
        asyncio.run(_hold(exporter, clients))
        before = _left(exporter, idle)
        held, seconds = asyncio.run(_hold(exporter, clients))
        kept = held.files - before.files
        yield Row(
            f"{clients:,} connections opened and kept open",
            f"the exporter holds {kept:,} of them, in {held.resident:.1f} MiB",
            kept <= Limits().connections,
        )
        yield Row("... a page meanwhile", f"{seconds:.1f} s", seconds < TIMEOUT, counted=False)
        yield from level("... all gone, then the same once more", before, _left(exporter, idle))


def _left(exporter: Exporter, before: Weight) -> Weight:
    """The weight when all clients have left."""
    return until(lambda: Weight.of(exporter.process.pid), lambda now: now.files <= before.files + POOL)


async def _hold(exporter: Exporter, clients: int) -> tuple[Weight, float]:
    """Open that many, and leave; the weight and the seconds for a page while they are there."""
    writers = [(await _connect(exporter))[1] for _ in range(clients)]
    async with plain.AsyncClient(base_url=exporter.url, timeout=60) as client:
        seconds = await _seconds(client)
    held = Weight.of(exporter.process.pid)
    for writer in writers:
        writer.transport.abort()
    return held, seconds


def reloads(share: float, folder: Path) -> Iterator[Row]:
    """Reloads, each of another configuration, and scrapes between them."""
    times = round(3000 * share)
    with ground(folder) as at, exporting(at.configure(100), "--web.enable-lifecycle") as (exporter, client):

        def reload(number: int) -> None:
            at.configure(100 + number % 50, pool=POOL - number % 9, ttl=f"{number % 7}s")
            answer = client.post("/-/reload")
            assert answer.status_code == 200, answer.text
            if number % 5 == 0:
                page(client)

        yield from level(f"{times // 10:,}, then {times:,} reloads", *weighed(times, exporter, reload))


def trouble(share: float, folder: Path) -> Iterator[Row]:
    """A day on which one answer of five is late, broken or throttled."""
    seconds = 600 * share
    options = Options(late=0.1, slow=2.0, broken=0.05, throttled=0.05)
    with (
        ground(folder, options) as at,
        exporting(at.configure(500, rate=RATE, pool=BURST)) as (exporter, client),
    ):
        took, weights = _scrape_for(seconds, exporter, client)
        what = f"{seconds:.0f} s at 20 % of answers late, broken or throttled, a scrape each second"
        yield Row(
            what,
            f"{len(took)} pages, the slowest in {max(took):.1f} s of {SHORT:.0f} s",
            max(took) < SHORT,
            counted=False,
        )
        over = over_the_bucket([seen.at for seen in at.bk.log])
        yield Row(
            f"... requests, of which {RATE} a second and {BURST} at once are allowed",
            f"{len(at.bk.log):,}, none too many" if not over else f"{len(at.bk.log):,}, {over} too many",
            not over,
        )
        yield from level("... after a quarter of it, then at its end", weights[len(weights) // 4], weights[-1])


def _scrape_for(seconds: float, exporter: Exporter, client: httpx.Client) -> tuple[list[float], list[Weight]]:
    """The seconds that each page took, and the weight after it."""
    took, weights, end = [], [], time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        page(client, SHORT)
        took.append(time.monotonic() - began)
        weights.append(Weight.of(exporter.process.pid))
        time.sleep(max(0.0, 1.0 - took[-1]))
    return took, weights


def over_the_bucket(moments: Sequence[float]) -> int:
    """How many requests a token bucket would not have let through; the wire may squeeze some of them together."""
    full = BURST + 5.0
    tokens, over = full, 0
    for earlier, moment in itertools.pairwise([*moments[:1], *moments]):
        tokens = min(full, tokens + max(0.0, moment - earlier) * RATE) - 1
        if tokens < 0:
            tokens, over = tokens + 1, over + 1
    return over


def flood(share: float, folder: Path) -> Iterator[Row]:
    """Answers of 60 MiB to as many requests at once as there may be."""
    answers = max(4, round(32 * share))
    bk = Simulator()
    bk.app = Starlette(routes=[Route("/{path:path}", _sixty_mib, methods=["GET", "POST"])])
    with (
        simulated.serving(bk) as url,
        exporting(Ground(folder, bk, url).configure(answers, pool=answers, timeout="2m")) as (exporter, client),
    ):
        before = Weight.of(exporter.process.pid)
        read = len(re.findall(r"^bk_task_up\{.*\} 1", page(client, 120), re.MULTILINE))
        after = Weight.of(exporter.process.pid)
        yield Row(f"{answers} answers of 60 MiB at once", f"{read} are read", read == answers, counted=False)
        peak = f"{before.resident:.0f} MiB before, {after.peak:.0f} MiB at the most"
        yield Row("... memory", peak, after.peak < 512, counted=False)


@functools.cache
def _body() -> bytes:
    return b'{"result": true, "data": {"state": "RUNNING", "children": {}, "more": "%b"}}' % (b"x" * (60 << 20))


async def _sixty_mib(request: Request) -> Response:
    """Single answers only, as a site without the bulk resource has them."""
    if request.method == "POST":
        return Response(status_code=404)
    return Response(_body(), media_type="application/json")


def week(share: float, folder: Path) -> Iterator[Row]:
    """A week in virtual time, a scrape each minute, other tasks each hour."""
    hours = max(8, round(HOURS * share))
    lived = live(hours)
    what = f"{hours} simulated hours, a scrape each minute, other tasks each hour: half of it, then all"
    yield from level(what, lived.early, lived.late)
    grown = ", ".join(f"{number} more of {name}" for name, number in lived.grown.items())
    yield Row("... objects of the exporter's own types", grown or "as many", not grown)


Part = Callable[[float, Path], Iterator[Row]]

PARTS: Mapping[str, Part] = {
    "scrapes": scrapes,
    "crowd": crowd,
    "connections": connections,
    "reloads": reloads,
    "trouble": trouble,
    "flood": flood,
    "week": week,
}
