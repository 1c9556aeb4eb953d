"""The metric catalogue: every family of a task, declared once. README's table, HELP and both renderers derive from it.

A family is a row: its name, its help, its labels beside the identity's, and a pure function from data to samples.
The exporter's own families stand in `exporter.owncatalogue`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from exporter.labeltext import MAX_LENGTH, clean, clean_id, clean_url
from exporter.model import Identity, Node, State, Task
from exporter.outcome import Outcome
from exporter.systems import SYSTEMS

Sample: TypeAlias = tuple[tuple[str, ...], float]

#: Labels of every task family, from the fields of Identity.
IDENTITY: tuple[str, ...] = Identity.__struct_fields__


@dataclass(frozen=True, slots=True)
class TaskFamily:
    """Samples that follow from a task's answer alone: label values and value of each."""

    name: str
    help: str
    samples: Callable[[Identity, Task], Sequence[Sample]]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeFamily:
    """At most one sample of each node; `labels` beside `node_id` and `node_name`."""

    name: str
    help: str
    sample: Callable[[Node], Sample | None]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFamily:
    """At most one sample of each task, from what this page found out and from how many nodes it left out."""

    name: str
    help: str
    value: Callable[[Outcome[Any], int | None], float | None]
    labels: tuple[str, ...] = ()


Family: TypeAlias = TaskFamily | NodeFamily | PageFamily

NODE = ("node_id", "node_name")


def all_labels(family: Family) -> tuple[str, ...]:
    """Every label of a family: those of the identity, those of the node, its own."""
    return IDENTITY + (NODE if isinstance(family, NodeFamily) else ()) + family.labels


def identity_values(identity: Identity) -> tuple[str, ...]:
    """The label values of an identity, in the order of IDENTITY."""
    return tuple([clean_id(value) for value in msgspec.structs.astuple(identity)])


def task_samples(family: TaskFamily, identity: Identity, task: Task) -> Sequence[Sample]:
    """A family's samples with clean label values; of those that cleaning made alike only the first."""
    return cleaned(family.samples(identity, task)) if family.labels else family.samples(identity, task)


