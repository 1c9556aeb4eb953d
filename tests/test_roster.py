"""Who is known, and when a task leaves."""

from __future__ import annotations

import pytest

from exporter.errors import Reason, TaskError
from exporter.model import Labels, State, Task
from exporter.outcome import Outcome
from exporter.pieces import Rendered, distill
from exporter.roster import Roster
from exporter.targets import Target
from tests.support import sops

NOW = 1_000_000.0
KEEP = 600.0


def listed(number: int, *, final: bool = False) -> Target:
    plain = sops(number)
    return Target(plain.params, plain.identity, Labels(task_name=f"task {number}"), "discovered", final)


def page(number: int, state: State = State.RUNNING, finish: float | None = None) -> Outcome[Rendered]:
    identity = sops(number).identity
    task = Task(state=state, final=state is State.FINISHED, finish=finish)
    return Outcome(identity, distill(identity, task, None), None, NOW, 0.0)


def failure(number: int, reason: Reason = Reason.NOT_FOUND) -> Outcome[Rendered]:
    return Outcome(sops(number).identity, None, TaskError(reason, "no"), 0.0, 0.0)


def ids(roster: Roster) -> list[str]:
    return [target.identity.task_id for target in roster.targets]


def heard(roster: Roster, *numbers: int) -> None:
    roster.listed({sops(number).identity for number in numbers})


@pytest.fixture
def roster() -> Roster:
    return Roster(KEEP)


def test_a_life(roster: Roster) -> None:
    """A task comes, runs, ends, is kept, and leaves; a list that still says that it runs does not bring it back."""
    roster.named(listed(1), None, NOW)
    assert not roster.shown(page(1), NOW)
    assert ids(roster) == ["1"]
    for seconds in (0.0, 300.0):
        roster.shown(page(1, State.FINISHED, NOW - 10), NOW + seconds)
    assert roster.leave(NOW + KEEP - 11) == []
    assert roster.leave(NOW + KEEP - 10) == [sops(1).identity]
    assert ids(roster) == []
    roster.named(listed(1), None, NOW + KEEP)
    assert ids(roster) == []
    assert roster.leave(NOW + KEEP) == []


def test_two_pages_show_an_end(roster: Roster) -> None:
    """However short an end is to be kept, and however late it is seen, two pages show it."""
    roster.named(listed(1), None, NOW)
    roster.named(listed(1, final=True), NOW + 5, NOW + 10_000)
    roster.shown(page(1), NOW + 10_000)  # an answer that was kept from before
    roster.shown(page(1, State.FINISHED), NOW + 10_010)
    assert roster.leave(NOW + 10_010) == []
    roster.shown(page(1, State.FINISHED), NOW + 10_020)
    assert roster.leave(NOW + 10_020) == [sops(1).identity]


def test_what_ended_before_it_was_known(roster: Roster) -> None:
    """A task that ended within the time that ends are kept is shown; one that ended before that is not."""
    roster.named(listed(1, final=True), NOW - KEEP + 1, NOW)
    roster.named(listed(2, final=True), NOW - KEEP, NOW)
    roster.named(listed(3, final=True), None, NOW)  # nobody says when
    assert ids(roster) == ["1", "3"]


def test_a_list_whose_clock_is_ahead(roster: Roster) -> None:
    """An end that lies in the future counts from now."""
    roster.named(listed(1, final=True), NOW + 9999, NOW)
    for _ in range(2):
        roster.shown(page(1, State.FINISHED, NOW + 9999), NOW)
    assert roster.leave(NOW + KEEP) == [sops(1).identity]


def test_who_left_is_forgotten_when_the_list_knows(roster: Roster) -> None:
    """Once the list tells the end, it is not taken in again; should it run again, it comes back."""
    roster.named(listed(1), None, NOW)
    for _ in range(2):
        roster.shown(page(1, State.FINISHED, NOW), NOW)
    roster.leave(NOW + KEEP)
    roster.named(listed(1, final=True), NOW, NOW + KEEP)
    assert roster.get(sops(1).identity) is None
    roster.named(listed(1), None, NOW + KEEP + 1)
    assert ids(roster) == ["1"]


def test_an_end_that_was_none(roster: Roster) -> None:
    """A state may go backwards for a moment, and a job be retried: then there is no end."""
    roster.named(listed(1), None, NOW)
    for _ in range(2):
        roster.shown(page(1, State.FINISHED), NOW)
    roster.shown(page(1), NOW + 1)
    assert roster.leave(NOW + KEEP + 1) == []
    roster.named(listed(2, final=True), NOW, NOW)
    for _ in range(2):
        roster.shown(page(2, State.FINISHED), NOW)
    roster.named(listed(2), None, NOW + 1)
    assert roster.leave(NOW + KEEP + 1) == []


def test_missing_once_is_not_gone(roster: Roster) -> None:
    """The gap between two pages of a list may swallow a task: only who is missing twice in a row leaves."""
    for number in (1, 2):
        roster.named(listed(number), None, NOW)
    heard(roster, 1)
    assert roster.leave(NOW) == []
    heard(roster, 1, 2)
    heard(roster, 1)
    assert roster.leave(NOW) == []
    heard(roster, 1)
    assert roster.leave(NOW) == [sops(2).identity]
    assert ids(roster) == ["1"]


def test_a_finished_task_stays_although_its_list_forgot_it(roster: Roster) -> None:
    """The list's own limit of age does not cut an end short."""
    roster.named(listed(1), None, NOW)
    roster.shown(page(1, State.FINISHED, NOW), NOW)
    heard(roster)
    heard(roster)
    assert roster.leave(NOW + KEEP - 1) == []
    assert roster.leave(NOW + KEEP) == [sops(1).identity]


def test_deleted(roster: Roster) -> None:
    """Neither listed nor found: it is gone at once. Listed but not found, or not readable: it stays."""
    for number in (1, 2, 3):
        roster.named(listed(number), None, NOW)
    heard(roster, 1)
    assert not roster.shown(failure(1), NOW)
    assert roster.shown(failure(2), NOW)
    assert not roster.shown(failure(3, Reason.TIMEOUT), NOW)
    assert not roster.shown(failure(9), NOW)
    assert ids(roster) == ["1", "3"]


def test_what_lists_tell_changes(roster: Roster) -> None:
    """The newest word of a list counts: a name, an end."""
    roster.named(listed(1), None, NOW)
    roster.named(listed(1, final=True), NOW, NOW)
    assert [target.final for target in roster.targets] == [True]
