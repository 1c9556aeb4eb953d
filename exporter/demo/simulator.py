"""The simulated BlueKing as an ASGI application: on a socket for anybody, or in-process through httpx.ASGITransport."""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from exporter.demo import operations, trouble
from exporter.demo.desk import Asked, Desk
from exporter.demo.site import Options, Reply, Site
from exporter.demo.world import SYSTEMS, Population, World

LOG_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that was answered, or is being ignored. `at` is the simulator's clock; `status` 0: never answered."""

    at: float
    method: str
    path: str
    query: str
    system: str
    operation: str
    route: str
    status: int


class Simulator:
    """A world, an installation of four systems over it, and its ASGI application `app`.

    `requests` counts by (system, operation), `log` keeps the latest requests, `peak` is the most at the same time.
    Same seed, epoch, clock and interventions: same tasks, states and times.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        epoch: float | None = None,
        population: Population | None = None,
        options: Options | None = None,
    ) -> None:
        self.world = World(seed=seed, speed=speed, clock=clock, epoch=epoch, population=population or Population())
        self.site = Site(self.world, options or Options(), trouble.SPECIALS)
        self.desk = Desk(self.site)
        self.requests: Counter[tuple[str, str]] = Counter()
        self.log: deque[Seen] = deque(maxlen=LOG_LENGTH)
        self.in_flight = self.peak = 0
        self.app = Starlette(routes=[Mount("/", app=self._serve)])

    @property
    def options(self) -> Options:
        """How the installation behaves now."""
        return self.site.options

    def configure(self, **changes: Any) -> None:
        """Change options while the simulator runs: `configure(latency=0.05)`."""
        self.site.options = replace(self.site.options, **changes)

    def misbehave(
        self, system: str, word: str | None, *, task: int | None = None, operation: str | None = None
    ) -> None:
        """Give a system, or one task or operation of it, a trouble by its word in `trouble.TROUBLE`; None ends it."""
        if system not in SYSTEMS:
            raise ValueError(f"no system {system!r}: {', '.join(SYSTEMS)}")
        if word is not None and word not in trouble.MAKERS:
            raise ValueError(f"no trouble {word!r}: {', '.join(sorted(trouble.MAKERS))}")
        if task is not None:
            self.site.tasks[system, task] = word or ""
        elif operation is not None:
            self.site.operations[system, operation] = word or ""
        else:
            self.site.systems[system] = word or ""

    def forget_requests(self) -> None:
        """Start counting anew."""
        self.requests.clear()
        self.log.clear()
        self.peak = self.in_flight

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            reply = await self._reply(request)
            await self._wait(reply, request)
            if reply.wait < math.inf:
                await _written(reply)(scope, receive, send)
        finally:
            self.in_flight -= 1

    async def _reply(self, request: Request) -> Reply:
        body = await request.body() if request.method == "POST" else b""
        path, query = request.url.path, request.scope["query_string"].decode("latin-1")
        asked = Asked(request.method, path, query, request.headers.get("x-bkapi-authorization"), body)
        found = operations.match(asked.method, path)
        reply = self.desk.answer(asked, found)
        system, name = (found.operation.system, found.operation.name) if found else ("", "")
        self.requests[system, name] += 1
        status = reply.status if reply.wait < math.inf else 0
        route = operations.route_of(path)
        self.log.append(Seen(self.world.now(), asked.method, path, query, system, name, route, status))
        return reply

    async def _wait(self, reply: Reply, request: Request) -> None:
        seconds = self.options.latency + reply.wait
        if seconds == math.inf:
            while (await request.receive())["type"] != "http.disconnect":
                pass
        elif seconds:
            await asyncio.sleep(seconds)


def _written(reply: Reply) -> Response:
    body = msgspec.json.encode(reply.value) if reply.raw is None else reply.raw
    return Response(body, reply.status, dict(reply.headers), reply.media)
