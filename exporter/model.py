"""What the exporter knows of a task, whatever system it came from: plain, frozen data.

Times are seconds since the epoch, durations are seconds, None means unknown. Texts are as BlueKing sent them;
who prints them escapes and shortens them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto

import msgspec


class State(StrEnum):
    """The one closed vocabulary of states; a system uses only its own part of it."""

    CREATED = "created"
    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    FAILED = "failed"
    PARTLY_FAILED = "partly_failed"
    REVOKED = "revoked"
    FINISHED = "finished"
    EXPIRED = "expired"
    IGNORED = "ignored"
    UNKNOWN = "unknown"

    __hash__ = str.__hash__  # as it equals its word; Enum's own is written in Python, and states are looked up all day


class Standing(Enum):
    """What a state means to whoever watches."""

    FAILED = auto()
    #: It goes on when a person acts.
    WAITING = auto()
    UNKNOWN = auto()
    UNDER_WAY = auto()
    #: Nothing more happens, and nobody has to look.
    OVER = auto()


#: What each state means, the most urgent first: every order and group of states follows from this.
STANDINGS: Mapping[State, Standing] = {
    State.FAILED: Standing.FAILED,
    State.PARTLY_FAILED: Standing.FAILED,
    State.SUSPENDED: Standing.WAITING,
    State.UNKNOWN: Standing.UNKNOWN,
    State.RUNNING: Standing.UNDER_WAY,
    State.PENDING: Standing.UNDER_WAY,
    State.CREATED: Standing.UNDER_WAY,
    State.REVOKED: Standing.OVER,
    State.EXPIRED: Standing.OVER,
    State.IGNORED: Standing.OVER,
    State.FINISHED: Standing.OVER,
}


def _states(*standings: Standing) -> frozenset[State]:
    return frozenset(state for state, standing in STANDINGS.items() if standing in standings)


#: Retried jobs keep the end time of the run before, so a finish time means nothing in these states.
UNFINISHED = _states(Standing.WAITING, Standing.UNDER_WAY)

OVER = _states(Standing.OVER)

_RANKS = {state: rank for rank, state in enumerate(STANDINGS)}


def rank(state: State) -> int:
    """How many states are more urgent."""
    return _RANKS.get(state, len(_RANKS))


#: Most urgent first: what somebody must look at, then what is under way, then the rest.
URGENCY: Mapping[State, int] = {
    state: {Standing.FAILED: 0, Standing.WAITING: 1}.get(standing, 2 if state is State.RUNNING else 3)
    for state, standing in STANDINGS.items()
}

URGENCIES = 4


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where tasks live: a business, or what `scope` names where that is no CMDB business (`project:7`, `space:5`)."""

    system: str
    bk_biz_id: str
    scope: str

    def __str__(self) -> str:
        return f"{self.system} {self.scope or f'biz {self.bk_biz_id}'}"


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The identity labels of a task. No two tasks of a page share one.

    `bk_biz_id` holds true CMDB business ids only; other id spaces leave it empty and fill `scope`
    (`project:7`, `space:5`). `task_id` is the job id of nodeman and gsekit; a sops subtree is `10/<subprocess_id>`.
    """

    system: str
    bk_biz_id: str
    scope: str
    task_id: str

    @property
    def place(self) -> Place:
        """The business, project or space of this task."""
        return Place(self.system, self.bk_biz_id, self.scope)

    def __str__(self) -> str:
        return f"{self.place} task {self.task_id}"


class Node(msgspec.Struct, frozen=True, gc=False):
    """One started node of a sops or BKFlow task; `depth` is 1 below the root, a subprocess is no leaf."""

    id: str
    name: str
    state: State
    leaf: bool
    depth: int
    elapsed: float | None
    start: float | None
    finish: float | None
    retries: int | None
    loops: int | None
    skipped: bool
    error_ignored: bool


class NodeCounts(msgspec.Struct, frozen=True, gc=False):
    """Started leaf nodes of a task: by state, skipped by a person, failed but ignored."""

    by_state: Mapping[State, int]
    skipped: int
    error_ignored: int


class Hosts(msgspec.Struct, frozen=True, gc=False):
    """Hosts of a nodeman job: by status word, by operating system, failed ones by error code. Absent stays absent."""

    by_status: Mapping[str, int]
    by_os: Mapping[str, int]
    failed_by_code: Mapping[str, int]


class JobTasks(msgspec.Struct, frozen=True, gc=False):
    """Tasks of a gsekit job by status, and whether the job is ready."""

    by_status: Mapping[str, int]
    ready: bool | None


class Labels(msgspec.Struct, frozen=True, gc=False):
    """What `bk_task_info` says beside the identity; every text may be empty."""

    task_name: str = ""
    kind: str = ""
    creator: str = ""
    url: str = ""


#: Nothing is known.
NO_LABELS = Labels()


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why something failed, in BlueKing's words: of a node, a host or a whole job. Never logged, never a label."""

    where: str
    text: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task as one answer told it. `final` means that it is not expected to change any more.

    `nodes` are all started nodes in the order of the answer, subprocesses before what they contain;
    None where the answer says nothing of nodes. `unknown_words` are states that nobody told us of.
    """

    state: State
    final: bool = False
    labels: Labels = NO_LABELS
    elapsed: float | None = None
    start: float | None = None
    finish: float | None = None
    state_refresh: float | None = None
    retries: int | None = None
    loops: int | None = None
    skipped: bool | None = None
    nodes: tuple[Node, ...] | None = None
    node_counts: NodeCounts | None = None
    hosts: Hosts | None = None
    job_tasks: JobTasks | None = None
    failures: tuple[Failure, ...] = ()
    unknown_words: tuple[str, ...] = ()
    #: True where a figure was derived from the moment of reading, so that equal answers do not make equal tasks.
    clocked: bool = False


def needs_attention(task: Task) -> dict[State, int]:
    """What of a task calls for a person, the most urgent first, and how many nodes, hosts or job tasks do so.

    It is what `bk_task:needs_attention` of prometheus/rules/recording.yml says, but for what thresholds decide. Empty
    where nobody is needed; 0 parts where the task does so as a whole.
    """
    standing, nodes = STANDINGS.get(task.state), task.node_counts.by_state if task.node_counts else {}
    failed = sum(parts.by_status.get("failed", 0) for parts in (task.hosts, task.job_tasks) if parts)
    if standing is Standing.FAILED or task.state in {State.RUNNING, State.SUSPENDED}:
        failed += nodes.get(State.FAILED, 0)
    needs = {}
    if failed or standing is Standing.FAILED:
        needs[State.FAILED] = failed
    elif standing is Standing.WAITING:
        needs[State.SUSPENDED] = nodes.get(State.SUSPENDED, 0)
    unknown = nodes.get(State.UNKNOWN, 0)
    if unknown or standing is Standing.UNKNOWN:
        needs[State.UNKNOWN] = unknown
    return needs


def needy_node(task: Task) -> Node | None:
    """The first leaf node of those that call most for a person; None where no node does."""
    states = [state for state, parts in needs_attention(task).items() if parts]
    return next((node for node in task.nodes or () if node.leaf and node.state is states[0]), None) if states else None