def cleaned(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples with clean label values; of those that this made alike only the first."""
    read = [(_clean_all(values), value) for values, value in samples]
    if len({values for values, _ in read}) == len(read):
        return read
    return list({values: (values, value) for values, value in reversed(read)}.values())[::-1]


@functools.lru_cache(maxsize=1 << 12)
def _clean_all(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(clean, values))


def node_names(nodes: Iterable[Node]) -> list[str]:
    """The label values `node_name`; a name need not be unique."""
    return [clean(node.name) for node in nodes]


# --- how a row says what it takes from a task -----------------------------------------------------------------------


_Counts: TypeAlias = Mapping[str, int] | Mapping[State, int]


def _one(value: Callable[[Task], float | None]) -> Callable[[Identity, Task], Sequence[Sample]]:
    def samples(_: Identity, task: Task) -> Sequence[Sample]:
        read = value(task)
        return () if read is None else (((), read),)

    return samples


def _many(table: Callable[[Task], _Counts | None]) -> Callable[[Identity, Task], Sequence[Sample]]:
    def samples(_: Identity, task: Task) -> Sequence[Sample]:
        return [((key,), count) for key, count in (table(task) or {}).items()]

    return samples


def _info(_: Identity, task: Task) -> Sequence[Sample]:
    labels = task.labels
    return [((labels.task_name, labels.kind, labels.creator, clean_url(labels.url)), 1)]


def _state(identity: Identity, task: Task) -> Sequence[Sample]:
    return [((state,), int(state is task.state)) for state in SYSTEMS[identity.system].STATES]


def _node_elapsed(node: Node) -> Sample | None:
    return None if node.elapsed is None else ((), node.elapsed)


def _node_retries(node: Node) -> Sample | None:
    return ((), node.retries) if node.retries else None


_STEP_BACK = "bk-sops answers from caches that are up to 10 s old, so this may step back for that long."

#: In the order of the page.
FAMILIES: tuple[Family, ...] = (
    PageFamily(
        "bk_task_up",
        "Whether the task could be read for this page: 1 if so, 0 if not. A task that could not be read has "
        "only this and bk_task_scrape_duration_seconds.",
        lambda outcome, _: int(outcome.kept is not None),
    ),
    TaskFamily(
        "bk_task_info",
        "Always 1. The labels say the name of the task, its kind (sops template id, nodeman job_type, gsekit "
        "object/action), its creator and a link to it; each may be empty. As in every label, texts of more than "
        f"{MAX_LENGTH} characters are cut.",
        _info,
        ("task_name", "kind", "creator", "url"),
    ),
    TaskFamily(
        "bk_task_state",
        "State of the task: 1 for the present state, 0 for the other states of its system. Exactly one is 1. "
        + _STEP_BACK,
        _state,
        ("state",),
    ),
    TaskFamily(
        "bk_task_elapsed_seconds",
        "Seconds on the wall clock since the task started, pauses included, as BlueKing reports them; where it reports "
        "none, finish (or now) minus start. Absent when unknown, and for a revoked task without finish time. "
        + _STEP_BACK,
        _one(lambda task: task.elapsed),
    ),
    TaskFamily(
        "bk_task_start_timestamp_seconds",
        "When the task started, in seconds since the epoch. Absent until it started.",
        _one(lambda task: task.start),
    ),
    TaskFamily(
        "bk_task_finish_timestamp_seconds",
        "When the task finished, in seconds since the epoch. Absent until known, and while the task is created, "
        "pending, running or suspended.",
        _one(lambda task: task.finish),
    ),
    TaskFamily(
        "bk_task_state_refresh_timestamp_seconds",
        "When the old engine of bk-sops last refreshed the state, in seconds since the epoch. Absent elsewhere.",
        _one(lambda task: task.state_refresh),
    ),
    TaskFamily(
        "bk_task_retries",
        "Retries of the task as a whole, as the engine counts them. Absent where BlueKing does not say.",
        _one(lambda task: task.retries),
    ),
    TaskFamily(
        "bk_task_loops",
        "Loop in which the task as a whole is, from 1. Absent where BlueKing does not say.",
        _one(lambda task: task.loops),
    ),
    TaskFamily(
        "bk_task_skipped",
        "Whether a person skipped the task as a whole: 1 if so, 0 if not. Absent where BlueKing does not say.",
        _one(lambda task: task.skipped),
    ),
    TaskFamily(
        "bk_task_nodes",
        "Leaf nodes that have started, per state (sops, bkflow). BlueKing tells of no others, so their sum is not the "
        "size of the task. Below a revoked task, nodes that are still called running or pending count as revoked. "
        "Absent for an expired task and where nodes are not read. " + _STEP_BACK,
        _many(lambda task: task.node_counts.by_state if task.node_counts else None),
        ("state",),
    ),
    TaskFamily(
        "bk_task_nodes_skipped",
        "Leaf nodes that failed and that a person skipped; they count as finished. Absent as bk_task_nodes is.",
        _one(lambda task: task.node_counts.skipped if task.node_counts else None),
    ),
    TaskFamily(
        "bk_task_nodes_error_ignored",
        "Leaf nodes that failed and whose failure was ignored; they count as finished. Absent as bk_task_nodes is.",
        _one(lambda task: task.node_counts.error_ignored if task.node_counts else None),
    ),
    PageFamily(
        "bk_task_nodes_truncated",
        "Nodes that a limit (nodes_per_task, node_series) left out of bk_task_node_state and its kin. Absent where "
        "single nodes are not shown.",
        lambda _, truncated: truncated,
    ),
    NodeFamily(
        "bk_task_node_state",
        "Always 1. The label state says the present state of a single node that has started; subprocesses count as "
        "nodes too, and fail with what fails in them. Most urgent nodes first: failed, suspended, running, the rest. "
        + _STEP_BACK,
        lambda node: ((node.state,), 1),
        ("state",),
    ),
    NodeFamily(
        "bk_task_node_elapsed_seconds",
        "Seconds since the node started, as BlueKing reports them; a retry begins anew. Absent when unknown.",
        _node_elapsed,
    ),
    NodeFamily(
        "bk_task_node_retries",
        "Retries of the node. Only nodes with at least one have this.",
        _node_retries,
    ),
    TaskFamily(
        "bk_task_nodeman_hosts",
        "Hosts of the nodeman job per status: running, failed, success, pending, ignored. Other words, and hosts that "
        "no status counts, are counted as other. A status that nodeman does not tell of is absent.",
        _many(lambda task: task.hosts.by_status if task.hosts else None),
        ("status",),
    ),
    TaskFamily(
        "bk_task_nodeman_os_hosts",
        "Hosts of the nodeman job per operating system. Only the legacy API of nodeman tells.",
        _many(lambda task: task.hosts.by_os if task.hosts else None),
        ("os_type",),
    ),
    TaskFamily(
        "bk_task_nodeman_failed_hosts",
        "Failed hosts of the nodeman job per error code. Only the legacy API of nodeman tells.",
        _many(lambda task: task.hosts.failed_by_code if task.hosts else None),
        ("err_code",),
    ),
    TaskFamily(
        "bk_task_gsekit_job_tasks",
        "Tasks of the gsekit job per status: pending, running, succeeded, failed, ignored.",
        _many(lambda task: task.job_tasks.by_status if task.job_tasks else None),
        ("status",),
    ),
    TaskFamily(
        "bk_task_gsekit_ready",
        "Whether all tasks of the gsekit job have been created: 1 if so, 0 if not. Absent where gsekit does not say.",
        _one(lambda task: task.job_tasks.ready if task.job_tasks else None),
    ),
    PageFamily(
        "bk_task_scrape_duration_seconds",
        "Seconds that this page spent on the task, waiting included; 0 from cache.",
        lambda outcome, _: outcome.duration,
    ),
    PageFamily(
        "bk_task_last_success_timestamp_seconds",
        "When the data shown was fetched from BlueKing, in seconds since the epoch. Absent if the task could not be "
        "read.",
        lambda outcome, _: None if outcome.kept is None else outcome.fetched,
    ),
)
