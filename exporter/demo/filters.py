"""What list queries of bk-sops and BKFlow have in common: cheap filters first, and the page at last."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.demo import times
from exporter.demo.flows import Task
from exporter.demo.site import Call, Site
from exporter.demo.tree import Phase


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


def rows(site: Site, system: str, numbers: Iterable[int], tests: Iterable[Test]) -> Iterator[Row]:
    """The rows of these tasks that pass every test."""
    wanted = list(tests)
    for number in numbers:
        task = site.world.task(system, number)
        if task is None:
            continue
        row = Row(task, site.world.plan(task).state(site.world.now()))
        if all(test(row) for test in wanted):
            yield row


def created_between(site: Site, system: str, numbers: Iterable[int], since: str, until: str) -> list[int]:
    """The tasks created in a stretch of time given by texts, which may be empty. ValueError if one is no time."""
    low = times.parse(since) if since else float("-inf")
    high = times.parse(until) if until else float("inf")
    return [number for number in numbers if low <= site.world.created(system, number) <= high]


def tests_of(call: Call, table: Mapping[str, Callable[[str], Test]]) -> list[Test]:
    """The tests that the query's parameters ask for."""
    return [make(call.text(name)) for name, make in table.items() if call.text(name)]
