"""One task as a person looks at it: with all its nodes and why it failed, asked for apart from scrapes."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.asker import Asker
from exporter.collector import Collector
from exporter.config import Collect
from exporter.gateway import Clocks, Gateway
from exporter.keeper import Keeper, Keeping
from exporter.model import Task
from exporter.outcome import Outcome
from exporter.store import Store
from exporter.targets import Target
from exporter.telemetry import Telemetry

#: Tasks that are kept for people who look at them again; a task with all its nodes may be large.
MOST = 16


class Details:
    """Asks for single tasks as scrapes do: shared while under way, kept for a while, within the limits of a system."""

    def __init__(self, gateways: Mapping[str, Gateway], collect: Collect, telemetry: Telemetry, clocks: Clocks) -> None:
        self._gateways = gateways
        self._clocks = clocks
        self._store: Store[Task] = Store()
        keeper = Keeper(
            gateways=gateways,
            store=self._store,
            variant=None,
            keeping=Keeping(collect.cache_ttl, collect.final_cache_ttl, collect.time_zone, "all", detail=True),
            distill=lambda _, task: task,
            meter=telemetry,
            clocks=clocks,
        )
        self._collector = Collector(Asker(gateways, keeper, clocks), telemetry, clocks)

    async def ask(self, target: Target, seconds: float) -> Outcome[Task]:
        """One task, not later than in `seconds`."""
        deadline = self._clocks.steady() + seconds
        self._gateways[target.system].begin_probe()
        try:
            outcomes = await self._collector.ask([target], deadline)
        finally:
            self._store.visited(target.identity, MOST)
        return outcomes[0]

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._collector.aclose()
