"""One task asked for anew while a witness looks on, for a person who wants to know how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.live import Live
from exporter.pieces import Rendered
from exporter.setup import Page, Setup, collector
from exporter.store import Store
from exporter.systems.base import Nodes
from exporter.targets import Target
from exporter.witness import Exchange, Witness


@dataclass(frozen=True, slots=True)
class Telling:
    """A page of one task, and all that went over the wire for it, between `began` and `ended` (steady clock)."""

    page: Page
    exchanges: Sequence[Exchange]
    began: float
    ended: float


async def tell(live: Live, setup: Setup, target: Target, seconds: float, nodes: Nodes) -> Telling:
    """Ask for one task, alone, whatever is kept of it; the answer is not kept. `setup` must be in use."""
    began = live.clocks.steady()
    witness = Witness(live.clocks.steady)
    gateway = setup.gateways[target.system]
    gateway.begin_page()  # somebody looks: a system that was left alone is tried once more
    watched = {target.system: gateway.witnessed(witness.watch)}
    alone = collector(
        setup, nodes, store=Store[Rendered](), gateways=watched, telemetry=live.telemetry, clocks=live.clocks
    )
    try:
        outcomes = await alone.ask([target], began + seconds)
    finally:
        await alone.aclose()
    page = Page(setup, outcomes, live.clocks.wall())
    return Telling(page, tuple(witness.exchanges), began, live.clocks.steady())
