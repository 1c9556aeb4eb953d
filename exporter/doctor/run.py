"""The examination of a whole configuration: all systems at once, each politely."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence

from exporter import __version__
from exporter.config import Config
from exporter.doctor import examination, wire
from exporter.doctor.case import Case, Collect, Look, SpeaksTls, Tools
from exporter.doctor.findings import Finding, Report
from exporter.errors import TaskError
from exporter.live import Live
from exporter.model import Identity, Task
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.setup import Setup, collector
from exporter.store import Store
from exporter.targets import Target

#: Requests to one system at a time: a doctor has time, and BlueKing other patients.
CONNECTIONS = 4


def polite(config: Config) -> Config:
    """The same configuration with fewer requests at a time."""
    systems = {
        name: dataclasses.replace(system, max_connections=min(CONNECTIONS, system.max_connections))
        for name, system in config.systems.items()
    }
    return dataclasses.replace(config, systems=systems)


async def examine(
    live: Live, seconds: float, *, look: Look = wire.look, speaks_tls: SpeaksTls = wire.speaks_tls
) -> Report:
    """Everything that is to be said of what `live` was configured with, in about `seconds`."""
    deadline = live.clocks.steady() + seconds
    async with live.setup() as setup:
        tools = Tools(look, speaks_tls, _collect(live, setup), live.clocks, deadline)
        findings = await asyncio.gather(*(_system(setup, name, tools) for name in setup.gateways))
    return Report.of(__version__, [finding for part in findings for finding in part])


async def _system(setup: Setup, name: str, tools: Tools) -> list[Finding]:
    targets = [target for target in setup.targets if target.system == name]
    case = Case(setup.config, setup.gateways[name], targets, tools)
    return [finding async for finding in examination.findings(case)]


def _task(outcome: Outcome[Rendered]) -> Task:
    assert outcome.kept is not None  # noqa: S101 (an outcome without error has it)
    return outcome.kept.task


def _collect(live: Live, setup: Setup) -> Collect:
    async def collect(targets: Sequence[Target], deadline: float) -> Mapping[Identity, Task | TaskError]:
        asking = collector(
            setup,
            setup.config.collect.nodes,
            store=Store[Rendered](),
            gateways=setup.gateways,
            telemetry=live.telemetry,
            clocks=live.clocks,
        )
        try:
            outcomes = await asking.ask(targets, deadline)
        finally:
            await asking.aclose()
        return {outcome.identity: outcome.error or _task(outcome) for outcome in outcomes}

    return collect
