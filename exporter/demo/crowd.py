"""Tasks of bk-sops made up for scale: all alike, so that each fate's tree is rendered once, and then stamped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec

from exporter.demo import names, stories, times
from exporter.demo.cast import Task
from exporter.demo.script import Incident, Step, Story, perform
from exporter.demo.tree import Phase, Plan, last
from exporter.demo.trees import View, fields_of, modern

BASE, TOP = 100_000, 1_000_000
AGE = 6 * 3600.0
START = 1.0
RUNNING, FINISHED, FAILED = range(3)
# What a template is rendered with: no other text in it looks like these.
MARK, NAME, CREATED, ELAPSED = "~" * 16, "~name~", 1e9, 987_654_321


@dataclass(slots=True)
class Crowd:
    """`size` tasks with `nodes` started nodes each; those that do not run any more have finished, some have failed."""

    seed: int
    epoch: float
    size: int
    nodes: int
    running_share: float
    fates: Sequence[Story] = field(init=False)
    lives: Sequence[tuple[Phase, ...]] = field(init=False)
    templates: dict[tuple[int, bool], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fates = _stories(self.nodes)
        self.lives = tuple(perform(story, marked(MARK), 0.0, 1.0).root.phases for story in self.fates)

    @property
    def numbers(self) -> range:
        """The ids of the crowd, oldest first."""
        return range(BASE + 1, BASE + 1 + self.size)

    def created(self, number: int) -> float:
        """When a task was created: they come one after the other within some hours before the curtain."""
        return self.epoch - 60 - AGE * (BASE + self.size - number) / max(1, self.size)

    def task(self, number: int) -> Task:
        """The row of one task."""
        story, user = self.fates[self._fate(self._digest(number))], names.USERS[number % len(names.USERS)]
        created, template = self.created(number), number % 12 + 1
        return Task("sops", number, 0, f"scale_{number}", created, template, user, "api", "", story, 1.0)

    def plan(self, task: Task) -> Plan:
        """The task's whole life."""
        return perform(task.story, marked(self._digest(task.id).hex()), task.created, 1.0)

    def state(self, task: Task, now: float) -> Phase:
        """What the task itself is, without a look at its nodes."""
        life = self.lives[self._fate(self._digest(task.id))]
        return (last(life, now - task.created) or life[0]).moved(task.created)

    def stamp(self, task: Task, now: float, *, children: bool) -> bytes:
        """The tree as bk-sops shows it today, in JSON: what rendering the plan gives, but a hundred times faster."""
        digest, start = self._digest(task.id), task.created + START
        fate = self._fate(digest)
        if (fate, children) not in self.templates:
            self.templates[fate, children] = _template(self.fates[fate], children=children)
        return self.templates[fate, children] % {
            b"mark": digest.hex().encode(),
            b"name": task.name.encode(),
            b"start": times.spaced(start).encode(),
            b"elapsed": b"0" if fate == FINISHED else b"%d" % round(now - start),
        }

    def _digest(self, number: int) -> bytes:
        return blake2b(f"{self.seed}/{number}".encode(), digest_size=8).digest()

    def _fate(self, digest: bytes) -> int:
        share = int.from_bytes(digest) / 2**64
        if share < self.running_share:
            return RUNNING
        return FAILED if share - self.running_share < 0.02 * (1 - self.running_share) else FINISHED


def marked(mark: str) -> Callable[[int], str]:
    """Engine ids that differ between two tasks by 16 characters only."""
    return lambda count: f"n{blake2b(str(count).encode(), digest_size=8).hexdigest()[:15]}{mark}"


def _template(story: Story, *, children: bool) -> bytes:
    plan = perform(story, marked(MARK), CREATED, 1.0)
    tree = modern(plan, plan.root, CREATED + START + ELAPSED, View())
    tree.name = NAME
    shown: Any = tree if children else fields_of(tree, but="children")
    text = msgspec.json.encode(shown).replace(b"%", b"%%")
    replaced = {"mark": MARK, "name": NAME, "start": times.spaced(CREATED + START), "elapsed": str(ELAPSED)}
    for key, sample in replaced.items():
        text = text.replace(sample.encode(), f"%({key})b".encode())
    return text


def _stories(nodes: int) -> tuple[Story, Story, Story]:
    """Running, finished and failed, with exactly `nodes` started nodes; whatever is done took no time."""
    row = tuple(Step(names.ACTIVITIES[i % len(names.ACTIVITIES)]) for i in range(max(1, nodes - 2)))
    at_work = Step("等待", 50 * 365 * stories.DAY)
    bad = Step("执行脚本", incidents=(Incident("stay"),), failure=names.FAILURES[1])
    return Story((*row, at_work), start=START), Story(row, start=START), Story((*row, bad), start=START)
