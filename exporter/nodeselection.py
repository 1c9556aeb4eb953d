"""Which single nodes a page shows: most urgent first, within the limits of a task and of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.labeltext import clean_id
from exporter.model import OVER, URGENCIES, URGENCY, Node, Task
from exporter.systems.base import Nodes


@dataclass(frozen=True, slots=True)
class Selection:
    """The nodes of one task that may be shown.

    `nodes` are in the order in which they are shown, `ids` are their ids as label values, no two alike, `classes`
    says how many of them each class of urgency has. `truncated` is how many the task's limit left out.
    """

    nodes: Sequence[Node]
    ids: Sequence[str]
    classes: tuple[int, ...]
    truncated: int


NO_CLASSES = (0,) * URGENCIES


def select_of(task: Task, mode: Nodes, limit: int) -> Selection | None:
    """Choose from a task's nodes; None where the answer told of no nodes, or none are wanted."""
    return None if task.nodes is None or mode == "none" else select(task.nodes, mode, limit)


def select(nodes: Sequence[Node], mode: Nodes, limit: int) -> Selection:
    """Choose from a task's nodes. What `mode` leaves out is not counted as truncated."""
    wanted = nodes if mode == "all" else [node for node in nodes if node.state not in OVER]
    ranked = sorted(wanted, key=_rank)  # sorted keeps the answer's order within a rank
    shown = ranked[: max(0, limit)]
    ids = [clean_id(node.id) for node in shown]
    if len(set(ids)) < len(ids):
        first: dict[str, Node] = {}
        for node_id, node in zip(ids, shown, strict=True):
            first.setdefault(node_id, node)
        shown, ids = list(first.values()), list(first)
    classes = [0] * URGENCIES
    for node in shown:
        classes[URGENCY[node.state]] += 1
    return Selection(shown, ids, tuple(classes), len(ranked) - len(shown))


def _rank(node: Node) -> int:
    """Leaves come before the subprocesses of their class: what really failed before what failed with it."""
    return 2 * URGENCY[node.state] + (not node.leaf)


def share(classes: Sequence[Sequence[int]], budget: int) -> list[int]:
    """How many nodes each task may show, of the page's `budget`.

    Each task gives its nodes per class of urgency. A more urgent class is served first over all tasks; the class that
    overflows is served in the order of the page. What a task gets is a beginning of its selection.
    """
    granted = [0] * len(classes)
    for urgency in range(URGENCIES):
        for index, counts in enumerate(classes):
            take = min(counts[urgency], budget)
            granted[index] += take
            budget -= take
    return granted
