"""Which questions a page needs: tasks that can share a call share one, the others are asked for singly. No I/O."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from exporter.systems import SYSTEMS
from exporter.systems.base import Nodes, Site
from exporter.targets import Target

#: Seconds after which a batch twice as large as the last that was too big for BlueKing is tried; for one batch a page.
_FORGIVEN = 600.0

#: Seconds for which a bulk resource that has answered is taken to be there, whatever single calls of it say.
_TRUSTED = 600.0


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
        #: When calls were last answered in time (steady clock): of a system or a key, by how many tasks they had.
        self._good: dict[Hashable, dict[int, float]] = {}

    def good(self, batch: Batch, tasks: int) -> None:
        """A call for so many tasks of the batch was answered in time."""
        key, now = (batch.system, batch.bulk_key), self._clock()
        for scope in (batch.system, key):
            self._good.setdefault(scope, {})[tasks] = now
            self._missing.discard(scope)
        limit, _ = self._limits.get(key, (tasks, 0.0))
        if tasks > limit:
            self._limits[key] = tasks, now  # on to the next size

    def missing(self, batch: Batch, *, whole_system: bool) -> None:
        """The site lacks the resource, or does not grant it (for this business): single calls until a reload.

        What has answered lately is there: then it was trouble that passes, and each page tries again.
        """
        scope = batch.system if whole_system else (batch.system, batch.bulk_key)
        if max(self._good.get(scope, {}).values(), default=-math.inf) < self._clock() - _TRUSTED:
            self._missing.add(scope)

    def too_big(self, batch: Batch, began: float) -> None:
        """The batch, asked for at `began`, failed or was late, its tasks did not: half as many from now on.

        Unless others of its size were answered meanwhile: then it was not for its size.
        """
        key, tasks = (batch.system, batch.bulk_key), len(batch.targets)
        if not any(2 * size > tasks and when >= began for size, when in self._good.get(key, {}).items()):
            self._limits[key] = max(1, tasks // 2), self._clock() + _FORGIVEN

    def sizes(self, system: str, bulk_key: Hashable, tasks: int, most: int) -> Iterator[int]:
        """How to part so many tasks into calls of `most` at most: evenly, so that no small rest tells of all."""
        if system in self._missing or (system, bulk_key) in self._missing:
            most = 1
        limit, until = self._limits.get((system, bulk_key), (most, 0.0))
        if limit < most and self._clock() >= until:
            trial = min(2 * limit, most, tasks)
            yield trial
            tasks -= trial
        calls = math.ceil(tasks / min(limit, most))
        for call in range(calls):
            yield (tasks + call) // calls


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
        if bulk is None or key is None:
            yield from (Batch(system, None, (target,)) for target in group)
            continue
        left = iter(group)
        for size in memory.sizes(system, key, len(group), bulk.size):
            yield Batch(system, key if size > 1 else None, tuple(itertools.islice(left, size)))
