"""The tasks of bk-sops or BKFlow: those with a part, those that keep coming, and those made up for scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from random import Random

from exporter.demo import names, stories
from exporter.demo.cast import BKFLOW_INLINE, Part
from exporter.demo.script import Incident, Step, Story, perform
from exporter.demo.tree import Plan

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
        self._scale_stories = tuple(_scale_stories(setting.nodes))

    def get(self, number: int, now: float) -> Task | None:
        """The task, if it has been created by now."""
        if not self._known(number):
            return None
        task = self._tasks(number)
        return task if task.created <= now else None

    def plan(self, task: Task) -> Plan:
        """The task's whole life by its script."""
        return self._plans(task.id)

    def ids(self, space: int, now: float) -> Sequence[int]:
        """The listed tasks of a business, newest id first."""
        coming = (n for n in range(STREAM + self._arrived(now), STREAM, -1) if _space_of(n) == space)
        scaled = range(SCALE + self.setting.scale, SCALE, -1) if space == 0 else ()
        cast = sorted((n for n, part in self.setting.cast.items() if part.space == space), reverse=True)
        shown = (n for n in cast if n not in UNLISTED and self.setting.cast[n].mark not in ("deleted", "expired"))
        return [*coming, *scaled, *shown]

    def created(self, number: int) -> float:
        """When a task of that id is created; cheap, so that long lists can be searched."""
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
        user, method = rng.choice(names.USERS), rng.choice(METHODS)
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
        share = blake2b(f"{self.setting.seed}/{number}".encode(), digest_size=4).digest()
        story = self._scale_stories[self._fate(int.from_bytes(share) / 2**32)]
        name, user = f"scale_{number}", names.USERS[number % len(names.USERS)]
        return Task(self.setting.system, number, 0, name, created, number % 12 + 1, user, "api", "", story, 1.0)

    def _fate(self, share: float) -> int:
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
