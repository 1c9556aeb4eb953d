"""What one scrape found out about one task: the data that flows from the collector to the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from exporter.errors import TaskError
from exporter.model import Identity

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[K]):
    """One task on one page.

    `kept` is what was made of the task's answer when it came (the collector never looks inside), None if the task
    could not be read for this page; then `error` says why, and `before` is what its last good answer became, if that is
    still known. `fetched` is when the answer shown was fetched, or the one before the error, in seconds since the
    epoch; 0 if there never was one. `duration` are the seconds this page spent on the task, waiting included; 0 from
    cache.
    """

    identity: Identity
    kept: K | None
    error: TaskError | None
    fetched: float
    duration: float
    before: K | None = None
