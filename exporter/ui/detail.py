"""The view model of `/task`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from exporter.errors import TaskError
from exporter.labeltext import clean, clean_url
from exporter.model import Identity, Labels, Node, State, Task
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.targets import Target, merged
from exporter.ui.bars import Bar, bar
from exporter.ui.rows import task_title
from exporter.ui.shorten import Excerpt, excerpt
from exporter.ui.tree import Family, Namer, Tree, namer, tree

#: Most failures that are told.
MOST_FAILURES = 100


@dataclass(frozen=True, slots=True)
class Why:
    """One failure: the names of what contains it, the outermost first, its own name, and what it said, if anything.

    `node` is None where no node of the tree failed, but a host or the whole job.
    """

    path: Sequence[str]
    name: str
    node: Node | None
    said: Excerpt | None


@dataclass(frozen=True, slots=True)
class Detail:
    """All that `/task` shows; without `task`, `error` says why, and `before` when it was last read, and its state."""

    identity: Identity
    query: str
    name: str
    labels: Labels
    url: str
    task: Task | None
    error: TaskError | None
    fetched: float
    before: tuple[float, State] | None
    bar: Bar | None
    tree: Tree | None
    why: Sequence[Why]
    failures: int


def detail(target: Target, outcome: Outcome[Task], seen: Outcome[Rendered] | None) -> Detail:
    """What `/task` shows of one outcome; `seen` is that of the last scrape, if it knew the task."""
    task = outcome.kept
    last = [(outcome.fetched, outcome.before)] if outcome.before else []
    labels = merged(target.params.labels if task is None else task.labels, target.known)
    if seen and (rendered := seen.kept or seen.before):
        labels = merged(labels, rendered.task.labels)
        last.append((seen.fetched, rendered.task))
    why = [] if task is None else reasons(task)
    return Detail(
        identity=outcome.identity,
        query=urlencode(target.params.query),
        name=task_title(labels, outcome.identity),
        labels=labels,
        url=clean_url(labels.url),
        task=task,
        error=outcome.error,
        fetched=outcome.fetched,
        before=max(((when, each.state) for when, each in last), default=None) if task is None else None,
        bar=None if task is None else bar(task),
        tree=None if task is None or not task.nodes else tree(task.nodes),
        why=why[:MOST_FAILURES],
        failures=len(why),
    )


def reasons(task: Task) -> list[Why]:
    """What failed and why: failed leaves of the tree, and whatever else BlueKing said of failures."""
    nodes = task.nodes or ()
    said = {failure.where: failure.text for failure in task.failures}
    family, name = Family(nodes), namer(nodes)
    failed = [index for index, node in enumerate(nodes) if _failed(node) or node.id in said]
    of_nodes = [_why(family, index, said, name) for index in failed]
    known = {nodes[index].id for index in failed}
    others = [failure for failure in task.failures if failure.where not in known]
    return of_nodes + [Why((), clean(failure.where), None, excerpt(failure.text)) for failure in others]


def _failed(node: Node) -> bool:
    return node.leaf and node.state is State.FAILED


def _why(family: Family, index: int, said: Mapping[str, str], name: Namer) -> Why:
    node = family.nodes[index]
    path = [name(family.nodes[each]) for each in family.path(index)[:0:-1]]
    text = said.get(node.id)
    return Why(path, name(node), node, None if text is None else excerpt(text))
