"""The exporter's own metric families, declared once, and the table of all families for README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.catalogue import FAMILIES, IDENTITY, NODE, NodeFamily

PREFIX = "bk_task_exporter_"


@dataclass(frozen=True, slots=True)
class OwnFamily:
    """A family about the exporter itself; `name` without PREFIX, `buckets` in seconds."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


OWN_FAMILIES: tuple[OwnFamily, ...] = (
    OwnFamily(
        "api_requests_total",
        "counter",
        "Requests sent to BlueKing, retries included.",
        ("system", "operation"),
    ),
    OwnFamily(
        "api_request_failures_total",
        "counter",
        "Requests to BlueKing that brought no good answer, per reason.",
        ("system", "operation", "reason"),
    ),
    OwnFamily(
        "api_request_duration_seconds",
        "histogram",
        "Seconds from sending a request to BlueKing until its answer was read, good or not.",
        ("system", "operation"),
        (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    ),
    OwnFamily("api_retries_total", "counter", "Requests to BlueKing that were sent once more.", ("system",)),
    OwnFamily(
        "throttled_seconds_total",
        "counter",
        "Seconds that requests waited for the configured request rate or because BlueKing asked for it.",
        ("system",),
    ),
    OwnFamily(
        "cache_requests_total",
        "counter",
        "Tasks that a page wanted to know of, whether an answer was kept or had to be fetched.",
        ("system",),
    ),
    OwnFamily("cache_hits_total", "counter", "Tasks that a page served from a kept answer.", ("system",)),
    OwnFamily(
        "coalesced_scrapes_total",
        "counter",
        "Scrapes that shared at least one request with another scrape at the same time.",
    ),
    OwnFamily(
        "scrape_duration_seconds",
        "histogram",
        "Seconds that collecting the tasks of one page took.",
        (),
        (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    ),
    OwnFamily(
        "targets",
        "gauge",
        "Tasks that are watched, per system and by where they come from: the configuration or a discovery.",
        ("system", "source"),
    ),
    OwnFamily("discovery_up", "gauge", "Whether the last listing of this discovery succeeded.", ("discovery",)),
    OwnFamily(
        "discovery_last_success_timestamp_seconds",
        "gauge",
        "When this discovery last listed its tasks, in seconds since the epoch; absent until it did.",
        ("discovery",),
    ),
    OwnFamily(
        "discovery_truncated",
        "gauge",
        "Whether the limit of this discovery left tasks out: 1 if so, 0 if not.",
        ("discovery",),
    ),
    OwnFamily(
        "unknown_states_total",
        "counter",
        "Words in the place of a state that this version does not know; such a task or node is unknown.",
        ("system",),
    ),
    OwnFamily(
        "config_last_reload_successful",
        "gauge",
        "Whether the last attempt to load the configuration succeeded.",
    ),
    OwnFamily(
        "config_last_reload_success_timestamp_seconds",
        "gauge",
        "When the configuration was last loaded with success, in seconds since the epoch.",
    ),
    OwnFamily(
        "credentials_last_load_successful",
        "gauge",
        "Whether the last attempt to read the credentials from their files succeeded.",
    ),
    OwnFamily("shard_ordinal", "gauge", "Which shard of the tasks this exporter serves, from 0."),
    OwnFamily("shards", "gauge", "Over how many exporters the tasks are spread."),
    OwnFamily(
        "build_info",
        "gauge",
        "Always 1. The labels say the version of the exporter, its revision and its Python.",
        ("version", "revision", "python_version"),
    ),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the tables say in one language; `tasks` has a place for the labels, `meanings` are by whole names."""

    tasks: str
    own: str
    head: tuple[str, ...]
    meanings: Mapping[str, str]


ENGLISH = Words(
    tasks="Every family of a task has the labels {identity}.",
    own="On `/metrics` only, beside the usual `process_*` and `python_*`:",
    head=("family", "type", "more labels", "meaning"),
    meanings={family.name: family.help for family in FAMILIES}
    | {PREFIX + family.name: family.help for family in OWN_FAMILIES},
)


def markdown_table(words: Words = ENGLISH) -> str:
    """All families as Markdown, for README: those of the tasks, then the exporter's own."""
    identity = ", ".join(f"`{label}`" for label in IDENTITY)
    tasks = [
        (family.name, "gauge", (NODE if isinstance(family, NodeFamily) else ()) + family.labels) for family in FAMILIES
    ]
    own = [(PREFIX + family.name, family.type, family.labels) for family in OWN_FAMILIES]
    return f"{words.tasks.format(identity=identity)}\n\n{_table(words, tasks)}\n{words.own}\n\n{_table(words, own)}"


def markdown_page() -> str:
    """The page `docs/metrics.md`."""
    return f"# Metrics\n\nThis page is generated from the catalogue.\n\n{markdown_table()}"


def _table(words: Words, rows: Iterable[tuple[str, str, tuple[str, ...]]]) -> str:
    lines = [f"| {' | '.join(words.head)} |", "|---|---|---|---|"]
    for name, kind, labels in rows:
        lines.append(f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {words.meanings[name]} |")
    return "\n".join(lines) + "\n"
