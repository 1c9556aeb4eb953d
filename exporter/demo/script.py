"""Flows as written by their authors, and how they run: steps with incidents become nodes with phases."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import inf
from typing import Literal

from exporter.demo.tree import Cycle, Kind, Node, Phase, Plan

Outcome = Literal["retry", "skip", "ignore", "stay", "suspend"]
Engine = Literal["v1", "v2"]
READY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Incident:
    """What befalls an attempt, and how many seconds it takes until somebody (or auto-retry) reacts."""

    outcome: Outcome
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A node of a flow: an activity unless `kind` says otherwise. Seconds are those of one attempt."""

    name: str
    seconds: float = 0.0
    incidents: tuple[Incident, ...] = ()
    kind: Kind = "activity"
    branches: tuple[tuple["Step", ...], ...] = ()
    loops: int = 1
    failure: str = ""
    auto_retries: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """A task's life in seconds since its creation. `start` None: never started; `state`: a root state that stays."""

    steps: tuple[Step, ...]
    engine: Engine = "v2"
    start: float | None = 2.0
    pauses: tuple[tuple[float, float], ...] = ()
    revoked: float | None = None
    turns: int = 0
    rest: float = 60.0
    stuck: bool = False
    state: str = ""
    inline: bool = True


def parallel(name: str, *branches: tuple[Step, ...]) -> Step:
    """Branches that run side by side between two gateways."""
    return Step(name, kind="gateway", branches=branches)


def subprocess(name: str, *steps: Step) -> Step:
    """An inline subprocess: a node with a flow of its own inside."""
    return Step(name, kind="subprocess", branches=(steps,))


def names_of(engine: Engine, step: Step) -> str:
    """The name under which a node appears: v2 leaves events and gateways nameless, v1 shows Python classes."""
    if step.kind == "event":
        return "" if engine == "v2" else f"<class 'pipeline.core.flow.event.{step.name}'>"
    if step.kind == "gateway":
        return "" if engine == "v2" else step.name or "<class 'pipeline.core.flow.gateway.ParallelGateway'>"
    if engine == "v1" and not step.name:
        return "<class 'pipeline.core.flow.activity.ServiceActivity'>"
    return step.name


