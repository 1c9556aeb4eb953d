"""A business of bk-sops that a test writes: tasks that are listed and asked for, and a list that can misbehave."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from exporter.config import loads
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.setup import Page
from exporter.shards import WHOLE, Shard
from exporter.telemetry import Telemetry
from tests.support import BlueKing, good, refusal
from tests.virtual_time import Clock

CONFIG = """
bkapi: {auth: {bk_app_code: app, bk_app_secret: made-up, bk_username: admin}, requests_per_second: 100000}
systems: {sops: {url: "http://sops.test"}}
"""


def iso(when: float | None) -> str | None:
    return None if when is None else datetime.fromtimestamp(when, UTC).isoformat()


@dataclass
class Job:
    state: str = "RUNNING"
    start: float | None = None
    finish: float | None = None
    row: dict[str, Any] = field(default_factory=dict)


@dataclass
class Business:
    """`latency` are seconds per answer, `list_latency` those of a page of the list; `broken` is what a list answers."""

    clock: Clock
    tasks: dict[int, Job] = field(default_factory=dict)
    latency: float = 0.0
    list_latency: float = 0.0
    broken: httpx.Response | None = None
    #: Ids that a page of the list lacks although the tasks are there.
    hidden: set[int] = field(default_factory=set)
    lists: list[dict[str, str]] = field(default_factory=list)
    asked: Counter[int] = field(default_factory=Counter)

    def add(self, *numbers: int, **values: Any) -> None:
        self.tasks |= {number: Job(start=self.clock.wall(), **values) for number in numbers}

    def finish(self, number: int) -> None:
        self.tasks[number].state, self.tasks[number].finish = "FINISHED", self.clock.wall()

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if "get_task_list" in request.url.path:
            query = dict(request.url.params)
            self.lists.append(query)
            await asyncio.sleep(self.list_latency)
            return self.broken or self.page(query)
        await asyncio.sleep(self.latency)
        wanted = (
            json.loads(request.read())["task_id_list"] if request.method == "POST" else [request.url.path.split("/")[2]]
        )
        found = [self.item(int(number)) for number in wanted if int(number) in self.tasks]
        if request.method == "POST":
            return good(found)
        return good(found[0]["status"]) if found else refusal(3540400)

    def item(self, number: int) -> dict[str, Any]:
        task = self.tasks[number]
        self.asked[number] += 1
        status: dict[str, Any] = {
            "id": "n",
            "state": task.state,
            "children": {},
            "start_time": iso(task.start),
            "finish_time": iso(task.finish),
        }
        return {"id": number, "name": f"task {number}", "status": status}

    def page(self, query: dict[str, str]) -> httpx.Response:
        listed = [number for number in sorted(self.tasks, reverse=True) if number not in self.hidden]
        offset, limit = int(query["offset"]), min(200, int(query["limit"]))
        return good([self.row(number) for number in listed[offset : offset + limit]])

    def row(self, number: int) -> dict[str, Any]:
        task = self.tasks[number]
        return {
            "id": number, "name": f"task {number}", "creator": "li", "template_id": "7", "is_finished": task.state == "FINISHED",
            "start_time": iso(task.start), "finish_time": iso(task.finish), "is_child_taskflow": False, **task.row,
        }  # fmt: skip

    def live(self, *discoveries: str, tasks: str = "", more: str = "", shard: Shard = WHOLE) -> Live:
        listed = "".join(f"  - {{system: sops, bk_biz_id: 2, {text}}}\n" for text in discoveries)
        text = f"{CONFIG}{more}\n" + (f"discover:\n{listed}" if listed else "") + tasks
        self.site = BlueKing(self.handle)
        return Live(
            loads(text),
            Telemetry(CollectorRegistry(), version="0", revision="test"),
            make_transport=lambda _: self.site,
            clocks=Clocks(self.clock.wall, self.clock.steady),
            shard=shard,
        )


def shown(page: Page) -> dict[str, str]:
    """The states of a page's tasks by id, and the reason of what could not be read."""
    return {
        outcome.identity.task_id: outcome.kept.task.state.value
        if outcome.kept
        else outcome.error.reason.value.upper()
        if outcome.error
        else "?"
        for outcome in page.outcomes
    }


def own(live: Live, name: str) -> dict[str, float]:
    """The samples of one of the exporter's own families, by their labels."""
    lines = live.telemetry.render(openmetrics=False).decode().splitlines()
    found = [
        line.removeprefix(f"bk_task_exporter_{name}") for line in lines if line.startswith(f"bk_task_exporter_{name}")
    ]
    return {labels: float(value) for labels, _, value in (line.rpartition(" ") for line in found)}
