"""What list queries of bk-sops and BKFlow have in common: cheap filters first, and the page at last."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from exporter.demo import times
from exporter.demo.cast import Task
from exporter.demo.site import Call, Site
from exporter.demo.tree import Phase

SEARCHES = 64


@dataclass(frozen=True, slots=True)
class Row:
    """A task in a list: what its row says, which is not what its engine says."""

    task: Task
    phase: Phase

    @property
    def started(self) -> float | None:
        """When the task was started."""
        return self.phase.start

    @property
    def finished(self) -> float | None:
        """When it ended: a failed task has not, a terminated one has."""
        return self.phase.at if self.phase.state in ("FINISHED", "REVOKED") else None

    @property
    def is_finished(self) -> bool:
        """True only for a task that came to its end: a terminated one looks as if it ran."""
        return self.phase.state == "FINISHED"


Test = Callable[[Row], bool]


def rows(site: Site, system: str, numbers: Iterable[int]) -> Iterator[Row]:
    """The rows of these tasks."""
    tasks = (site.world.task(system, number) for number in numbers)
    return (Row(task, site.world.state(task)) for task in tasks if task is not None)


def passing(site: Site, call: Call, numbers: Sequence[int], tests: Sequence[Test]) -> Sequence[int]:
    """The tasks that pass every test. Whoever turns pages within a second gets them without another search."""
    if not tests:
        return numbers
    query = sorted((name, text) for name, text in call.params.items() if name not in ("offset", "limit"))
    key = (call.system, int(site.world.now()), site.world.version, str(query))
    if key not in site.searched:
        if len(site.searched) >= SEARCHES:
            site.searched.clear()
        found = rows(site, call.system, numbers)
        site.searched[key] = [row.task.id for row in found if all(test(row) for test in tests)]
    return site.searched[key]


def created_between(site: Site, system: str, space: int, since: str, until: str) -> Sequence[int]:
    """The tasks created in a stretch of time given by texts, which may be empty. ValueError if one is no time."""
    low = times.parse(since) if since else -inf
    return site.world.ids(system, space, low, times.parse(until) if until else inf)


def tests_of(call: Call, table: Mapping[str, Callable[[str], Test]]) -> list[Test]:
    """The tests that the query's parameters ask for."""
    return [make(call.text(name)) for name, make in table.items() if call.text(name)]