@dataclass(slots=True)
class Stage:
    """One performance of a story: `pace` is how many seconds one of its seconds takes."""

    identify: Callable[[int], str]
    story: Story
    created: float
    pace: float
    count: int = 0
    cyclic: bool = False
    pauses: tuple[tuple[float, float], ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        self.pauses = tuple((self.at(begin), self.at(end)) for begin, end in self.story.pauses)

    def at(self, seconds: float) -> float:
        """The moment `seconds` of the story after the task's creation."""
        return self.created + seconds * self.pace

    def key(self) -> str:
        """The next node's engine id: 32 characters, as the engine makes them."""
        self.count += 1
        return self.identify(self.count)

    def begin(self, moment: float) -> float:
        """When a node that is due at `moment` starts: a paused task starts nothing."""
        for begin, end in self.pauses:
            if begin <= moment < end:
                return end
        return moment

    def flow(self, steps: tuple[Step, ...], moment: float) -> tuple[list[Node], float]:
        """The nodes of steps in a row, and when the last one is through (inf: never)."""
        nodes: list[Node] = []
        for step in steps:
            if moment == inf:
                break
            made, moment = self.step(step, self.begin(moment))
            nodes += made
        return nodes, moment

    def whole(self, steps: tuple[Step, ...], moment: float) -> tuple[list[Node], float]:
        """A flow between its start and end event."""
        return self.flow((Step("EmptyStartEvent", kind="event"), *steps, Step("EmptyEndEvent", kind="event")), moment)

    def step(self, step: Step, moment: float) -> tuple[list[Node], float]:
        """The nodes that one step puts into its tree, and when it is through."""
        if step.kind == "gateway":
            return self._gateway(step, moment)
        if step.kind == "subprocess":
            return self._subprocess(step, moment)
        key = self.key()
        phases, end = self._attempts(step, moment)
        name = names_of(self.story.engine, step)
        return [Node(key, name, step.kind, tuple(phases), (), self.cyclic, step.failure, step.auto_retries)], end

    def _gateway(self, step: Step, moment: float) -> tuple[list[Node], float]:
        nodes, opened = self.step(Step(step.name, kind="event"), moment)
        nodes = [replace(nodes[0], name=names_of(self.story.engine, step), kind="gateway")]
        ends = []
        for branch in step.branches:
            made, end = self.flow(branch, opened)
            nodes += made
            ends.append(end)
        if max(ends) < inf:
            closing, _ = self.step(Step("ConvergeGateway", kind="event"), self.begin(max(ends)))
            nodes.append(replace(closing[0], name=names_of(self.story.engine, replace(step, name="")), kind="gateway"))
        return nodes, max(ends)

    def _subprocess(self, step: Step, moment: float) -> tuple[list[Node], float]:
        key = self.key()
        children, end = self.whole(step.branches[0], moment)
        phases = [Phase(moment, "RUNNING", moment)]
        name = names_of(self.story.engine, step)
        if end < inf:
            phases.append(Phase(end, "FINISHED", moment, end))
        if not self.story.inline:
            return [Node(key, name, "activity", (*phases, *_called_back(children, moment)), (), self.cyclic)], end
        return [Node(key, name, "subprocess", tuple(phases), tuple(children), self.cyclic)], end

    def _attempts(self, step: Step, moment: float) -> tuple[list[Phase], float]:
        phases: list[Phase] = []
        for loop in range(1, step.loops + 1):
            made, moment = self._attempt(step, moment, loop)
            phases += made
        return phases, moment

    def _attempt(self, step: Step, start: float, loop: int) -> tuple[list[Phase], float]:
        took, retry = step.seconds * self.pace, 0
        phases: list[Phase] = []
        for incident in step.incidents:
            wait = incident.wait * self.pace
            if incident.outcome == "suspend":
                phases.append(Phase(start, "SUSPENDED", start, loop=loop))
                start += wait
                continue
            phases.append(Phase(start, "RUNNING", start, None, retry, loop))
            failed = start + took
            if incident.outcome == "ignore":
                phases.append(Phase(failed, "FINISHED", start, failed, retry, loop, ignored=True))
                return phases, failed
            phases.append(Phase(failed, "FAILED", start, failed, retry, loop))
            if incident.outcome == "stay":
                return phases, inf
            reaction = failed + wait
            if incident.outcome == "skip":
                phases.append(Phase(reaction, "FINISHED", start, reaction, retry, loop, skip=True))
                return phases, reaction
            retry += 1
            phases.append(Phase(reaction - READY_SECONDS * self.pace, "READY", start, None, retry, loop))
            start = reaction
        if took:
            phases.append(Phase(start, "RUNNING", start, None, retry, loop))
        end = start + took
        phases.append(Phase(end, "FINISHED", start, end, retry, loop))
        return phases, end


def _called_back(children: list[Node], start: float) -> list[Phase]:
    """An independent child task tells its parent only that it failed for good."""
    final = [leaf.phases[-1] for child in children for leaf in child.walk() if not leaf.children]
    return [Phase(phase.at, "FAILED", start, phase.at) for phase in final if phase.state == "FAILED"]


def hashed(salt: str) -> Callable[[int], str]:
    """Engine ids that are a task's own: 32 characters each."""
    return lambda count: "n" + blake2b(f"{salt}/{count}".encode(), digest_size=16).hexdigest()[1:]


def perform(story: Story, identify: Callable[[int], str], created: float, pace: float) -> Plan:
    """The life of a task that was created at `created` (epoch seconds) and lives by `story`.

    `identify` makes the engine id of the node that is met as number so-and-so.
    """
    stage = Stage(identify, story, created, pace)
    root = Node(stage.key(), "", "root", (Phase(created, "CREATED"),))
    if story.start is None:
        return Plan(root)
    start = stage.at(story.start)
    if story.turns:
        return _looping(stage, root, start)
    nodes, end = stage.whole(story.steps, start)
    phases = [*root.phases, Phase(start, story.state or "RUNNING", start), *_pauses(stage, start, end)]
    if end < inf and not story.stuck:
        phases.append(Phase(end, "FINISHED", start, end))
    plan = Plan(replace(root, phases=tuple(phases), children=tuple(nodes)))
    return plan if story.revoked is None else revoked(plan, stage.at(story.revoked), story.engine)


def _pauses(stage: Stage, start: float, end: float) -> list[Phase]:
    told = [
        (moment, state) for pause in stage.pauses for moment, state in zip(pause, ("SUSPENDED", "RUNNING"), strict=True)
    ]
    return [Phase(moment, state, start) for moment, state in told if moment < end]


def _looping(stage: Stage, root: Node, start: float) -> Plan:
    """A flow that goes back to its first activity, turn after turn, until it is let go on to its end."""
    head, _ = stage.step(Step("EmptyStartEvent", kind="event"), start)
    stage.cyclic = True
    body, over = stage.flow((*stage.story.steps, Step("定时", stage.story.rest)), start)
    gateway, over = stage.step(Step("ExclusiveGateway", kind="event"), over)
    stage.cyclic = False
    cycle = Cycle(start, over - start, stage.story.turns)
    tail, _ = stage.step(Step("EmptyEndEvent", kind="event"), cycle.end)
    phases = [*root.phases, Phase(start, "RUNNING", start), *_pauses(stage, start, over)]
    phases.append(Phase(cycle.end, "FINISHED", start, cycle.end))
    children = (*head, *body, replace(gateway[0], kind="gateway"), *tail)
    return Plan(replace(root, phases=tuple(phases), children=children, cyclic=True), cycle)


def until(node: Node, moment: float) -> Node:
    """The node as it would be if nothing happened to it after `moment`."""
    children = tuple(cut for child in node.children if (cut := until(child, moment)).phases)
    return replace(node, phases=tuple(phase for phase in node.phases if phase.at <= moment), children=children)


def revoked(plan: Plan, moment: float, engine: Engine) -> Plan:
    """The plan of a task terminated at `moment`: v2 lets its nodes stand as they are and never sets a finish time."""
    root = until(plan.root, moment)
    start = plan.state(moment).start
    phase = Phase(moment, "REVOKED", start, moment if engine == "v1" else None)
    return Plan(replace(root, phases=(*root.phases, phase)))
