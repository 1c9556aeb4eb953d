"""Pages, made and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from exporter.families import TaskCollector
from exporter.model import Task
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.render import Renderer
from exporter.systems.base import Nodes


def kept(renderer: Renderer, outcomes: Sequence[Outcome[Task]]) -> list[Outcome[Rendered]]:
    """The same outcomes as a collector keeps them."""
    return [
        Outcome(
            each.identity,
            None if each.kept is None else renderer.distill(each.identity, each.kept),
            each.error,
            each.fetched,
            each.duration,
        )
        for each in outcomes
    ]


def page(
    outcomes: Sequence[Outcome[Task]],
    *,
    nodes: Nodes = "all",
    nodes_per_task: int = 100,
    node_series: int = 10_000,
    openmetrics: bool = False,
) -> str:
    """The page of these outcomes as the exporter renders it."""
    renderer = Renderer(nodes, nodes_per_task)
    chunks = renderer.page(kept(renderer, outcomes), node_series=node_series, openmetrics=openmetrics)
    return b"".join(chunks).decode()


def reference(
    outcomes: Sequence[Outcome[Task]],
    *,
    nodes: Nodes = "all",
    nodes_per_task: int = 100,
    node_series: int = 10_000,
    openmetrics: bool = False,
) -> str:
    """The page of these outcomes as prometheus_client renders it."""
    registry = CollectorRegistry()
    registry.register(
        TaskCollector(lambda: outcomes, nodes=nodes, nodes_per_task=nodes_per_task, node_series=node_series)
    )
    rendered: bytes = (generate_openmetrics if openmetrics else generate_latest)(registry)
    return rendered.decode()


def parsed(text: str, *, openmetrics: bool = False) -> list[Sample]:
    """Every sample of a page; raises ValueError where prometheus_client's parser (for OpenMetrics: strict) refuses it."""
    families = (parse_openmetrics if openmetrics else parse_text)(text)
    return [sample for family in families for sample in family.samples]


def sample_lines(text: str) -> list[str]:
    """The lines of a page that are samples."""
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def series(samples: Sequence[Sample]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """What tells series apart: name and labels. A label that is empty is as good as absent."""
    return [(each.name, tuple(sorted((k, v) for k, v in each.labels.items() if v))) for each in samples]
