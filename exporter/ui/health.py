"""How each BlueKing system is: can it be reached, how fast was it, what did it say last, how are its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from exporter.errors import Reason, TaskError
from exporter.gateway import Contact
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.ui.rows import Row, rank

#: Errors that BlueKing tells of one task: whoever says them can be reached.
_ABOUT_A_TASK = frozenset({Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.REFUSED, Reason.MALFORMED})


class Health(StrEnum):
    """What one page learnt of a system."""

    OK = "ok"
    PARTLY = "partly"
    DOWN = "down"
    UNASKED = "unasked"


class Contacts(Protocol):
    """What a gateway remembers of its last requests."""

    @property
    def last_good(self) -> Contact | None:
        """The last one that was answered well."""
        ...

    @property
    def last_bad(self) -> Contact | None:
        """The last one that failed."""
        ...


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system. `trouble` is its last error, and `since_then` whether it has answered well after that."""

    name: str
    title: str
    health: Health
    unreadable: int
    tasks: int
    counts: Sequence[tuple[str, int]]
    last: Contact | None
    trouble: Contact | None
    since_then: bool


def counts(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """How many tasks by state, the most urgent first; states that no task has are left out."""
    counted = Counter(row.word for row in rows)
    return sorted(counted.items(), key=lambda item: rank(item[0]))


def system_rows(
    titles: Mapping[str, str],
    contacts: Mapping[str, Contacts],
    rows: Sequence[Row],
    outcomes: Sequence[Outcome[Rendered]],
) -> list[SystemRow]:
    """A row for each configured system, in the order of the configuration; `titles` by name."""
    return [
        _system(
            name,
            titles[name],
            contact,
            [row for row in rows if row.identity.system == name],
            [outcome for outcome in outcomes if outcome.identity.system == name],
        )
        for name, contact in contacts.items()
    ]


def _system(
    name: str, title: str, contact: Contacts, rows: Sequence[Row], outcomes: Sequence[Outcome[Rendered]]
) -> SystemRow:
    good, bad = contact.last_good, contact.last_bad
    return SystemRow(
        name=name,
        title=title,
        health=_health(outcomes, good, bad),
        unreadable=sum(row.task is None for row in rows),
        tasks=len(rows),
        counts=counts(rows),
        last=max((each for each in (good, bad) if each), key=lambda each: each.when, default=None),
        trouble=bad,
        since_then=good is not None and bad is not None and good.when > bad.when,
    )


def _health(outcomes: Sequence[Outcome[Rendered]], good: Contact | None, bad: Contact | None) -> Health:
    """By what was asked for the page; where all came from what is kept, by the last request before."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    asked_well = any(outcome.error is None and outcome.duration > 0 for outcome in outcomes)
    if errors:
        return Health.PARTLY if asked_well or any(map(_about_a_task, errors)) else Health.DOWN
    if asked_well:
        return Health.OK
    if good is None and bad is None:
        return Health.UNASKED
    return Health.OK if bad is None or (good and good.when >= bad.when) or _about_a_task(bad.error) else Health.DOWN


def _about_a_task(error: TaskError | None) -> bool:
    return error is not None and error.reason in _ABOUT_A_TASK
