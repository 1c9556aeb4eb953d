"""The node tree as bk-sops and BKFlow show it: what the formatter of each engine makes of a plan at one moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from exporter.demo import times
from exporter.demo.tree import Node, Phase, Plan

SUSPENDED = ("SUSPENDED", "NODE_SUSPENDED")


class ModernNode(Struct, rename={"root_id": "root_id:"}):
    """A node of the engine v2. The colon in `root_id:` is upstream's own."""

    id: str
    state: str
    root_id: str
    parent_id: str
    version: str
    loop: int
    retry: int
    skip: bool
    error_ignorable: bool
    error_ignored: bool
    children: "dict[str, ModernNode]"
    elapsed_time: int
    start_time: str | None
    finish_time: str | None
    ex_data: dict[str, str] | UnsetType = UNSET
    name: str | UnsetType = UNSET
    failed_node_info: dict[str, Any] | UnsetType = UNSET
    auto_retry_status: dict[str, Any] | UnsetType = UNSET


class OldNode(Struct):
    """A node of the engine v1. The oldest releases know neither `elapsed_time` nor what stands beside it."""

    id: str
    state: str
    name: str
    retry: int
    loop: int
    skip: bool
    version: str
    children: "dict[str, OldNode]"
    start_time: str | None
    finish_time: str | None
    elapsed_time: int | UnsetType = UNSET
    error_ignorable: bool | UnsetType = UNSET
    error_ignored: bool | UnsetType = UNSET
    state_refresh_at: str | UnsetType = UNSET
    ex_data: dict[str, str] | UnsetType = UNSET
    failed_node_info: dict[str, Any] | UnsetType = UNSET
    auto_retry_status: dict[str, Any] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class View:
    """Whose formatter it is. `blank`: an unset time; `named`: nodes have names; `deep`: suspension is carried up."""

    blank: str | None = None
    named: bool = True
    deep: bool = True
    early: bool = False
    oldest: bool = False
    spell: Callable[[float], str] = times.spaced


def elapsed(phase: Phase, now: float) -> int:
    """Whole seconds, rounded: to the finish, else until now."""
    start = now if phase.start is None else phase.start
    return round((now if phase.finish is None else phase.finish) - start)


def modern(plan: Plan, node: Node, now: float, view: View) -> ModernNode:
    """A started node, and all started ones below it, as the engine v2 shows them."""
    return _modern(plan, node, _phase(plan, node, now), now, view, plan.root.key, plan.root.key)


def _modern(plan: Plan, node: Node, phase: Phase, now: float, view: View, root: str, parent: str) -> ModernNode:  # noqa: PLR0917
    children = {
        child.key: _modern(plan, child, below, now, view, root, node.key)
        for child in node.children
        if (below := plan.phase(child, now)) is not None
    }
    made = ModernNode(
        node.key,
        phase.state,
        root,
        parent,
        f"v{phase.retry + phase.loop:03x}{node.key[3:]}",
        phase.loop,
        phase.retry,
        phase.skip,
        phase.ignored,
        phase.ignored,
        children,
        elapsed(phase, now),
        view.blank if phase.start is None else view.spell(phase.start),
        view.blank if phase.finish is None else view.spell(phase.finish),
    )
    if view.named:
        made.name = node.name
    if children:
        _rewrite(made, node, view)
    return made


def _rewrite(made: ModernNode, node: Node, view: View) -> None:
    """A running parent is called FAILED over a failed child, and NODE_SUSPENDED over a suspended one."""
    states = {child.state for child in made.children.values()}
    if made.state == "RUNNING":
        if "FAILED" in states:
            made.state = "FAILED"
        elif states & (set(SUSPENDED) if view.deep else {"SUSPENDED"}):
            made.state = "NODE_SUSPENDED"
    if node.kind == "root":
        # Upstream reads these two off the last row of states, which is some child's.
        latest = next(reversed(made.children.values()))
        made.error_ignored = made.error_ignorable = latest.error_ignored


def old(plan: Plan, node: Node, now: float, view: View) -> OldNode:
    """A started node, and all started ones below it, as the engine v1 shows them."""
    return _old(plan, node, _phase(plan, node, now), now, view)


def _old(plan: Plan, node: Node, phase: Phase, now: float, view: View) -> OldNode:
    children = {
        child.key: _old(plan, child, below, now, view)
        for child in node.children
        if (below := plan.phase(child, now)) is not None
    }
    state = _old_state(phase.state, {child.state for child in children.values()})
    made = OldNode(
        node.key,
        state,
        node.name,
        phase.retry,
        phase.loop,
        phase.skip,
        "" if node.kind == "root" else f"{phase.retry + phase.loop:03x}{node.key[3:]}",
        children,
        view.blank if phase.start is None else view.spell(phase.start),
        view.blank if phase.finish is None else view.spell(phase.finish),
    )
    if view.oldest:
        return made
    made.elapsed_time = elapsed(phase, now)
    made.error_ignorable = phase.ignored
    if not view.early:
        made.error_ignored = phase.ignored
    made.state_refresh_at = times.iso_milliseconds(phase.at)
    return made


def _old_state(state: str, below: set[str]) -> str:
    """The old engine calls a parent failed only once nothing below it runs any more."""
    if state != "RUNNING" or "RUNNING" in below:
        return state
    if "FAILED" in below:
        return "FAILED"
    return "NODE_SUSPENDED" if below & set(SUSPENDED) else state


def fields_of(tree: ModernNode | OldNode, but: str) -> dict[str, Any]:
    """A node's keys and values under the names they have on the wire."""
    names = zip(tree.__struct_fields__, tree.__struct_encode_fields__, strict=True)
    return {wire: value for name, wire in names if name != but and (value := getattr(tree, name)) is not UNSET}


def _phase(plan: Plan, node: Node, now: float) -> Phase:
    started = plan.state(now) if node is plan.root else plan.phase(node, now)
    return started or node.phases[0]
