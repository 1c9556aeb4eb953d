"""The jobs of nodeman or gsekit: hosts or processes that are worked on side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from exporter.demo import names
from exporter.demo.tree import Cycle, Kind, Node, Phase, Plan

STREAM = 5_000
UNLISTED = range(90001, 90100)


@dataclass(frozen=True, slots=True)
class Script:
    """How a job goes. Seconds are those of the story; `again`: the failed ones are retried every so many seconds."""

    good: int = 3
    bad: int = 0
    ignored: int = 0
    excluded: int = 0
    seconds: float = 60.0
    again: float = 0.0
    revoked: float | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class JobPart:
    """A job with a fixed id; `age`: seconds before the curtain."""

    script: Script
    age: float
    space: int = 0
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the job table."""

    system: str
    id: int
    space: int
    created: float
    creator: str
    kind: int
    script: Script
    pace: float


@dataclass(frozen=True, slots=True)
class JobWords:
    """The states of a system's hosts or processes."""

    pending: str
    running: str
    success: str
    failed: str
    ignored: str
    stopped: str = ""


WORDS = {
    "nodeman": JobWords("PENDING", "RUNNING", "SUCCESS", "FAILED", "IGNORED", "TERMINATED"),
    "gsekit": JobWords("pending", "running", "succeeded", "failed", "ignored"),
}
PARTS: Mapping[int, JobPart] = {
    1: JobPart(Script(good=6, bad=1, seconds=90, again=600), 200),
    2: JobPart(Script(good=3), 6000),
    3: JobPart(Script(good=0, seconds=5, mark="preparing"), 10),
    4: JobPart(Script(good=4, bad=2, seconds=40), 4000),
    5: JobPart(Script(good=0, bad=3, seconds=40), 5000),
    6: JobPart(Script(good=8, ignored=2, excluded=2, seconds=60), 3000),
    7: JobPart(Script(good=12, bad=3, seconds=120, again=900), 700),
    8: JobPart(Script(good=2, bad=0, seconds=300, revoked=60, mark="revoked"), 100),
    9: JobPart(Script(good=300, bad=4, seconds=240, again=1200), 800),
    10: JobPart(Script(good=0, mark="refused"), 2000),
    11: JobPart(Script(good=0, ignored=1, mark="nothing"), 2500),
    12: JobPart(Script(good=20, seconds=86400 * 2), 30),
    13: JobPart(Script(good=5), 9000),
    14: JobPart(Script(good=24, seconds=900), 60),
    15: JobPart(Script(good=8, ignored=1), 20000),
    16: JobPart(Script(good=40, seconds=6 * 3600), 600),
    187: JobPart(Script(good=0, bad=1, seconds=30), 7000),
    34: JobPart(Script(good=3), 3000, space=1),
    35: JobPart(Script(good=3), 3000, space=2),
    90002: JobPart(Script(good=3), 3000, space=1, trouble=True),
    90015: JobPart(Script(good=5, bad=1, again=600), 300, trouble=True),
    90027: JobPart(Script(good=5, bad=1, again=600), 300, trouble=True),
}
EVERYDAY: tuple[Callable[[Random], Script], ...] = (
    lambda rng: Script(good=rng.randint(1, 20), seconds=rng.uniform(30, 200)),
    lambda rng: Script(good=rng.randint(1, 20), seconds=rng.uniform(30, 200)),
    lambda rng: Script(good=rng.randint(1, 60), ignored=rng.randint(0, 3), seconds=rng.uniform(60, 300)),
    lambda rng: Script(good=rng.randint(1, 9), bad=rng.randint(1, 3), seconds=rng.uniform(30, 90)),
)


