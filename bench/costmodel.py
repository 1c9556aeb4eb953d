"""What a page costs by the number of tasks: a model fitted to small runs, checked on large ones, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.leastsquares import fit

RESULTS = Path(__file__).with_name("scaling.json")
#: Of tasks that do not run any more, so many have failed; they are asked for like those that run.
FAILED = 0.02


@dataclass(frozen=True, slots=True)
class Size:
    """How many tasks, of how many nodes each, which share of them runs, and how many exporters share them.

    `again` is the part of the finished tasks that a page asks for again: scrape interval / final_cache_ttl.
    """

    tasks: int
    nodes: int
    running: float
    shards: int = 1
    again: float = 0.0

    @property
    def shown(self) -> float:
        """Tasks on the page of one exporter."""
        return self.tasks / self.shards

    @property
    def asked(self) -> float:
        """Tasks that each page of one exporter asks BlueKing for."""
        return self.shown * (self.running + (1 - self.running) * (FAILED + (1 - FAILED) * self.again))

    @property
    def cells(self) -> list[str]:
        """How tables say it, below SIZE."""
        return [f"{self.tasks:,}", str(self.nodes), f"{self.running:.0%}", str(self.shards)]


SIZE = ("tasks", "nodes of each", "running", "shards")


@dataclass(frozen=True, slots=True)
class Run:
    """What one exporter costs (with shards: their mean): the peak of memory until it is ready, in MiB.

    For each page after the first: requests, CPU seconds, resident memory, text and what of it travels in MiB, series.
    """

    size: Size
    start_mib: float
    requests: float
    cpu_seconds: float
    resident_mib: float
    page_mib: float
    sent_mib: float
    series: float


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured on one machine, one day."""

    machine: str
    training: list[Run]
    checks: list[Run]


TRAINING = [
    *(Size(tasks, nodes, share) for tasks in (1000, 10_000) for nodes in (5, 20) for share in (0.1, 0.9)),
    Size(10_000, 5, 0.5, shards=4),
    Size(10_000, 20, 0.5, shards=4),
]
CHECKS = [Size(100_000, 5, 0.5), Size(100_000, 10, 0.2, shards=8)]
#: Seconds between two scrapes of sites that nobody measured, and the default of `final_cache_ttl`.
INTERVAL, FINAL = 30, 300
QUESTIONS = [
    Size(tasks, 10, running, shards, again=INTERVAL / FINAL)
    for tasks, running, shards in ((100_000, 0.2, 4), (1_000_000, 0.2, 40), (1_000_000, 0.02, 20))
]

#: What a cost may depend on.
TERMS: Mapping[str, Callable[[Size], float]] = {
    "exporter": lambda _: 1.0,
    "1,000 tasks configured": lambda size: size.tasks / 1000,
    "1,000 tasks shown": lambda size: size.shown / 1000,
    "1,000 nodes shown": lambda size: size.shown * size.nodes / 1000,
    "1,000 tasks asked for": lambda size: size.asked / 1000,
    "1,000 nodes of these": lambda size: size.asked * size.nodes / 1000,
}
_SELF, _CONFIGURED, _TASKS, _NODES, _ASKED, _ASKED_NODES = TERMS


@dataclass(frozen=True, slots=True)
class Cost:
    """One cost: a field of Run, its name in tables, its format there, and what it depends on."""

    field: str
    title: str
    form: str
    terms: tuple[str, ...]

    def of(self, run: Run) -> float:
        """What was measured."""
        return float(getattr(run, self.field))

    def fitted(self, runs: Sequence[Run]) -> Mapping[str, float]:
        """The coefficients of the terms that come closest to these runs."""
        rows = [[TERMS[term](run.size) for term in self.terms] for run in runs]
        return dict(zip(self.terms, fit(rows, [self.of(run) for run in runs]), strict=True))


REQUESTS = Cost("requests", "requests", ",.0f", (_SELF, _ASKED))
SERIES = Cost("series", "series", ",.0f", (_SELF, _TASKS, _NODES))
COSTS = (
    REQUESTS,
    Cost("cpu_seconds", "CPU, s", ",.2f", (_SELF, _TASKS, _NODES, _ASKED, _ASKED_NODES)),
    Cost("resident_mib", "memory, MiB", ",.0f", tuple(TERMS)),
    Cost("page_mib", "page, MiB", ",.1f", (_SELF, _TASKS, _NODES)),
    Cost("sent_mib", "gzipped, MiB", ",.2f", (_SELF, _TASKS, _NODES)),
    SERIES,
    Cost("start_mib", "memory at start, MiB", ",.0f", (_SELF, _CONFIGURED)),
)
_HEAD = (*SIZE, *(cost.title for cost in COSTS))
#: By cost and term.
Model = Mapping[str, Mapping[str, float]]


def fitted(runs: Sequence[Run]) -> Model:
    """The coefficients of all costs that come closest to these runs."""
    return {cost.field: cost.fitted(runs) for cost in COSTS}


def predicted(model: Model, cost: Cost, size: Size) -> float:
    """What the model says of one exporter."""
    return sum(value * TERMS[term](size) for term, value in model[cost.field].items())


def error(model: Model, cost: Cost, run: Run) -> float:
    """How far the model is from what was measured: 0.1 is ten percent too much."""
    return predicted(model, cost, run.size) / cost.of(run) - 1


def stored(path: Path = RESULTS) -> Results:
    """What was measured last."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def tables() -> str:
    """The generated part of docs/scaling.md."""
    results = stored()
    model = fitted(results.training)
    parts = [
        f"Measured on {results.machine}.",
        "What one exporter costs, for each of what stands above the column:",
        _coefficients(model),
        "The runs that the model was fitted to:",
        _comparison(model, results.training),
        "The runs that it was checked against, of which it knew nothing:",
        _comparison(model, results.checks),
        f"What it says of other sites, with a scrape every {INTERVAL} s and `final_cache_ttl: {FINAL}s`:",
        _answers(model),
    ]
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _coefficients(model: Model) -> str:
    rows = [[cost.title, *(_figure(model[cost.field].get(term)) for term in TERMS)] for cost in COSTS]
    return _table(["", *TERMS], rows)


def _figure(value: float | None) -> str:
    if not value:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _comparison(model: Model, runs: Sequence[Run]) -> str:
    rows = [
        [*run.size.cells, *(f"{cost.of(run):{cost.form}} ({error(model, cost, run):+.0%})" for cost in COSTS)]
        for run in runs
    ]
    return _table(_HEAD, rows)


def _answers(model: Model) -> str:
    rows = []
    for size in QUESTIONS:
        rate, series = (size.shards * predicted(model, cost, size) for cost in (REQUESTS, SERIES))
        each = (f"{predicted(model, cost, size):{cost.form}}" for cost in COSTS)
        rows.append([*size.cells, *each, f"{rate / INTERVAL:,.0f}", f"{series:,.0f}"])
    return _table([*_HEAD, "all shards: requests/s", "all shards: series"], rows)
