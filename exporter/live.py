"""What runs now: one configuration and everything made from it, swapped as a whole; and what outlives a swap."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import httpx

from exporter.collector import Collector
from exporter.config import Config, SystemConfig
from exporter.config.types import Metrics
from exporter.details import Details
from exporter.discoveries import Discoveries
from exporter.discovery import Discovery
from exporter.gateway import Clocks, Gateway
from exporter.incidents import Incidents
from exporter.masking import Masker
from exporter.model import Identity, Place
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.setup import Inventory, Page, Refusal, Setup, collector
from exporter.shards import WHOLE, Shard
from exporter.store import Store
from exporter.systems import SYSTEMS
from exporter.systems.base import Nodes, operations
from exporter.targets import Target, unique
from exporter.telemetry import Telemetry
from exporter.tracing import UNTRACED, Tracing
from exporter.transport import AiohttpTransport

#: Tasks that only probes ask for and that are kept; a site that scrapes by /probe alone has as many.
VISITORS = 10_000

MakeTransport = Callable[[SystemConfig], httpx.AsyncBaseTransport]


def wire(system: SystemConfig) -> httpx.AsyncBaseTransport:
    """The transport of one system; raises UserError where its TLS files are not what they should be."""
    return AiohttpTransport(
        max_connections=system.max_connections,
        tls=system.tls.context() if system.url.startswith("https") else None,
        proxy_url=system.proxy_url.reveal() if system.proxy_url else None,
    )


class Live:
    """The running exporter, without its doors."""

    def __init__(
        self,
        config: Config,
        telemetry: Telemetry,
        *,
        make_transport: MakeTransport = wire,
        clocks: Clocks | None = None,
        shard: Shard = WHOLE,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self.telemetry = telemetry
        self.tracing = tracing
        self.shard = shard
        telemetry.sharded(shard.ordinal, shard.shards)
        self.clocks = clocks or Clocks()
        self.incidents = Incidents()
        #: The last page of all tasks, for whoever looks at the status page.
        self.last: Page | None = None
        #: What was last tried in place of the present configuration, if it was refused.
        self.refusal: Refusal | None = None
        self._make_transport = make_transport
        self._store: Store[Rendered] = Store()
        self._left: set[Identity] = set()
        self._setup = self._build(config)
        self._announce(self._setup)

    @property
    def systems(self) -> Sequence[str]:
        """The systems that are configured now."""
        return tuple(self._setup.gateways)

    def _build(self, config: Config) -> Setup:
        """Everything that one configuration needs; raises UserError before anything is changed."""
        masker = Masker(config.systems.values())
        gateways = {
            name: Gateway(
                system,
                self.tracing.transport(self._make_transport(system)),
                self.telemetry,
                masker=masker,
                clocks=self.clocks,
            )
            for name, system in config.systems.items()
        }
        discoveries = [
            Discovery(
                params,
                gateways[params.place.system],
                serves=self.shard.serves,
                zone=config.collect.time_zone,
                meter=self.telemetry,
                clocks=self.clocks,
            )
            for params in config.discover
        ]
        targets = unique(map(Target.of, config.tasks))
        return Setup(
            config,
            masker,
            gateways,
            tuple(target for target in targets if self.shard.serves(target.identity)),
            Discoveries(discoveries, self.clocks),
            Details(gateways, config.collect, self.telemetry, self.clocks),
        )

    def _announce(self, setup: Setup) -> None:
        """Tell the metrics what is configured."""
        listed = {discovery.system for discovery in setup.discoveries}
        self.telemetry.configured(
            {
                name: operations(SYSTEMS[name], gateway.config.site, lists=name in listed)
                for name, gateway in setup.gateways.items()
            }
        )
        self.telemetry.forget_discoveries()
        for discovery in setup.discoveries:
            discovery.report()
        self._count(setup)
        self.telemetry.reloaded(successful=True, when=self.clocks.wall())

    def _count(self, setup: Setup) -> None:
        """Tell the metrics how many tasks are known; none where some could be."""
        if setup.retired:
            return
        counts = Counter((target.system, target.source) for target in setup.known)
        none = {(discovery.system, "discovered"): 0 for discovery in setup.discoveries}
        self.telemetry.targets(none | counts)

    def _collector(self, setup: Setup, nodes: Nodes) -> Collector[Rendered]:
        """The collector for one way to show nodes; most only ever need the configured one."""
        if nodes not in setup.collectors:
            setup.collectors[nodes] = collector(
                setup, nodes, store=self._store, gateways=setup.gateways, telemetry=self.telemetry, clocks=self.clocks
            )
        return setup.collectors[nodes]

    @asynccontextmanager
    async def setup(self) -> AsyncIterator[Setup]:
        """The present setup, kept whole while it is used, also when a reload takes its place."""
        setup = self._setup
        setup.users += 1
        try:
            yield setup
        finally:
            setup.users -= 1
            if setup.retired and not setup.users:
                await setup.aclose()

    async def scrape(self, seconds: float) -> Page:
        """The tasks of `/metrics`, not later than in `seconds`."""
        began = self.clocks.steady()
        async with self.setup() as setup:
            metrics = setup.config.collect.metrics
            with self.tracing.scrape():
                outcomes = await self._collect(setup, metrics, began + seconds)
        if not setup.retired:  # it may show tasks that have left since
            self.incidents.update(outcomes)
        self.telemetry.scraped(self.clocks.steady() - began)
        self.telemetry.credentials_loaded(
            successful=not any(gateway.credentials_problem for gateway in setup.gateways.values())
        )
        self._store.sweep(began)
        page = Page(setup, outcomes, self.clocks.wall())
        if metrics == "all":
            self.last = page
        return page

    async def survey(self, seconds: float, *, oldest: float) -> Page:
        """All tasks, for people, whichever of them stand on `/metrics`: the last such page, made anew if it is older.

        A new one costs what a scrape costs: what is kept and still good is not asked for.
        """
        last, now = self.last, self.clocks.wall()
        if last is not None and last.setup is self._setup and 0 <= now - last.when < oldest:
            return last
        if self._setup.config.collect.metrics == "all":
            return await self.scrape(seconds)
        async with self.setup() as setup:
            outcomes = await self._collect(setup, "all", self.clocks.steady() + seconds)
        self.last = Page(setup, outcomes, self.clocks.wall())
        return self.last

    async def _collect(self, setup: Setup, metrics: Metrics, deadline: float) -> Sequence[Outcome[Rendered]]:
        collector = self._collector(setup, setup.config.collect.nodes)
        collector.begin_page()
        match metrics:
            case "all":
                self._begin_lists(setup, deadline)
                outcomes = await setup.discoveries.page(collector, setup.targets, deadline)
                self._count(setup)
                return outcomes
            case "configured":
                return await collector.ask(setup.targets, deadline)
            case "none":
                return ()

    def _begin_lists(self, setup: Setup, deadline: float, wanted: Callable[[Place], bool] = lambda _: True) -> None:
        """Read the lists that are due; what tasks left behind that are on no page any more goes with them.

        While others still look at what is kept, it stays until a page is made alone.
        """
        left = setup.discoveries.begin(deadline, wanted)
        self.incidents.forget(left)
        self._left.update(left)
        if self._left and setup.users == 1:
            self._store.forget(self._left.difference(target.identity for target in setup.known))
            self._left.clear()

    async def inventory(self, seconds: float, wanted: Callable[[Place], bool]) -> Inventory:
        """The known tasks of some places, their lists read anew if that is due, not later than in `seconds`."""
        deadline = self.clocks.steady() + seconds
        async with self.setup() as setup:
            self._collector(setup, setup.config.collect.nodes).begin_page()
            self._begin_lists(setup, deadline, wanted)
            await setup.discoveries.wait(deadline)
            self._count(setup)
            return Inventory(
                targets=[target for target in setup.known if wanted(target.identity.place)],
                failed=[
                    discovery
                    for discovery in setup.discoveries
                    if wanted(discovery.params.place) and (discovery.error is not None or not discovery.ready)
                ],
            )

    async def probe(self, setup: Setup, target: Target, seconds: float, nodes: Nodes | None = None) -> Page:
        """One task, configured or not, from what is kept if that is fresh; `setup` must be in use."""
        began = self.clocks.steady()
        collector = self._collector(setup, nodes or setup.config.collect.nodes)
        setup.gateways[target.system].begin_probe()
        try:
            outcomes = await collector.ask([setup.discoveries.enriched(target)], began + seconds)
        finally:
            if target.source == "probed":
                self._store.visited(target.identity, VISITORS)
        setup.discoveries.note(outcomes)
        if target.source != "probed" and not setup.retired:  # of others a stranger could fill the log
            self.incidents.update(outcomes)
        self._store.sweep(began)
        return Page(setup, outcomes, self.clocks.wall())

    async def swap(self, config: Config) -> None:
        """Take another configuration; raises UserError and changes nothing if it cannot be put to work.

        Scrapes under way finish with the old one; answers kept for tasks that stay, and the log's open incidents,
        survive.
        """
        fresh = self._build(config)
        old, self._setup = self._setup, fresh
        for nodes in old.collectors:  # they hold what is kept
            self._collector(fresh, nodes)
        self.refusal = None
        fresh.masker.succeed(old.masker)
        for name in fresh.gateways.keys() & old.gateways.keys():
            fresh.gateways[name].succeed(old.gateways[name])
        fresh.discoveries.adopt(old.discoveries)
        old.discoveries.give_up()
        self._announce(fresh)
        old.retired = True
        self.incidents.forget_all_but(target.identity for target in fresh.known)
        if not old.users:
            await old.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._setup.aclose()
