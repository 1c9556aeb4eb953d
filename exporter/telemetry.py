"""The exporter's own metrics: long-lived, on a given registry, made from the rows of `exporter.owncatalogue`."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.errors import Reason
from exporter.owncatalogue import OWN_FAMILIES, PREFIX, OwnFamily

_EOF = b"# EOF\n"


#: Words in the place of states that are remembered.
_MAX_WORDS = 1000


class Telemetry:
    """Counts what the exporter does. It outlives every configuration; label values are known before they count."""

    def __init__(self, registry: CollectorRegistry, *, version: str, revision: str) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        prometheus_client.ProcessCollector(registry=registry)
        prometheus_client.PlatformCollector(registry=registry)
        prometheus_client.GCCollector(registry=registry)
        self._registry = registry
        made = {family.name: _make(family, registry) for family in OWN_FAMILIES}
        self._counters = {name: metric for name, metric in made.items() if isinstance(metric, Counter)}
        self._gauges = {name: metric for name, metric in made.items() if isinstance(metric, Gauge)}
        self._words: set[tuple[str, str]] = set()
        self._operations: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._histograms = {name: metric for name, metric in made.items() if isinstance(metric, Histogram)}
        self._gauges["build_info"].labels(version, revision, platform.python_version()).set(1)
        self.sharded(0, 1)

    def render(self, *, openmetrics: bool) -> bytes:
        """All families of the registry as text, without the `# EOF` of OpenMetrics."""
        if openmetrics:
            page: bytes = generate_openmetrics(self._registry)  # type: ignore[no-untyped-call]
            return page.removesuffix(_EOF)
        return generate_latest(self._registry)

    def configured(self, operations: Mapping[str, Iterable[str]]) -> None:
        """Begin at 0 for the operations of each configured system, so that a first event is a rise."""
        for system, names in operations.items():
            for name in ("api_retries_total", "throttled_seconds_total", "cache_requests_total", "cache_hits_total"):
                self._counters[name].labels(system)
            self._counters["unknown_states_total"].labels(system)
            for operation in names:
                self._counters["api_requests_total"].labels(system, operation)
                self._histograms["api_request_duration_seconds"].labels(system, operation)
                for reason in Reason:
                    self._counters["api_request_failures_total"].labels(system, operation, reason.value)

    def requested(self, system: str, operation: str, seconds: float, failure: Reason | None = None) -> None:
        """Count one request that was sent, how long it took, and why it failed if it did."""
        requests, duration = self._of(system, operation)
        requests.inc()
        duration.observe(seconds)
        if failure is not None:
            self.failed(system, operation, failure)

    def failed(self, system: str, operation: str, reason: Reason) -> None:
        """Count one request, already counted as sent, that brought no good answer."""
        self._counters["api_request_failures_total"].labels(system, operation, reason.value).inc()

    def _of(self, system: str, operation: str) -> tuple[Counter, Histogram]:
        """The series of an operation, looked up once: prometheus_client's own way to them is long."""
        if (key := (system, operation)) not in self._operations:
            self._operations[key] = (
                self._counters["api_requests_total"].labels(system, operation),
                self._histograms["api_request_duration_seconds"].labels(system, operation),
            )
        return self._operations[key]

    def retried(self, system: str) -> None:
        """Count one request that is sent once more."""
        self._counters["api_retries_total"].labels(system).inc()

    def throttled(self, system: str, seconds: float) -> None:
        """Add what a request waited for the request rate, or because BlueKing asked for it."""
        self._counters["throttled_seconds_total"].labels(system).inc(max(0.0, seconds))

    def cached(self, system: str, *, requests: int, hits: int) -> None:
        """Count tasks that a page wanted, and those of them that were served from a kept answer."""
        self._counters["cache_requests_total"].labels(system).inc(requests)
        self._counters["cache_hits_total"].labels(system).inc(hits)

    def coalesced(self) -> None:
        """Count one scrape that shared requests with another."""
        self._counters["coalesced_scrapes_total"].inc()

    def scraped(self, seconds: float) -> None:
        """Count one page and how long collecting its tasks took."""
        self._histograms["scrape_duration_seconds"].observe(seconds)

    def unknown_state(self, system: str, word: str) -> bool:
        """Count a word in the place of a state that this version does not know; whether it is news.

        A hostile upstream must not fill the memory with words: after very many none is news.
        """
        self._counters["unknown_states_total"].labels(system).inc()
        if (system, word) in self._words or len(self._words) >= _MAX_WORDS:
            return False
        self._words.add((system, word))
        return True

    def targets(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Set how many tasks there are per system and source; those not named are gone."""
        self._gauges["targets"].clear()
        for (system, source), tasks in counts.items():
            self._gauges["targets"].labels(system, source).set(tasks)

    def discovered(self, discovery: str, *, up: bool, truncated: bool, when: float | None) -> None:
        """Say how the last listing of a discovery went; `when` is the moment of the last one that succeeded."""
        self._gauges["discovery_up"].labels(discovery).set(up)
        self._gauges["discovery_truncated"].labels(discovery).set(truncated)
        if when is not None:
            self._gauges["discovery_last_success_timestamp_seconds"].labels(discovery).set(when)

    def forget_discoveries(self) -> None:
        """Drop every discovery, before those of a new configuration are told of."""
        for name in ("discovery_up", "discovery_truncated", "discovery_last_success_timestamp_seconds"):
            self._gauges[name].clear()

    def reloaded(self, *, successful: bool, when: float) -> None:
        """Say how an attempt to load the configuration ended, and when."""
        self._gauges["config_last_reload_successful"].set(successful)
        if successful:
            self._gauges["config_last_reload_success_timestamp_seconds"].set(when)

    def credentials_loaded(self, *, successful: bool) -> None:
        """Say how an attempt to read the credentials ended."""
        self._gauges["credentials_last_load_successful"].set(successful)

    def sharded(self, ordinal: int, shards: int) -> None:
        """Say which shard this exporter serves, of how many."""
        self._gauges["shard_ordinal"].set(ordinal)
        self._gauges["shards"].set(shards)


def _make(family: OwnFamily, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    name = PREFIX + family.name
    match family.type:
        case "counter":
            return Counter(name, family.help, family.labels, registry=registry)
        case "gauge":
            return Gauge(name, family.help, family.labels, registry=registry)
        case "histogram":
            return Histogram(name, family.help, family.labels, registry=registry, buckets=family.buckets)
