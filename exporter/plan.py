"""Which questions a page needs: tasks that can share a call share one, the others are asked for singly. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from exporter.systems import SYSTEMS
from exporter.systems.base import Nodes, Site
from exporter.targets import Target

#: Seconds after which a batch that was too big may be tried at its full size again.
_FORGIVEN = 600.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks of one call. `bulk_key` is what they share; None for a single call."""

    system: str
    bulk_key: Hashable | None
    targets: tuple[Target, ...]


class BulkMemory:
    """What was learnt of a site's bulk resource: that it is missing, or that smaller batches are wanted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._missing: set[Hashable] = set()
        self._limits: dict[Hashable, tuple[int, float]] = {}

    def missing(self, batch: Batch, *, whole_system: bool) -> None:
        """The site lacks the resource, or does not grant it (for this business): single calls until a reload."""
        self._missing.add(batch.system if whole_system else (batch.system, batch.bulk_key))

    def too_big(self, batch: Batch) -> None:
        """The batch failed, its tasks did not: half as many next time."""
        self._limits[batch.system, batch.bulk_key] = max(1, len(batch.targets) // 2), self._clock() + _FORGIVEN

    def limit(self, system: str, bulk_key: Hashable, size: int) -> int:
        """How many tasks may share a call now; 1 means none."""
        if system in self._missing or (system, bulk_key) in self._missing:
            return 1
        learnt, until = self._limits.get((system, bulk_key), (size, 0.0))
        return min(size, learnt) if self._clock() < until else size


def plan(
    targets: Sequence[Target], site: Site, nodes: Nodes, memory: BulkMemory, spoils: Callable[[Target], bool]
) -> Iterator[Batch]:
    """The calls for some tasks of one system, in the order of their first tasks."""
    system = targets[0].system
    bulk = SYSTEMS[system].BULK
    groups: dict[Hashable, list[Target]] = {}
    for target in targets:
        key = None if bulk is None or spoils(target) else bulk.key(target.params, site, nodes)
        groups.setdefault(target.identity if key is None else (key,), []).append(target)
    for group_key, group in groups.items():
        key = group_key[0] if isinstance(group_key, tuple) else None
        limit = 1 if bulk is None or key is None else memory.limit(system, key, bulk.size)
        for start in range(0, len(group), limit):
            batch = tuple(group[start : start + limit])
            yield Batch(system, key if len(batch) > 1 else None, batch)
