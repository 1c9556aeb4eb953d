"""Values of a file -> a whole Config, and the problems that only show when its parts come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import TypeVar

import msgspec

from exporter.config import zones
from exporter.config.reader import Path, Reader, written
from exporter.config.schema import CollectFile, ProbeFile
from exporter.config.sites import systems
from exporter.config.types import Collect, Config, Probe
from exporter.errors import ConfigError
from exporter.model import Identity
from exporter.systems.base import AllowParams, DiscoverParams, TaskParams

T = TypeVar("T", TaskParams, DiscoverParams, AllowParams)


def build(reader: Reader, file: str) -> Config:
    """The whole configuration; raises ConfigError with every problem that was noted, here and before."""
    sites = systems(reader, FilePath(file).parent)
    tasks = _under(reader, ("tasks",), TaskParams)
    discover = _under(reader, ("discover",), DiscoverParams)
    allow = _under(reader, ("probe", "allow"), AllowParams)
    _check_systems(reader, tasks)
    _check_systems(reader, discover)
    _check_systems(reader, allow)
    _check_tasks(reader, tasks)
    _check_labels(reader, discover)
    if reader.problems:
        raise ConfigError(file, tuple(reader.problems))
    return Config(
        file=file,
        systems=sites,
        collect=_collect(reader.found.get(("collect",), CollectFile())),
        tasks=tuple(tasks.values()),
        discover=tuple(discover.values()),
        probe=_probe(reader.found.get(("probe",), ProbeFile()), tasks.values(), discover.values()),
    )


def _under(reader: Reader, path: Path, kind: type[T]) -> dict[Path, T]:
    return {at: value for at, value in reader.found.items() if at[:-1] == path and isinstance(value, kind)}


def _whole(reader: Reader, entries: Mapping[Path, T]) -> Iterator[tuple[Path, T]]:
    """The entries of which every value could be read: what is said of the others may not be so once they are mended."""
    broken = {spot[:2] for spot in reader.spots if spot not in reader.found}
    return ((path, entry) for path, entry in entries.items() if path not in broken)


def _check_systems(reader: Reader, entries: Mapping[Path, msgspec.Struct]) -> None:
    """A system that is used must be one that can be reached."""
    for path, entry in entries.items():
        name = str(entry.__struct_config__.tag)
        if ("systems",) in reader.spots and ("systems", name) not in reader.spots:
            here = (*path, "system")
            reader.problem(reader.spots[here], here, f"{name} has no entry under systems: give its url there")


def _check_tasks(reader: Reader, tasks: Mapping[Path, TaskParams]) -> None:
    first: dict[Identity, Path] = {}
    for path, task in _whole(reader, tasks):
        other = first.setdefault(task.identity, path)
        if other != path:
            where = f"{written(other)} in line {reader.spots[other]}"
            reader.problem(reader.spots[path], path, f"the same task as {where} ({task.identity})")


def _check_labels(reader: Reader, discover: Mapping[Path, DiscoverParams]) -> None:
    first: dict[str, Path] = {}
    for path, listing in _whole(reader, discover):
        other = first.setdefault(listing.label, path)
        if other != path:
            where = f"{written(other)} in line {reader.spots[other]}"
            reader.problem(reader.spots[path], path, f"called {listing.label} as {where} is: give it a name of its own")


def _collect(given: CollectFile) -> Collect:
    return Collect(
        cache_ttl=given.cache_ttl,
        final_cache_ttl=given.final_cache_ttl,
        nodes=given.nodes,
        nodes_per_task=given.nodes_per_task,
        node_series=given.node_series,
        time_zone=zones.parse(given.time_zone),
        metrics=given.metrics,
    )


def _probe(given: ProbeFile, tasks: Iterable[TaskParams], discover: Iterable[DiscoverParams]) -> Probe:
    """What is watched may be probed, unless `allow` says otherwise."""
    if given.allow is not None:
        return Probe(frozenset(entry.place for entry in given.allow), given.allow)
    return Probe(frozenset({task.identity.place for task in tasks} | {listing.place for listing in discover}))
