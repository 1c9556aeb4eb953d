"""What people do to a task that runs: each act turns one plan into another. All moments are epoch seconds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from exporter.demo.tree import Node, Phase, Plan


@dataclass(frozen=True, slots=True)
class Words:
    """How a system calls the states that acts lead to."""

    running: str = "RUNNING"
    failed: str = "FAILED"
    finished: str = "FINISHED"


class ImpossibleError(ValueError):
    """The task is not in a situation in which that can be done to it."""


def straighten(plan: Plan, now: float) -> Plan:
    """The same life without its coming turns: the present one is the last."""
    cycle = plan.cycle
    if cycle is None or now >= cycle.end:
        return plan
    turn = cycle.turn(now)
    end = cycle.start + (turn + 1) * cycle.period

    def plain(node: Node) -> Node:
        children = tuple(plain(child) for child in node.children)
        if not node.cyclic:
            ahead = end - cycle.end
            phases = tuple(p.moved(ahead, cycle.start) if p.at >= cycle.end else p for p in node.phases)
            return replace(node, phases=phases, children=children)
        moments = [p.at + turn * cycle.period for p in node.phases if cycle.start <= p.at < cycle.end]
        told = [
            phase
            for at in (cycle.start - 1e-6, end - cycle.period - 1e-6, *moments)
            if (phase := node.phase(at, cycle))
        ]
        if node.kind == "root":
            told = [*node.phases[:2], *told[2:], node.phases[-1].moved(end - cycle.end, cycle.start)]
        phases = tuple(sorted(dict.fromkeys(told), key=lambda phase: phase.at))
        return replace(node, phases=phases, children=children, cyclic=False)

    return Plan(plain(plan.root))


def mapped(node: Node, change: Callable[[Node], tuple[Phase, ...]]) -> Node:
    """The tree with every node's phases changed; nodes that never start fall away."""
    children = tuple(made for child in node.children if (made := mapped(child, change)).phases)
    return replace(node, phases=change(node), children=children)


def frozen(plan: Plan, now: float) -> Plan:
    """The task as it stands, for ever."""
    return Plan(mapped(straighten(plan, now).root, lambda node: tuple(p for p in node.phases if p.at <= now)))


def going_on(plan: Plan, future: Plan, since: float, seconds: float, now: float) -> Plan:
    """A frozen plan and its future, cut off at `since`, `seconds` later than planned; what is overdue happens now."""
    known = {node.key: node.phases for node in plan.root.walk()}

    def later(moment: float | None) -> float | None:
        return moment if moment is None or moment <= since else max(now, moment + seconds)

    def moved(phase: Phase) -> Phase:
        return replace(phase, at=max(now, phase.at + seconds), start=later(phase.start), finish=later(phase.finish))

    def change(node: Node) -> tuple[Phase, ...]:
        return known.get(node.key, ()) + tuple(moved(phase) for phase in node.phases if phase.at > since)

    return Plan(mapped(future.root, change))


def adding(plan: Plan, key: str, *phases: Phase) -> Plan:
    """The plan with more phases for one node."""
    return Plan(mapped(plan.root, lambda node: node.phases + phases if node.key == key else node.phases))


def without_future(plan: Plan, key: str, now: float) -> Plan:
    """The plan in which one node does nothing after `now`."""
    return Plan(
        mapped(plan.root, lambda n: tuple(p for p in n.phases if p.at <= now) if n.key == key else n.phases),
    )


def leaf_in(plan: Plan, state: str, now: float) -> tuple[Node, Phase]:
    """The first leaf that is in this state."""
    for node in plan.leaves():
        phase = plan.phase(node, now)
        if phase is not None and phase.state == state:
            return node, phase
    raise ImpossibleError(f"no node is {state}")
