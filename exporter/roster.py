"""The tasks that one discovery knows: who came, who ended, and when a task may leave the page. No I/O.

Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from exporter.errors import Reason
from exporter.model import Identity
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.targets import Target

#: A list may lose an entry to the gap between two of its pages: only what is missing so often in a row is gone.
MISSES = 2
#: So many pages show a task's end before it leaves.
ENDS = 2


@dataclass(slots=True)
class _Known:
    """One task. `missed` counts whole listings in a row without it, `shown` the pages that showed its end.

    A task that `left` is remembered as long as it is listed, so that a list that lags does not bring it back.
    """

    target: Target
    ended: float | None = None
    shown: int = 0
    missed: int = 0
    left: bool = False

    def over(self, now: float, keep: float) -> bool:
        """Whether its end is as long ago as it is kept."""
        return self.ended is not None and now - self.ended >= keep


def _past(finish: float | None, now: float) -> float:
    """When something ended that has ended by now; BlueKing's clock may be ahead of ours."""
    return now if finish is None else min(finish, now)


class Roster:
    """Known tasks, in the order in which they came."""

    def __init__(self, keep_finished: float) -> None:
        self._keep = keep_finished
        self._known: dict[Identity, _Known] = {}

    @property
    def targets(self) -> list[Target]:
        """The tasks that belong onto a page."""
        return [known.target for known in self._known.values() if not known.left]

    def get(self, identity: Identity) -> Target | None:
        """A task, if it is known."""
        known = self._known.get(identity)
        return known.target if known else None

    def named(self, target: Target, finish: float | None, now: float) -> None:
        """A listing named a task; where `target.final`, `finish` is when it ended, if the listing says so.

        A task that ended longer ago than it would be kept is not taken in: nobody saw it run.
        """
        ended = _past(finish, now) if target.final else None
        known = self._known.get(target.identity)
        if known is not None and known.left and finish is not None:
            del self._known[target.identity]  # the list no longer lags: its end speaks for itself
            known = None
        if known is None:
            known = _Known(target, ended)
            if not known.over(now, self._keep):
                self._known[target.identity] = known
        elif ended is None and known.target.final:
            known.ended, known.shown = None, 0
        elif known.ended is None:
            known.ended = ended
        known.target = target

    def listed(self, named: Container[Identity]) -> None:
        """A listing was read to its end, and these were all that it named."""
        for identity, known in self._known.items():
            known.missed = 0 if identity in named else known.missed + 1

    def shown(self, outcome: Outcome[Rendered], now: float) -> bool:
        """A page is about to show a task, or that it cannot be read; returns whether it is gone instead."""
        known = self._known.get(outcome.identity)
        if known is None:
            return False
        if outcome.kept is None:
            gone = known.missed > 0 and outcome.error is not None and outcome.error.reason is Reason.NOT_FOUND
            if gone:
                del self._known[outcome.identity]
            return gone
        task = outcome.kept.task
        if task.final:
            known.ended = _past(task.finish, now) if known.ended is None else known.ended
            known.shown += 1
        elif not known.target.final:
            known.ended, known.shown = None, 0
        return False

    def leave(self, now: float) -> list[Identity]:
        """Let those leave who were shown to their end, or are no longer listed; returns them."""
        left = []
        candidates = [each for each in self._known.items() if each[1].ended is not None or each[1].missed >= MISSES]
        for identity, known in candidates:
            over = known.over(now, self._keep)
            if known.missed >= MISSES and (known.ended is None or over):
                del self._known[identity]
            elif over and known.shown >= ENDS and not known.left:
                known.left = True
            else:
                continue
            left.append(identity)
        return left
