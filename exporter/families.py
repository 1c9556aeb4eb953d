"""The same samples for a prometheus_client registry: `registry.register(TaskCollector(...))`.

It is the reference too: a test holds `exporter.render` line for line to what prometheus_client makes of these families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter.catalogue import (
    FAMILIES,
    Family,
    NodeFamily,
    PageFamily,
    Sample,
    TaskFamily,
    all_labels,
    identity_values,
    node_names,
    task_samples,
)
from exporter.model import Task
from exporter.nodeselection import NO_CLASSES, Selection, select_of, share
from exporter.outcome import Outcome
from exporter.systems.base import Nodes


@dataclass(frozen=True, slots=True)
class _Row:
    """One task of the page, and what of it is shown."""

    labels: tuple[str, ...]
    outcome: Outcome[Task]
    selection: Selection | None
    shown: int

    @property
    def truncated(self) -> int | None:
        """Nodes that the limits of task and page leave out; None where no single nodes are shown."""
        if self.selection is None:
            return None
        return self.selection.truncated + len(self.selection.nodes) - self.shown


class TaskCollector(Collector):
    """Families of the tasks that `outcomes` returns when a registry collects."""

    def __init__(
        self,
        outcomes: Callable[[], Iterable[Outcome[Task]]],
        *,
        nodes: Nodes = "all",
        nodes_per_task: int = 100,
        node_series: int = 10_000,
    ) -> None:
        self._outcomes = outcomes
        self._nodes: Nodes = nodes
        self._nodes_per_task = nodes_per_task
        self._node_series = node_series

    def describe(self) -> Iterable[Metric]:
        """Every family without samples, so that registering asks nobody."""
        return [_empty(family) for family in FAMILIES]

    def collect(self) -> Iterator[Metric]:
        """Every family that has samples, in the order of the catalogue."""
        rows = self._rows()
        for family in FAMILIES:
            metric = _empty(family)
            for row in rows:
                for values, value in _samples(family, row):
                    _add(metric, family, row.labels + values, value)
            if metric.samples:
                yield metric

    def _rows(self) -> list[_Row]:
        first: dict[tuple[str, ...], Outcome[Task]] = {}
        for outcome in self._outcomes():
            first.setdefault(identity_values(outcome.identity), outcome)
        selections = [self._select(outcome.kept) for outcome in first.values()]
        shown = share([s.classes if s else NO_CLASSES for s in selections], self._node_series)
        return [_Row(*row) for row in zip(first, first.values(), selections, shown, strict=True)]

    def _select(self, task: Task | None) -> Selection | None:
        return None if task is None else select_of(task, self._nodes, self._nodes_per_task)


def _empty(family: Family) -> GaugeMetricFamily:
    return GaugeMetricFamily(family.name, family.help, labels=all_labels(family))


def _add(metric: GaugeMetricFamily, family: Family, values: Sequence[str], value: float) -> None:
    """Add one sample; add_metric itself drops labels without a word where there are too few values."""
    if len(values) != len(all_labels(family)):
        raise ValueError(f"{family.name} has the labels {all_labels(family)}, but was given {len(values)} values")
    metric.add_metric(values, value)


def _samples(family: Family, row: _Row) -> Iterable[Sample]:
    match family:
        case PageFamily():
            value = family.value(row.outcome, row.truncated)
            return [] if value is None else [((), value)]
        case TaskFamily():
            return [] if row.outcome.kept is None else task_samples(family, row.outcome.identity, row.outcome.kept)
        case NodeFamily():
            return [] if row.selection is None else _node_samples(family, row.selection, row.shown)


def _node_samples(family: NodeFamily, selection: Selection, shown: int) -> Iterator[Sample]:
    nodes = selection.nodes[:shown]
    for node, node_id, name in zip(nodes, selection.ids, node_names(nodes), strict=False):
        sample = family.sample(node)
        if sample is not None:
            yield (node_id, name, *sample[0]), sample[1]
