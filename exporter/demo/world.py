"""The living world: tasks of four systems, a pure function of seed, task and clock, until somebody intervenes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from exporter.demo import cast
from exporter.demo.cast import Task
from exporter.demo.crowd import Crowd
from exporter.demo.edits import Words
from exporter.demo.flows import Flows, Setting
from exporter.demo.intervention import ACTS, Taken
from exporter.demo.jobs import WORDS, Job, Jobs
from exporter.demo.tree import Phase, Plan

SYSTEMS = ("sops", "bkflow", "nodeman", "gsekit")
# By index, as `Task.space` counts. The third one is there, but its data is not for the exporter's user.
BUSINESSES = (2, 3, 4)
PROJECTS = (7, 8, 9)
SPACES = (1, 2, 9)
ARRIVAL = {"sops": 45.0, "bkflow": 60.0, "nodeman": 240.0, "gsekit": 180.0}
HISTORY = 3600.0
UNLISTED_MARKS = ("deleted", "expired")


@dataclass(frozen=True, slots=True)
class Population:
    """How many tasks there are beside the cast. `tasks` extra ones of bk-sops have `nodes` started nodes each."""

    tasks: int = 0
    nodes: int = 20
    running_share: float = 0.5
    arrivals: bool = True


class World:
    """Tasks and jobs at the time that `clock` (epoch seconds) tells.

    `speed` shortens lives, not the calendar: at speed 60 a story of an hour takes a minute, and every time shown is the
    clock's, so that it agrees with whoever reads it. `epoch` is the moment the curtain rises, by default now.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        speed: float = 1.0,
        clock: Callable[[], float],
        epoch: float | None = None,
        population: Population = Population(),
    ) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.seed, self.speed, self.now = seed, speed, clock
        self.epoch = clock() if epoch is None else epoch
        self._taken: dict[tuple[str, int], Taken] = {}
        self._marks: dict[tuple[str, int], str] = {}
        # Counts interventions, for those who keep what they found out.
        self.version = 0
        pace = 1 / speed
        self._flows = {name: self._make_flows(name, pace, population) for name in ("sops", "bkflow")}
        self._jobs = {
            name: Jobs(
                name,
                seed=seed,
                epoch=self.epoch,
                pace=pace,
                every=ARRIVAL[name],
                history=HISTORY if population.arrivals else -1e12,
            )
            for name in ("nodeman", "gsekit")
        }

    def _make_flows(self, system: str, pace: float, population: Population) -> Flows:
        parts = cast.SOPS if system == "sops" else cast.BKFLOW
        history = HISTORY if population.arrivals else -1e12
        setting = Setting(system, parts, self.seed, self.epoch, pace, ARRIVAL[system], history)
        crowd = Crowd(self.seed, self.epoch, population.tasks, population.nodes, population.running_share)
        return Flows(setting, crowd if system == "sops" else None)

    def task(self, system: str, number: int) -> Task | None:
        """A task of bk-sops or BKFlow that exists by now, whatever its mark says."""
        return self._flows[system].get(number, self.now())

    def job(self, system: str, number: int) -> Job | None:
        """A job of nodeman or gsekit that exists by now."""
        return self._jobs[system].get(number, self.now())

    def ids(self, system: str, space: int, low: float = -inf, high: float = inf) -> Sequence[int]:
        """The listed ids of a business or space (counted from 0), newest first.

        `low` and `high` are epoch seconds between which tasks of bk-sops and BKFlow were created.
        """
        flows, now = self._flows.get(system), self.now()
        listed = flows.ids(space, now, low, high) if flows else self._jobs[system].ids(space, now)
        gone = {number for (where, number), mark in self._marks.items() if where == system and mark in UNLISTED_MARKS}
        return [number for number in listed if number not in gone] if gone else listed

    def created(self, system: str, number: int) -> float:
        """When a listed task of bk-sops or BKFlow was created."""
        return self._flows[system].created(number)

    def state(self, task: Task) -> Phase:
        """What a task of bk-sops or BKFlow itself is now, before anything is read off its children."""
        taken = self._taken.get((task.system, task.id))
        return taken.plan.state(self.now()) if taken else self._flows[task.system].state(task, self.now())

    def stamp(self, task: Task, now: float, *, children: bool) -> bytes | None:
        """A task's tree in JSON, if it is made up for scale and nobody has intervened."""
        if (task.system, task.id) in self._taken or (task.system, task.id) in self._marks:
            return None
        return self._flows[task.system].stamp(task, now, children=children)

    def plan(self, task: Task | Job) -> Plan:
        """The task's life: as scripted, or as interventions have made it."""
        taken = self._taken.get((task.system, task.id))
        return taken.plan if taken else self._scripted(task)

    def mark(self, task: Task) -> str:
        """What the database says beside the engine: deleted, expired, cleaned, child or nothing."""
        return self._marks.get((task.system, task.id), task.mark)

    def _scripted(self, task: Task | Job) -> Plan:
        return self._flows[task.system].plan(task) if isinstance(task, Task) else self._jobs[task.system].plan(task)

    def act(self, deed: str, system: str, number: int) -> None:
        """Do something to a task now (`intervention.ACTS`). ImpossibleError; KeyError if there is no such task."""
        now = self.now()
        task: Task | Job | None = self.task(system, number) if system in self._flows else self.job(system, number)
        if task is None:
            raise KeyError(f"{system} has no task {number}")
        taken = self._taken.get((system, number)) or Taken.over(self._scripted(task), now)
        self.version += 1
        engine = task.story.engine if isinstance(task, Task) else "v2"
        self._taken[system, number] = ACTS[deed](taken, now, words_of(system), engine)

    def fail(self, system: str, number: int) -> None:
        """The task's first running node (or host) fails, and the flow stands still."""
        self.act("fail", system, number)

    def retry(self, system: str, number: int) -> None:
        """The task's first failed node runs again, for 20 s, and the flow goes on."""
        self.act("retry", system, number)

    def skip(self, system: str, number: int) -> None:
        """The task's first failed node is skipped, and the flow goes on."""
        self.act("skip", system, number)

    def pause(self, system: str, number: int) -> None:
        """The task is suspended."""
        self.act("pause", system, number)

    def resume(self, system: str, number: int) -> None:
        """The suspended task goes on."""
        self.act("resume", system, number)

    def revoke(self, system: str, number: int) -> None:
        """The task is terminated."""
        self.act("revoke", system, number)

    def finish(self, system: str, number: int) -> None:
        """The task comes to a good end."""
        self.act("finish", system, number)

    def set_mark(self, system: str, number: int, mark: str) -> None:
        """Set what the database says beside the engine: `deleted`, `expired`, `cleaned`, `child` or nothing."""
        self.version += 1
        self._marks[system, number] = mark


def words_of(system: str) -> Words:
    """The words by which interventions know running, failed and finished."""
    if system not in WORDS:
        return Words()
    words = WORDS[system]
    return Words(words.running, words.failed, words.success)
