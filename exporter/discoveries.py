"""The discoveries of one configuration, and a page that is made with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from exporter.collector import Collector
from exporter.discovery import Discovery
from exporter.gateway import Clocks
from exporter.model import Identity, Place
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.targets import Target, unique


class Discoveries:
    """All discoveries. A task that several of them know, or that is configured as well, is one task."""

    def __init__(self, discoveries: Iterable[Discovery], clocks: Clocks) -> None:
        self._clocks = clocks
        self._all: list[Discovery] = []
        self._by_place: dict[Place, list[Discovery]] = {}
        self._gone: set[Identity] = set()
        for discovery in discoveries:
            self._add(discovery)

    def __iter__(self) -> Iterator[Discovery]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def targets(self) -> list[Target]:
        """The tasks that are known now."""
        return unique(chain.from_iterable(discovery.roster.targets for discovery in self._all))

    def known(self, configured: Sequence[Target]) -> list[Target]:
        """All tasks that are known now: those that are configured, with what lists tell of them, then the others."""
        listed = {target.identity: target for target in self.targets()}
        ours = [_enriched(target, listed.pop(target.identity, None)) for target in configured]
        return [*ours, *listed.values()]

    def begin(self, deadline: float, wanted: Callable[[Place], bool] = lambda _: True) -> list[Identity]:
        """Somebody asks for the tasks of some places: read the lists that are due.

        Returns the tasks that left since somebody did.
        """
        now = self._clocks.wall()
        left = [identity for discovery in self._all for identity in discovery.roster.leave(now)]
        left += self._gone
        self._gone.clear()
        for discovery in self._all:
            if wanted(discovery.params.place):
                discovery.begin(deadline)
        return left

    async def wait(self, deadline: float) -> None:
        """Wait for lists under way, as `Discovery.wait` says."""
        began = self._clocks.steady()
        await asyncio.gather(*(discovery.wait(began, deadline) for discovery in self._all if discovery.under_way))

    async def page(
        self, collector: Collector[Rendered], configured: Sequence[Target], deadline: float
    ) -> list[Outcome[Rendered]]:
        """The outcomes of configured and known tasks, and of those that lists under way bring in time.

        Known tasks are asked for at once; whoever a list brings, when it does.
        """
        began = self._clocks.steady()
        known = self.known(configured)
        asked = {target.identity for target in known}
        arriving = [discovery for discovery in self._all if discovery.under_way]
        parts = await asyncio.gather(
            collector.ask(known, deadline),
            *(self._newcomers(collector, discovery, asked, began, deadline) for discovery in arriving),
        )
        outcomes = list(chain.from_iterable(parts))
        gone = self.note(outcomes) - {target.identity for target in configured}
        return [outcome for outcome in outcomes if outcome.identity not in gone] if gone else outcomes

    async def _newcomers(
        self, collector: Collector[Rendered], discovery: Discovery, asked: set[Identity], began: float, deadline: float
    ) -> list[Outcome[Rendered]]:
        await discovery.wait(began, deadline)
        newcomers = [target for target in discovery.roster.targets if target.identity not in asked]
        asked.update(target.identity for target in newcomers)
        return await collector.ask(newcomers, deadline) if newcomers else []

    def note(self, outcomes: Iterable[Outcome[Rendered]]) -> set[Identity]:
        """Take note of what a page found out; returns the tasks that no list names and that BlueKing has no more."""
        now = self._clocks.wall()
        gone = {
            outcome.identity
            for outcome in outcomes
            for discovery in self._by_place.get(outcome.identity.place, ())
            if discovery.roster.shown(outcome, now)
        }
        self._gone |= gone
        return gone

    def find(self, identity: Identity) -> Target | None:
        """The task of this identity, if a discovery knows it."""
        knowing = self._by_place.get(identity.place, ())
        found = (discovery.roster.get(identity) for discovery in knowing)
        return next((target for target in found if target is not None), None)

    def enriched(self, target: Target) -> Target:
        """The same task with what lists tell of it."""
        return _enriched(target, self.find(target.identity))

    # --- reload ------------------------------------------------------------------------------------------------------

    def adopt(self, old: Discoveries) -> None:
        """Take over what another configuration's discoveries know, where parameters and site are the same."""
        former = {_key(discovery): discovery for discovery in old}
        fresh, self._all, self._by_place = self._all, [], {}
        for discovery in fresh:
            same = former.pop(_key(discovery), None)
            if same is not None:
                same.rewire(discovery)
            self._add(same or discovery)
        old._all = list(former.values())

    def _add(self, discovery: Discovery) -> None:
        self._all.append(discovery)
        self._by_place.setdefault(discovery.params.place, []).append(discovery)

    def give_up(self) -> None:
        """End all reading."""
        for discovery in self._all:
            discovery.give_up()


def _enriched(target: Target, listed: Target | None) -> Target:
    return Target(target.params, target.identity, listed.known, target.source, listed.final) if listed else target


def _key(discovery: Discovery) -> object:
    config = discovery.gateway.config
    return discovery.params, config.url, config.site
