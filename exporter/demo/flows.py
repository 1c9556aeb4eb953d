"""The tasks of bk-sops or BKFlow: those with a part, those that keep coming, and those made up for scale."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from math import inf
from random import Random

from exporter.demo import names, stories
from exporter.demo.cast import BKFLOW_INLINE, Part
from exporter.demo.script import Incident, Step, Story, perform
from exporter.demo.tree import Phase, Plan, last

UNLISTED = range(90001, 90100)
SCALE, STREAM = 100_000, 1_000_000
SCALE_AGE = 6 * 3600.0
METHODS = ("app", "api", "app_maker", "periodic", "clocked", "mobile", "mcp")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a population is made of. Seconds of stories last `pace` seconds each."""

    system: str
    cast: Mapping[int, Part]
    seed: int
    epoch: float
    pace: float
    every: float
    history: float
    scale: int = 0
    nodes: int = 20
    running_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Task:
    """A row of the task table. `space` counts the businesses (or spaces) of the world from 0."""

    system: str
    id: int
    space: int
    name: str
    created: float
    template: int
    creator: str
    method: str
    mark: str
    story: Story
    pace: float


class Flows:
    """Every task of one system. Nothing is stored: a task follows from its id."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._tasks = lru_cache(8192)(self._make)
        self._plans = lru_cache(4096)(self._perform)
        self._scale_stories = _scale_stories(setting.nodes)
        self._scale_lives = tuple(perform(story, "", 0.0, 1.0).root.phases for story in self._scale_stories)

    def get(self, number: int, now: float) -> Task | None:
        """The task, if it has been created by now."""
        if not self._known(number):
            return None
        task = self._tasks(number)
        return task if task.created <= now else None

    def plan(self, task: Task) -> Plan:
        """The task's whole life by its script."""
        return self._plans(task.id)

    def state(self, task: Task, now: float) -> Phase:
        """What the task itself is by its script; cheap for those made up for scale."""
        if not SCALE < task.id <= STREAM:
            return self.plan(task).state(now)
        phase = last(self._scale_lives[self._fate(task.id)], now - task.created)
        return (phase or self._scale_lives[0][0]).moved(task.created)

    def ids(self, space: int, now: float, low: float = -inf, high: float = inf) -> Sequence[int]:
        """The listed tasks of a business that were created between two moments, newest id first."""
        coming = self._between(range(STREAM + 1, STREAM + 1 + self._arrived(now)), low, high)
        scaled = self._between(range(SCALE + 1, SCALE + 1 + self.setting.scale), low, high) if space == 0 else range(0)
        cast = [n for n, part in self.setting.cast.items() if part.space == space and low <= self.created(n) <= high]
        shown = [n for n in cast if n not in UNLISTED and self.setting.cast[n].mark not in ("deleted", "expired")]
        return [
            *(n for n in reversed(coming) if _space_of(n) == space),
            *reversed(scaled),
            *sorted(shown, reverse=True),
        ]

    def _between(self, numbers: range, low: float, high: float) -> range:
        """Ids grow with time, so that a stretch of time is a stretch of ids."""
        return numbers[bisect_left(numbers, low, key=self.created) : bisect_right(numbers, high, key=self.created)]

    def created(self, number: int) -> float:
        """When a task of that id is created."""
        setting = self.setting
        if number > STREAM:
            return setting.epoch - setting.history * setting.pace + (number - STREAM) * setting.every * setting.pace
        if number > SCALE:
            rest = setting.scale - (number - SCALE)
            return setting.epoch - 60 - 2 * setting.nodes - SCALE_AGE * rest / max(1, setting.scale)
        return setting.epoch - setting.cast[number].age * setting.pace

    def _arrived(self, now: float) -> int:
        setting = self.setting
        return max(0, int((now - setting.epoch + setting.history * setting.pace) / (setting.every * setting.pace)))

    def _known(self, number: int) -> bool:
        return number > STREAM or number in self.setting.cast or SCALE < number <= SCALE + self.setting.scale

    def _make(self, number: int) -> Task:
        created = self.created(number)
        if SCALE < number <= STREAM:
            return self._scaled(number, created)
        rng = Random(f"{self.setting.seed}/{self.setting.system}/{number}")
        part = self.setting.cast.get(number)
        story = (part.story if part else stories.everyday)(rng)
        if self.setting.system == "bkflow" and number not in BKFLOW_INLINE:
            story = replace(story, inline=False, engine="v2")
        name = part.name if part and part.name else names.task(rng, number)
        space, mark = (part.space, part.mark) if part else (_space_of(number), "")
        user, method = rng.choice(names.USERS), "app" if part else rng.choice(METHODS)
        return Task(
            self.setting.system,
            number,
            space,
            name,
            created,
            rng.randint(1, 12),
            user,
            method,
            mark,
            story,
            self.setting.pace,
        )

    def _scaled(self, number: int, created: float) -> Task:
        story = self._scale_stories[self._fate(number)]
        name, user = f"scale_{number}", names.USERS[number % len(names.USERS)]
        return Task(self.setting.system, number, 0, name, created, number % 12 + 1, user, "api", "", story, 1.0)

    def _fate(self, number: int) -> int:
        digest = blake2b(f"{self.setting.seed}/{number}".encode(), digest_size=4).digest()
        share = int.from_bytes(digest) / 2**32
        if share < self.setting.running_share:
            return 0
        return 2 if (share - self.setting.running_share) < 0.02 * (1 - self.setting.running_share) else 1

    def _perform(self, number: int) -> Plan:
        task = self._tasks(number)
        return perform(task.story, f"{self.setting.seed}/{task.system}/{number}", task.created, task.pace)


def _space_of(number: int) -> int:
    return 1 if number % 5 == 0 else 0


def _scale_stories(nodes: int) -> tuple[Story, Story, Story]:
    """Running, finished and failed tasks that show exactly `nodes` nodes each."""
    row = tuple(Step(names.ACTIVITIES[i % len(names.ACTIVITIES)], 1) for i in range(max(1, nodes - 2)))
    at_work, bad = Step("等待", 365 * stories.DAY), Step("执行脚本", 1, (Incident("stay"),), failure=names.FAILURES[1])
    return Story((*row, at_work), start=1), Story(row, start=1), Story((*row, bad), start=1)
