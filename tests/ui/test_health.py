"""How a system is, by what one page and its last requests say."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from exporter.errors import Reason, TaskError
from exporter.gateway import Contact
from exporter.model import Identity, State, Task
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.render import Renderer
from exporter.ui.health import system_rows

GOOD = Contact(100.0, 0.2, "get_task_status")


@dataclass(frozen=True)
class Contacts:
    last_good: Contact | None = None
    last_bad: Contact | None = None


def bad(reason: Reason, when: float = 50.0) -> Contact:
    return Contact(when, 1.0, "get_task_status", TaskError(reason, "no"))


def outcome(reason: Reason | None = None, duration: float = 0.1) -> Outcome[Rendered]:
    identity = Identity("sops", "2", "", "1")
    kept = None if reason else Renderer("all", 10).distill(identity, Task(state=State.RUNNING))
    return Outcome(identity, kept, TaskError(reason, "no") if reason else None, 0.0, duration)


@pytest.mark.parametrize(
    ("outcomes", "contacts", "health"),
    [
        ([], Contacts(), "unasked"),
        ([outcome()], Contacts(GOOD), "ok"),
        ([outcome()], Contacts(GOOD, bad(Reason.CONNECT, 200.0)), "ok"),
        ([outcome(), outcome(Reason.TIMEOUT)], Contacts(GOOD), "partly"),
        ([outcome(Reason.NOT_FOUND)], Contacts(None, bad(Reason.NOT_FOUND)), "partly"),
        ([outcome(Reason.CONNECT), outcome(Reason.AUTH)], Contacts(GOOD), "down"),
        ([outcome(Reason.CONNECT), outcome(duration=0.0)], Contacts(GOOD, bad(Reason.CONNECT, 200.0)), "down"),
        ([outcome(duration=0.0)], Contacts(GOOD, bad(Reason.CONNECT)), "ok"),
        ([outcome(duration=0.0)], Contacts(GOOD, bad(Reason.CONNECT, 200.0)), "down"),
        ([outcome(duration=0.0)], Contacts(GOOD, bad(Reason.NOT_FOUND, 200.0)), "ok"),
        ([], Contacts(None, bad(Reason.TLS)), "down"),
    ],
)
def test_a_system_is_as_it_answered_this_page(outcomes: list[Outcome[Rendered]], contacts: Contacts, health: str):
    """What is kept says nothing of now; an error about one task is an answer; else the last request counts."""
    (row,) = system_rows({"sops": "bk-sops"}, {"sops": contacts}, [], outcomes)
    assert row.health == health


def test_the_last_request_is_the_later_one_and_the_last_error_may_be_over():
    """Both are told with their time."""
    (row,) = system_rows({"sops": "bk-sops"}, {"sops": Contacts(GOOD, bad(Reason.SERVER))}, [], [])
    assert (row.last, row.trouble, row.since_then) == (GOOD, row.trouble, True)
    (row,) = system_rows({"sops": "bk-sops"}, {"sops": Contacts(GOOD, late := bad(Reason.SERVER, 150.0))}, [], [])
    assert (row.last, row.trouble, row.since_then) == (late, late, False)
