"""What became of a task and when: a tree of nodes, each a list of phases. Times are epoch seconds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["root", "event", "gateway", "activity", "subprocess", "host", "process"]


@dataclass(frozen=True, slots=True)
class Phase:
    """What a node is from `at` until its next phase, and which times it shows meanwhile."""

    at: float
    state: str
    start: float | None = None
    finish: float | None = None
    retry: int = 0
    loop: int = 1
    skip: bool = False
    ignored: bool = False

    def moved(self, seconds: float, after: float = float("-inf")) -> "Phase":
        """The phase `seconds` later; times up to `after` are past and stay."""
        start = self.start + seconds if self.start is not None and self.start > after else self.start
        finish = self.finish + seconds if self.finish is not None and self.finish > after else self.finish
        return replace(self, at=self.at + seconds, start=start, finish=finish)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a flow, a host of a nodeman job or a process of a gsekit job; the task itself is the root."""

    key: str
    name: str
    kind: Kind
    phases: tuple[Phase, ...]
    children: tuple["Node", ...] = ()
    cyclic: bool = False
    failure: str = ""
    auto_retries: int = 0

    def phase(self, now: float, cycle: "Cycle | None" = None) -> Phase | None:
        """What the node is at `now`; None before it has started."""
        if not self.cyclic or cycle is None:
            return last(self.phases, now)
        turn = cycle.turn(now)
        shift = turn * cycle.period
        present = last(self.phases, now - shift)
        if present is not None and (turn == 0 or self.kind == "root" or present.at >= cycle.start):
            return self._turned(present, shift, turn, cycle)
        if turn == 0 or not self.phases:
            return None
        return self._turned(self.phases[-1], shift - cycle.period, turn - 1, cycle)

    def _turned(self, phase: Phase, shift: float, turn: int, cycle: "Cycle") -> Phase:
        if phase.at < cycle.start or not turn:
            return phase
        # The root is entered once, however often the flow loops: its start and loop stay.
        after = cycle.start if self.kind == "root" else float("-inf")
        loop = phase.loop if self.kind in ("root", "host", "process") else phase.loop + turn
        retry = phase.retry + turn if self.kind in ("host", "process") else phase.retry
        return replace(phase.moved(shift, after), loop=loop, retry=retry)

    def walk(self) -> Iterator["Node"]:
        """The node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Cycle:
    """The stretch of a task's life that comes again, `turns` times in all."""

    start: float
    period: float
    turns: int

    @property
    def end(self) -> float:
        """When the last turn is over."""
        return self.start + self.turns * self.period

    def turn(self, now: float) -> int:
        """The number of the turn at `now`, from 0."""
        return max(0, min(int((now - self.start) // self.period), self.turns - 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """A task's whole life. A cyclic one ends when its turns are over."""

    root: Node
    cycle: Cycle | None = None

    def phase(self, node: Node, now: float) -> Phase | None:
        """What a node of this plan is at `now`."""
        return node.phase(now, self.cycle)

    def state(self, now: float) -> Phase:
        """What the task itself is at `now`, before anything is read off its children."""
        if self.cycle is not None and self.cycle.end <= now:
            return self.root.phases[-1]
        return self.phase(self.root, now) or self.root.phases[0]

    def nodes(self) -> Iterator[Node]:
        """Every node but the root."""
        for child in self.root.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Node]:
        """Every node without children of its own."""
        return (node for node in self.nodes() if not node.children)


def last(phases: tuple[Phase, ...], now: float) -> Phase | None:
    """The phase that holds at `now`; phases stand in order of time."""
    for phase in reversed(phases):
        if phase.at <= now:
            return phase
    return None
