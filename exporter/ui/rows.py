"""The tasks of the overview: what each row holds, and which comes first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from exporter.errors import TaskError
from exporter.labeltext import clean, clean_url
from exporter.model import NO_LABELS, STANDINGS, UNFINISHED, Identity, Labels, Node, State, Task, needs_attention
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.systems.base import TaskParams
from exporter.targets import Target, merged

#: What a task that could not be read has in the place of a state.
UNREADABLE = "unreadable"

_WORDS: list[str] = list(STANDINGS)
_WORDS.insert(_WORDS.index(State.UNKNOWN) + 1, UNREADABLE)  # it may call for a person: after what does
_RANKS = {word: rank for rank, word in enumerate(_WORDS)}


def rank(word: str) -> int:
    """How many words that a row can have for its state are more urgent."""
    return _RANKS.get(word, len(_RANKS))


@dataclass(frozen=True, slots=True)
class Row:
    """One task. `task` is None where it could not be read; then `error` says why, and `before` is what it last was, if
    that is still known. `params` is None where the task has left its list meanwhile. `needs` is what of it needs
    attention, or did when it was last read, and `needy` the node that does so most.

    `fetched` is when the answer shown was fetched, or the last good one before the error; 0 if there never was one.
    """

    identity: Identity
    params: TaskParams | None
    labels: Labels
    task: Task | None
    before: Task | None
    needs: Mapping[State, int]
    needy: Node | None
    error: TaskError | None
    fetched: float

    @property
    def word(self) -> str:
        """Its state, or `unreadable`."""
        return UNREADABLE if self.task is None else self.task.state

    @property
    def needs_attention(self) -> bool:
        """Whether it calls for a person."""
        return self.task is None or bool(self.needs)

    @property
    def last(self) -> Task | None:
        """What it is, or last was."""
        return self.task or self.before

    @property
    def troubled(self) -> Mapping[State, int]:
        """How many of its parts call for a person in which state, where its own state does not say so."""
        own = STANDINGS.get(self.last.state) if self.last else None
        return {state: count for state, count in self.needs.items() if STANDINGS[state] is not own}

    @property
    def name(self) -> str:
        """What people call it."""
        return task_title(self.labels, self.identity)

    @property
    def url(self) -> str:
        """Where BlueKing shows it; empty unless that is http or https."""
        return clean_url(self.labels.url)

    @property
    def business(self) -> str:
        """The id of its business, or its scope."""
        return self.identity.bk_biz_id or self.identity.scope

    @property
    def query(self) -> str:
        """The query by which `/task` and `/probe` know it; empty where they do not."""
        return urlencode(self.params.query) if self.params is not None else ""

    @property
    def searched(self) -> str:
        """All texts in which a reader may search."""
        labels, identity = self.labels, self.identity
        said = str(self.error) if self.error else ""
        parts = (labels.task_name, self.name, labels.kind, labels.creator, str(identity), said)
        return "\n".join(parts).casefold()


def task_title(labels: Labels, identity: Identity) -> str:
    """The name of a task; of one that has none its kind or system, with its id."""
    return clean(labels.task_name) or f"{clean(labels.kind) or identity.system} #{clean(identity.task_id)}"


def rows(outcomes: Iterable[Outcome[Rendered]], targets: Iterable[Target]) -> list[Row]:
    """A row for each task of a page, the most urgent first."""
    known = {target.identity: target for target in targets}
    made = {outcome.identity: _row(outcome, known.get(outcome.identity)) for outcome in outcomes}
    return sorted(made.values(), key=_urgency)


def _row(outcome: Outcome[Rendered], target: Target | None) -> Row:
    last = outcome.kept or outcome.before
    params, labels = None, NO_LABELS
    if target is not None:
        params, labels = target.params, merged(target.params.labels, target.known)
    return Row(
        identity=outcome.identity,
        params=params,
        labels=last.task.labels if last else labels,
        task=outcome.kept.task if outcome.kept else None,
        before=outcome.before.task if outcome.before else None,
        needs=needs_attention(last.task) if last else {},
        needy=last.needy if last else None,
        error=outcome.error,
        fetched=outcome.fetched,
    )


def _urgency(row: Row) -> tuple[int, int, int, float, str]:
    """By what needs attention, then by the last state; what is under way by how long it is, all else by how fresh."""
    state = row.last.state if row.last else row.word
    worst = min(map(rank, (state, *row.needs)))
    return worst if row.task else rank(row.word), worst, rank(state), _age(row), row.identity.task_id


def _age(row: Row) -> float:
    if row.task is None:
        return -row.fetched
    if row.task.state in UNFINISHED:
        return -(row.task.elapsed or 0.0)
    return -(row.task.finish or row.task.start or -math.inf)
