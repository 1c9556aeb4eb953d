"""A task that somebody has taken into their hands: fail, retry, skip, pause, resume, revoke, finish."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from exporter.demo.edits import (
    ImpossibleError,
    Words,
    adding,
    frozen,
    going_on,
    leaf_in,
    mapped,
    straighten,
    without_future,
)
from exporter.demo.script import Engine, revoked
from exporter.demo.tree import Node, Phase, Plan


@dataclass(frozen=True, slots=True)
class Taken:
    """A task's plan after interventions, and the future that was cut off at `since` and may go on."""

    plan: Plan
    future: Plan
    since: float

    @classmethod
    def over(cls, plan: Plan, now: float) -> "Taken":
        """Take over a task that lived by its script until now."""
        plan = straighten(plan, now)
        return cls(plan, plan, now)

    def hold(self, now: float) -> "Taken":
        """Stop everything; what was to come is kept unless it had been stopped before."""
        stopped = frozen(self.plan, now)
        if stopped == self.plan:
            return self
        return Taken(stopped, self.plan, now)


def fail(task: Taken, now: float, words: Words, _engine: Engine) -> Taken:
    """The first running node fails, and the flow stands still."""
    held = task.hold(now)
    node, phase = leaf_in(held.plan, words.running, now)
    return replace(held, plan=adding(held.plan, node.key, replace(phase, at=now, state=words.failed, finish=now)))


def retry(task: Taken, now: float, words: Words, _engine: Engine, seconds: float = 20.0) -> Taken:
    """The first failed node runs again, for `seconds`, and then the flow goes on."""
    held = task.hold(now)
    node, phase = leaf_in(held.plan, words.failed, now)
    again = Phase(now, words.running, now, None, phase.retry + 1, phase.loop)
    done = replace(again, at=now + seconds, state=words.finished, finish=now + seconds)
    return _past(held, node, now, words, again, done)


def skip(task: Taken, now: float, words: Words, _engine: Engine) -> Taken:
    """A person skips the first failed node; the flow goes on at once."""
    held = task.hold(now)
    node, phase = leaf_in(held.plan, words.failed, now)
    return _past(held, node, now, words, replace(phase, at=now, state=words.finished, finish=now, skip=True))


def pause(task: Taken, now: float, words: Words, _engine: Engine) -> Taken:
    """The whole task is suspended."""
    held = task.hold(now)
    root = held.plan.state(now)
    if root.state != words.running:
        raise ImpossibleError(f"the task is {root.state}")
    return replace(held, plan=adding(held.plan, held.plan.root.key, replace(root, at=now, state="SUSPENDED")))


def resume(task: Taken, now: float, words: Words, _engine: Engine) -> Taken:
    """A suspended task goes on where it stopped."""
    root = task.plan.state(now)
    if root.state != "SUSPENDED":
        raise ImpossibleError(f"the task is {root.state}")
    plan = adding(task.plan, task.plan.root.key, replace(root, at=now, state=words.running))
    if _has_failed(plan, now, words):
        return replace(task, plan=plan)
    plan = going_on(plan, task.future, task.since, now - task.since, now)
    return Taken(plan, plan, now)


def revoke(task: Taken, now: float, _words: Words, engine: Engine) -> Taken:
    """A person terminates the task."""
    plan = revoked(frozen(task.plan, now), now, engine)
    return Taken(plan, plan, now)


def finish(task: Taken, now: float, words: Words, _engine: Engine) -> Taken:
    """Everything that has started comes to its end, and the task with it."""

    def end(node: Node) -> tuple[Phase, ...]:
        present = node.phases[-1]
        if present.state == words.finished:
            return node.phases
        start = now if present.start is None else present.start
        return (*node.phases, replace(present, at=now, state=words.finished, start=start, finish=now))

    plan = Plan(mapped(frozen(task.plan, now).root, end))
    return Taken(plan, plan, now)


def _past(task: Taken, node: Node, now: float, words: Words, *phases: Phase) -> Taken:
    """The node gets through by `phases`, and what was to follow it follows."""
    over = phases[-1].at
    planned = next((n.phases[-1] for n in task.future.nodes() if n.key == node.key), phases[-1])
    ahead = planned.at > task.since and planned.state == words.finished
    plan = adding(task.plan, node.key, *phases)
    future = without_future(task.future, node.key, task.since)
    plan = going_on(plan, future, task.since, over - planned.at if ahead else now - task.since, now)
    root, end = plan.root.phases[-1], max(phase.at for n in plan.root.walk() for phase in n.phases)
    if root.state == words.running and not _has_failed(plan, end, words):
        plan = adding(plan, plan.root.key, replace(root, at=end, state=words.finished, finish=end))
    return Taken(plan, plan, task.since)


def _has_failed(plan: Plan, now: float, words: Words) -> bool:
    present = (plan.phase(node, now) for node in plan.leaves())
    return any(phase is not None and phase.state == words.failed for phase in present)


Act = Callable[[Taken, float, Words, Engine], Taken]
ACTS: dict[str, Act] = {
    "fail": fail,
    "retry": retry,
    "skip": skip,
    "pause": pause,
    "resume": resume,
    "revoke": revoke,
    "finish": finish,
}
