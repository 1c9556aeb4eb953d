"""Small stand-ins for tests: a configured system, a BlueKing that is a function, a meter that remembers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from exporter.asker import Asker
from exporter.collector import Collector
from exporter.config import Credentials, Secret, Setting, SystemConfig, Tls
from exporter.errors import Reason
from exporter.gateway import Clocks, Gateway
from exporter.keeper import Keeper, Keeping
from exporter.model import Identity, Task
from exporter.store import Store
from exporter.systems import SYSTEMS
from exporter.systems.base import Nodes, Site, TaskParams
from exporter.targets import Target
from tests.virtual_time import Clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECRET = "canary-of-a-secret"

Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


def params(system: str, **values: object) -> TaskParams:
    return msgspec.convert(values, SYSTEMS[system].Params)


def sops(task_id: int, **values: object) -> Target:
    return Target.of(params("sops", **{"bk_biz_id": 2, "task_id": task_id, **values}))


def nodeman(job_id: int) -> Target:
    return Target.of(params("nodeman", bk_biz_id=2, job_id=job_id))


def system_config(name: str = "sops", **values: Any) -> SystemConfig:
    route = next(iter(SYSTEMS[name].ROUTES))
    defaults: dict[str, Any] = {
        "name": name,
        "url": f"http://{name}.test",
        "site": Site(route, SYSTEMS[name].ROUTES[route][0]),
        "credentials": Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret(SECRET)),
        "timeout": 10.0,
        "max_connections": 8,
        "requests_per_second": 1000.0,
        "tls": Tls(),
        "proxy_url": None,
    }
    return SystemConfig(**(defaults | values))


def good(data: object) -> httpx.Response:
    return httpx.Response(200, json={"result": True, "data": data, "code": 0, "message": ""})


def refusal(
    code: object, message: str = "no", status: int = 200, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"result": False, "data": None, "code": code, "message": message}
    return httpx.Response(status, json=body, headers=headers)


def tree(state: str = "RUNNING", **values: object) -> dict[str, object]:
    return {"id": "n1", "state": state, "children": {}, "start_time": "2026-11-22 08:00:00 +0800", **values}


class BlueKing(httpx.AsyncBaseTransport):
    """Answers by a function and remembers what it was asked."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.asked: list[httpx.Request] = []
        self.cancelled = 0
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        try:
            answer = self._handler(request)
            return answer if isinstance(answer, httpx.Response) else await answer
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def aclose(self) -> None:
        self.closed = True

    @property
    def operations(self) -> Counter[str]:
        return Counter("bulk" if request.method == "POST" else "single" for request in self.asked)


def sops_site(
    answer: Callable[[int], httpx.Response | dict[str, object] | None], *, latency: float = 0.0, bulk: bool = True
) -> BlueKing:
    """A gateway of bk-sops: `answer(task_id)` is a tree, None for an unknown task, or a response that is an error."""

    async def handle(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(latency)
        if request.method == "GET":
            told = answer(int(request.url.path.split("/")[2]))
            return told if isinstance(told, httpx.Response) else refusal(3540400) if told is None else good(told)
        if not bulk:
            return refusal(1640401, status=404)
        items = []
        for task_id in json.loads(request.read())["task_id_list"]:
            told = answer(task_id)
            if isinstance(told, httpx.Response):
                return told
            if told is not None:
                items.append(
                    {"id": task_id, "name": f"task {task_id}", "status": told, "url": f"http://sops/{task_id}"}
                )
        return good(items[::-1])

    return BlueKing(handle)


@dataclass
class Meter:
    """Telemetry that can be looked at."""

    requests: list[tuple[str, str, Reason | None]] = field(default_factory=list)
    unread: list[tuple[str, str, Reason]] = field(default_factory=list)
    retries: int = 0
    waited: float = 0.0
    looked_up: int = 0
    hits: int = 0
    coalesced_scrapes: int = 0
    unknown: int = 0

    def requested(self, system: str, operation: str, seconds: float, failure: Reason | None = None) -> None:
        self.requests.append((system, operation, failure))

    def failed(self, system: str, operation: str, reason: Reason) -> None:
        self.unread.append((system, operation, reason))

    def retried(self, system: str) -> None:
        self.retries += 1

    def throttled(self, system: str, seconds: float) -> None:
        self.waited += seconds

    def cached(self, system: str, *, requests: int, hits: int) -> None:
        self.looked_up += requests
        self.hits += hits

    def coalesced(self) -> None:
        self.coalesced_scrapes += 1

    def unknown_state(self, system: str, word: str) -> bool:
        self.unknown += 1
        return self.unknown == 1


@dataclass
class Bench:
    """A collector over stand-ins, in virtual time. What is kept of a task is the task itself."""

    clock: Clock
    collector: Collector[Task]
    meter: Meter
    sites: dict[str, BlueKing]

    async def scrape(self, targets: list[Target], seconds: float = 9.5) -> dict[str, Any]:
        outcomes = await self.collector.scrape(targets, self.clock.now + seconds)
        assert [outcome.identity for outcome in outcomes] == [target.identity for target in targets]
        return {
            outcome.identity.task_id: outcome.error.reason if outcome.error else outcome.kept and outcome.kept.state
            for outcome in outcomes
        }


def keep(_: Identity, task: Task) -> Task:
    return task


def collector(
    clock: Clock,
    sites: dict[str, BlueKing],
    *,
    cache_ttl: float = 10.0,
    final_cache_ttl: float = 300.0,
    nodes: Nodes = "all",
    store: Store[Task] | None = None,
    configs: dict[str, SystemConfig] | None = None,
) -> Bench:
    meter, clocks = Meter(), Clocks(clock.wall, clock.steady)
    gateways = {
        name: Gateway((configs or {}).get(name) or system_config(name), site, meter, clocks=clocks, jitter=lambda: 0.5)
        for name, site in sites.items()
    }
    keeper = Keeper(
        gateways=gateways,
        store=store if store is not None else Store(),
        variant="test",
        keeping=Keeping(cache_ttl, final_cache_ttl, SHANGHAI, nodes),
        distill=keep,
        meter=meter,
        clocks=clocks,
    )
    return Bench(clock, Collector(Asker(gateways, keeper, clocks), meter, clocks), meter, sites)
