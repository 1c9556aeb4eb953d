"""A configuration that was checked and completed: what the rest of the program works with. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from exporter.config.credentials import Credentials
from exporter.config.secret import Secret
from exporter.config.tls import Tls
from exporter.model import Place
from exporter.systems.base import AllowParams, DiscoverParams, Nodes, Site, TaskParams


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """How one system is reached. `url` has no slash at its end; `timeout` are the seconds of one request.

    `requests_per_second` is the rate of a token bucket that holds `max_connections` tokens. `proxy_url` prints
    without its password.
    """

    name: str
    url: str
    site: Site
    credentials: Credentials
    timeout: float
    max_connections: int
    requests_per_second: float
    tls: Tls
    proxy_url: Secret | None


#: Which tasks stand on /metrics.
Metrics = Literal["all", "configured", "none"]


@dataclass(frozen=True, slots=True)
class Collect:
    """What is kept, for how many seconds, and how much of it goes onto a page."""

    cache_ttl: float
    final_cache_ttl: float
    nodes: Nodes
    nodes_per_task: int
    node_series: int
    time_zone: tzinfo
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Probe:
    """The businesses, projects and spaces that `/probe` may be asked about: `given`, or where there are tasks."""

    allow: frozenset[Place]
    given: tuple[AllowParams, ...] | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration. No two tasks share an identity, and each has its system under `systems`."""

    file: str
    systems: Mapping[str, SystemConfig]
    collect: Collect
    tasks: tuple[TaskParams, ...]
    discover: tuple[DiscoverParams, ...]
    probe: Probe
