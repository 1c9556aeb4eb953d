"""A simulator on a clock that stands still until a test moves it, and a client that knows its credentials."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from exporter.demo.simulator import Simulator

EPOCH = 1_800_000_000.25
GOOD = {"bk_app_code": "task-exporter", "bk_app_secret": "demo-secret", "bk_username": "admin"}
ESB = "/api/c/compapi/v2"


@dataclass
class Clock:
    """Epoch seconds, moved by hand."""

    now: float = EPOCH

    def __call__(self) -> float:
        return self.now


@dataclass
class Client:
    """Asks a simulator in-process, one request at a time."""

    clock: Clock = field(default_factory=Clock)
    simulator: Simulator = field(init=False)
    credentials: Mapping[str, Any] | str | None = field(default_factory=lambda: dict(GOOD))

    def __post_init__(self) -> None:
        self.simulator = Simulator(clock=self.clock)

    def over(self, **arguments: Any) -> "Client":
        self.simulator = Simulator(clock=self.clock, **arguments)
        return self

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = dict(arguments.pop("headers", {}))
        if self.credentials is not None:
            given = self.credentials
            headers["X-Bkapi-Authorization"] = given if isinstance(given, str) else json.dumps(given)
        return asyncio.run(self._ask(method, path, headers, arguments))

    async def _ask(self, method: str, path: str, headers: dict[str, str], arguments: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.simulator.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bk", trust_env=False) as client:
            return await client.request(method, path, headers=headers, **arguments)

    def sops(self, task: object, *, biz: int = 2, **params: Any) -> httpx.Response:
        return self.ask("GET", f"/api/bk-sops/prod/get_task_status/{task}/{biz}/", params=params)

    def sops_esb(self, task: object, *, biz: int = 2, **params: Any) -> httpx.Response:
        return self.ask("GET", f"{ESB}/sops/get_task_status/", params={"bk_biz_id": biz, "task_id": task, **params})

    def batch(self, *tasks: object, biz: int = 2, **body: Any) -> httpx.Response:
        return self.ask("POST", f"/api/bk-sops/prod/get_tasks_status/{biz}/", json={"task_id_list": tasks, **body})

    def bkflow(self, task: object, space: int = 1) -> httpx.Response:
        return self.ask("GET", f"/api/bkflow/prod/space/{space}/task/{task}/get_task_states/")

    def nodeman(self, job: object, biz: int = 2) -> httpx.Response:
        return self.ask("GET", f"{ESB}/nodeman/get_task_info/", params={"bk_biz_id": biz, "job_id": job})

    def details(self, job: object, **body: Any) -> httpx.Response:
        return self.ask("POST", f"{ESB}/nodeman/api/job/details/", json={"job_id": job, **body})

    def gsekit(self, job: object, biz: int = 2, **body: Any) -> httpx.Response:
        return self.ask("POST", f"{ESB}/gsekit/api/job/job_status/", json={"bk_biz_id": biz, "job_id": job, **body})


@pytest.fixture
def client() -> Client:
    return Client()