class Jobs:
    """Every job of one system. Nothing is stored: a job follows from its id."""

    def __init__(self, system: str, *, seed: int, epoch: float, pace: float, every: float, history: float) -> None:
        self.system, self.seed, self.epoch, self.pace = system, seed, epoch, pace
        self.every, self.history = every, history
        self._jobs = lru_cache(4096)(self._make)
        self._plans = lru_cache(1024)(self._perform)

    def get(self, number: int, now: float) -> Job | None:
        """The job, if it has been created by now."""
        if number not in PARTS and (number <= STREAM or number in UNLISTED):
            return None
        job = self._jobs(number)
        return job if job.created <= now else None

    def plan(self, job: Job) -> Plan:
        """The job's whole life by its script: the root's children are hosts or processes."""
        return self._plans(job.id)

    def ids(self, space: int, now: float) -> Sequence[int]:
        """The listed jobs of a business, newest first."""
        arrived = max(0, int((now - self.epoch + self.history * self.pace) / (self.every * self.pace)))
        coming = (n for n in range(STREAM + arrived, STREAM, -1) if (n % 5 == 0) == (space == 1))
        cast = (n for n in sorted(PARTS, reverse=True) if PARTS[n].space == space and not PARTS[n].trouble)
        return [*(coming if space < 2 else ()), *cast]

    def _created(self, number: int) -> float:
        if number in PARTS:
            return self.epoch - PARTS[number].age * self.pace
        return self.epoch + (-self.history + (number - STREAM) * self.every) * self.pace

    def _make(self, number: int) -> Job:
        rng = Random(f"{self.seed}/{self.system}/{number}")
        part = PARTS.get(number)
        script = part.script if part else rng.choice(EVERYDAY)(rng)
        space = part.space if part else int(number % 5 == 0)
        user = rng.choice(names.USERS)
        return Job(self.system, number, space, self._created(number), user, rng.randrange(1000), script, self.pace)

    def _perform(self, number: int) -> Plan:
        job = self._jobs(number)
        return perform(job, WORDS[self.system], Random(f"{self.seed}/{self.system}/{number}/hosts"))


def perform(job: Job, words: JobWords, rng: Random) -> Plan:
    """The life of a job: first all are worked on, then the failed ones are retried again and again."""
    script, pace = job.script, job.pace
    ends = [words.success] * script.good + [words.failed] * script.bad + [words.ignored] * script.ignored
    rng.shuffle(ends)
    cycle = Cycle(job.created + script.again * pace, script.again * pace, 100_000) if script.again else None
    nodes = tuple(_node(job, rng, i, end, cycle) for i, end in enumerate(ends))
    root = Node(str(job.id), "", "root", (Phase(job.created, "RUNNING", job.created),), nodes)
    return Plan(root, cycle)


def _node(job: Job, rng: Random, index: int, end: str, cycle: Cycle | None) -> Node:
    words = WORDS[job.system]
    kind: Kind = "host" if job.system == "nodeman" else "process"
    start = job.created + (2 + rng.random() * min(60.0, job.script.seconds * 0.3)) * job.pace
    over = start + job.script.seconds * (0.2 + 0.5 * rng.random()) * job.pace
    phases = [Phase(job.created, words.pending), Phase(start, words.running, start), Phase(over, end, start, over)]
    if end == words.ignored:
        phases = [phases[0], Phase(start, end, start, start)]
    retried = cycle is not None and end == words.failed
    if cycle is not None and retried:
        phases += _retry(words, cycle, rng)
    node = Node(f"{job.id}/{index}", str(index), kind, tuple(phases), (), retried)
    return (
        node
        if job.script.revoked is None
        else _stopped(node, words, index, job.created + job.script.revoked * job.pace)
    )


def _retry(words: JobWords, cycle: Cycle, rng: Random) -> list[Phase]:
    start = cycle.start + rng.random() * 0.05 * cycle.period
    over = start + (0.1 + 0.3 * rng.random()) * cycle.period
    return [
        Phase(cycle.start, words.pending, None, None, 1),
        Phase(start, words.running, start, None, 1),
        Phase(over, words.failed, start, over, 1),
    ]


def _stopped(node: Node, words: JobWords, index: int, moment: float) -> Node:
    """A revoked job's host: the first two stay pending for a while, and then one still reports in."""
    if index == 0:
        late = moment * 2 - node.phases[0].at
        phases = (node.phases[0], Phase(late, words.running, late), Phase(late + 1, words.failed, late, late + 1))
        return replace(node, phases=phases)
    return replace(node, phases=(node.phases[0], Phase(moment, words.stopped or words.failed, None, moment)))
