"""One configuration at work, and what it brings forth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from exporter.asker import Asker
from exporter.collector import Collector
from exporter.config import Config
from exporter.details import Details
from exporter.discoveries import Discoveries
from exporter.discovery import Discovery
from exporter.gateway import Clocks, Gateway
from exporter.keeper import Keeper, Keeping
from exporter.masking import Masker
from exporter.model import Identity
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.render import Renderer
from exporter.store import Store
from exporter.systems.base import Nodes
from exporter.targets import Target
from exporter.telemetry import Telemetry


@dataclass(eq=False)
class Setup:
    """One configuration at work. `users` are the requests at our doors that still need it."""

    config: Config
    masker: Masker
    gateways: Mapping[str, Gateway]
    targets: tuple[Target, ...]
    discoveries: Discoveries
    details: Details
    collectors: dict[Nodes, Collector[Rendered]] = field(default_factory=dict)
    users: int = 0
    retired: bool = False

    def find(self, identity: Identity) -> Target | None:
        """The task of this identity, if it is known."""
        return self.configured.get(identity) or self.discoveries.find(identity)

    @cached_property
    def configured(self) -> Mapping[Identity, Target]:
        """The configured tasks by their identities."""
        return {target.identity: target for target in self.targets}

    async def aclose(self) -> None:
        """Close every connection."""
        self.discoveries.give_up()
        for collector in self.collectors.values():
            await collector.aclose()
        await self.details.aclose()
        for gateway in self.gateways.values():
            await gateway.aclose()

    @property
    def known(self) -> list[Target]:
        """All tasks that are known now: those that are configured, then those that were discovered."""
        return self.discoveries.known(self.targets)


@dataclass(frozen=True, slots=True)
class Page:
    """One scrape's outcomes, with the setup that they came from, and when it was done (seconds since the epoch)."""

    setup: Setup
    outcomes: Sequence[Outcome[Rendered]]
    when: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A configuration that was not taken: when, in seconds since the epoch, and every problem of it."""

    when: float
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Known tasks of some places, and the discoveries of these places that could not list theirs."""

    targets: Sequence[Target]
    failed: Sequence[Discovery]


def collector(
    setup: Setup,
    nodes: Nodes,
    *,
    store: Store[Rendered],
    gateways: Mapping[str, Gateway],
    telemetry: Telemetry,
    clocks: Clocks,
) -> Collector[Rendered]:
    """What collects tasks as a setup wants them shown, through these gateways."""
    collect = setup.config.collect
    keeper = Keeper(
        gateways=gateways,
        store=store,
        variant=(nodes, collect.nodes_per_task, str(collect.time_zone)),
        keeping=Keeping(collect.cache_ttl, collect.final_cache_ttl, collect.time_zone, nodes),
        distill=Renderer(nodes, collect.nodes_per_task).distill,
        meter=telemetry,
        clocks=clocks,
    )
    return Collector(Asker(gateways, keeper, clocks), telemetry, clocks)
