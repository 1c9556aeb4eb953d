"""What is to be asked for: a task's parameters, and what is known of it beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from exporter.model import NO_LABELS, Identity, Labels
from exporter.systems.base import TaskParams

Source = Literal["configured", "discovered", "probed"]


@dataclass(frozen=True, slots=True)
class Target:
    """One task to ask for. `known` is what a listing said of it; an answer's own words go before.

    `final`: the listing proves that it ended for good, so that an answer that says so too need not be fetched again.
    """

    params: TaskParams
    identity: Identity
    known: Labels = NO_LABELS
    source: Source = "configured"
    final: bool = False

    @classmethod
    def of(cls, params: TaskParams, *, known: Labels = NO_LABELS, source: Source = "configured") -> Target:
        """The target of one task's parameters."""
        return cls(params, params.identity, known, source)

    @property
    def system(self) -> str:
        """The name of its system."""
        return self.identity.system


def merged(said: Labels, known: Labels) -> Labels:
    """What the answer said, and where it said nothing, what was known before."""
    if known == NO_LABELS:
        return said
    return Labels(
        task_name=said.task_name or known.task_name,
        kind=said.kind or known.kind,
        creator=said.creator or known.creator,
        url=said.url or known.url,
    )


def unique(targets: Iterable[Target]) -> list[Target]:
    """Each identity once; the first one stays."""
    return list({target.identity: target for target in reversed(list(targets))}.values())[::-1]
