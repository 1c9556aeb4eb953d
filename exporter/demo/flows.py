"""The tasks of bk-sops or BKFlow: those with a part, those that keep coming, and those made up for scale."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf
from random import Random

from exporter.demo import names, stories
from exporter.demo.cast import BKFLOW_INLINE, Part, Task
from exporter.demo.crowd import TOP, Crowd
from exporter.demo.script import hashed, perform
from exporter.demo.tree import Phase, Plan

UNLISTED = range(90001, 90100)
STREAM = TOP
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


class Flows:
    """Every task of one system. Nothing is stored: a task follows from its id."""

    def __init__(self, setting: Setting, crowd: Crowd | None = None) -> None:
        self.setting = setting
        self.crowd = crowd or Crowd(setting.seed, setting.epoch, 0, 3, 0.0)
        self._tasks = lru_cache(8192)(self._make)
        self._plans = lru_cache(4096)(self._perform)

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
        return self.crowd.state(task, now) if task.id in self.crowd.numbers else self.plan(task).state(now)

    def stamp(self, task: Task, now: float, *, children: bool) -> bytes | None:
        """The task's tree in JSON, if it is one of those made up for scale."""
        return self.crowd.stamp(task, now, children=children) if task.id in self.crowd.numbers else None

    def ids(self, space: int, now: float, low: float = -inf, high: float = inf) -> Sequence[int]:
        """The listed tasks of a business that were created between two moments, newest id first."""
        coming = self._between(range(STREAM + 1, STREAM + 1 + self._arrived(now)), low, high)
        scaled = self._between(self.crowd.numbers if space == 0 else range(0), low, high)
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
        if number in self.crowd.numbers:
            return self.crowd.created(number)
        return setting.epoch - setting.cast[number].age * setting.pace

    def _arrived(self, now: float) -> int:
        setting = self.setting
        return max(0, int((now - setting.epoch + setting.history * setting.pace) / (setting.every * setting.pace)))

    def _known(self, number: int) -> bool:
        return number > STREAM or number in self.setting.cast or number in self.crowd.numbers

    def _make(self, number: int) -> Task:
        if number in self.crowd.numbers:
            return self.crowd.task(number)
        created = self.created(number)
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

    def _perform(self, number: int) -> Plan:
        task = self._tasks(number)
        if number in self.crowd.numbers:
            return self.crowd.plan(task)
        return perform(task.story, hashed(f"{self.setting.seed}/{task.system}/{number}"), task.created, task.pace)


def _space_of(number: int) -> int:
    return 1 if number % 5 == 0 else 0
