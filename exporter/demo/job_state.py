"""What a job is called while its hosts or processes are where they are: read off them, as upstream does."""

from collections import Counter
from dataclasses import dataclass

from exporter.demo.jobs import WORDS, Job
from exporter.demo.tree import Node, Phase, Plan


@dataclass(frozen=True, slots=True)
class JobState:
    """A job at one moment. `end`: when everything last stood still, also while retried ones run again."""

    nodes: tuple[tuple[Node, Phase], ...]
    counts: Counter[str]
    start: float
    end: float | None
    active: bool
    retried: bool


def read(job: Job, plan: Plan, now: float) -> JobState:
    """Hosts or processes as they are at `now`."""
    words = WORDS[job.system]
    nodes = _at(plan, now)
    counts = Counter(phase.state for _, phase in nodes)
    at_work = (words.pending, words.running)
    again = [phase.at for _, phase in nodes if phase.state in at_work and phase.retry]
    active = any(counts[word] for word in at_work)
    quiet = nodes if not active else _at(plan, _before(plan, again, at_work)) if again else ()
    end = max((phase.finish or phase.at for _, phase in quiet), default=None)
    return JobState(nodes, counts, job.created, end, active, bool(again))


def _at(plan: Plan, now: float) -> tuple[tuple[Node, Phase], ...]:
    return tuple((node, phase) for node in plan.root.children if (phase := plan.phase(node, now)))


def _before(plan: Plan, again: list[float], at_work: tuple[str, ...]) -> float:
    """The moment just before the retry: a retried one may be pending first and running later."""
    moment = min(again)
    while any(phase.state in at_work and phase.retry for _, phase in _at(plan, moment - 1e-3)):
        moment = min(phase.at for _, phase in _at(plan, moment - 1e-3) if phase.state in at_work and phase.retry)
    return moment - 1e-3
