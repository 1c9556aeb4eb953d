"""A doctor over a simulated BlueKing, which is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from exporter.config import loads
from exporter.demo.simulator import Simulator
from exporter.doctor.findings import Finding, Report
from exporter.doctor.run import examine, polite
from exporter.doctor.wire import Way
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.telemetry import Telemetry
from tests.virtual_time import Clock, run

GATEWAY = {"sops": "http://bk/api/bk-sops/prod", "bkflow": "http://bk/api/bkflow/prod"}
APP = "bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin"


def text(*tasks: str, auth: str = APP, more: str = "", **systems: str) -> str:
    """A configuration; systems are what stands between the braces, such as `url: "http://bk", route: esb`."""
    lines = "".join(f"  {name}: {{{entry}}}\n" for name, entry in systems.items())
    return f"bkapi: {{auth: {{{auth}}}, timeout: 2s}}\nsystems:\n{lines}tasks: [{', '.join(tasks)}]\n{more}"


def sops(*ids: int, biz: int = 2) -> list[str]:
    return [f"{{system: sops, bk_biz_id: {biz}, task_id: {task_id}}}" for task_id in ids]


def job(system: str, *ids: int, biz: int = 2) -> list[str]:
    return [f"{{system: {system}, bk_biz_id: {biz}, job_id: {job_id}}}" for job_id in ids]


def flow(*ids: int, space: int = 1) -> list[str]:
    return [f"{{system: bkflow, space_id: {space}, task_id: {task_id}}}" for task_id in ids]


async def open_way(config: Any) -> Way:
    return Way("bk", 80, addresses=("192.0.2.1",))


async def plain(host: str, port: int) -> bool:
    return False


def doctored(
    config: str,
    *,
    transport: Callable[[Clock], httpx.AsyncBaseTransport] | None = None,
    simulator: Callable[[Simulator], None] = lambda _: None,
    seconds: float = 60.0,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """What the doctor finds, in virtual time."""

    async def main(clock: Clock) -> Report:
        simulated = Simulator(clock=clock.wall, seed=1)
        simulated.configure(**(options or {}))
        simulator(simulated)
        wire = transport(clock) if transport else httpx.ASGITransport(simulated.app)
        live = Live(
            polite(loads(config, environ={})),
            Telemetry(CollectorRegistry(), version="1", revision="r"),
            make_transport=lambda _: wire,
            clocks=Clocks(clock.wall, clock.steady),
        )
        try:
            return await examine(live, seconds, look=open_way, speaks_tls=plain)
        finally:
            await live.aclose()

    return run(main)


def wrong(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.level == "wrong"]


def only(report: Report) -> Finding:
    """The one thing that is wrong."""
    (finding,) = wrong(report)
    return finding
