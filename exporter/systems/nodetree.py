"""The node tree that bk-sops and BKFlow share: both are front ends of the same engine (bamboo, or its forerunner).

Shapes and traps are those of bk-sops 3.x (`get_task_status`), BKFlow 1.11 (`get_task_states`) and bamboo-engine:
`children` holds started nodes only, keyed by node id, nested for subprocesses; a key may be missing in any of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from exporter.model import UNFINISHED, Failure, Labels, Node, NodeCounts, State, Task
from exporter.systems.base import Reading, count, decode, elapsed_seconds, flag, malformed, seconds, text, timestamp

#: The engine's words, of both its generations and of the products' own additions. PENDING_* is read by prefix.
WORDS: Mapping[str, State] = {
    "CREATED": State.CREATED,
    "READY": State.PENDING,
    "LOOP_READY": State.PENDING,
    "RUNNING": State.RUNNING,
    "ROLLING_BACK": State.RUNNING,
    "STARTED": State.RUNNING,
    "SUSPENDED": State.SUSPENDED,
    "NODE_SUSPENDED": State.SUSPENDED,
    "BLOCKED": State.SUSPENDED,
    "FAILED": State.FAILED,
    "ROLL_BACK_FAILED": State.FAILED,
    "REVOKED": State.REVOKED,
    "FINISHED": State.FINISHED,
    "ROLL_BACK_SUCCESS": State.FINISHED,
    "EXPIRED": State.EXPIRED,
}

STATES = (
    State.CREATED,
    State.PENDING,
    State.RUNNING,
    State.SUSPENDED,
    State.FAILED,
    State.REVOKED,
    State.FINISHED,
    State.EXPIRED,
    State.UNKNOWN,
)

#: FAILED is not among them: a retry or a skip takes it back to RUNNING.
FINAL = frozenset({State.FINISHED, State.REVOKED, State.EXPIRED})

#: What an older engine sends in place of a name: `<class 'pipeline.core.flow.event.EmptyStartEvent'>`.
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")


class Answer(msgspec.Struct, gc=False):
    """One entry of the tree, the root included; only what is needed is decoded, and nothing is trusted to be there."""

    state: Any = None
    name: Any = None
    start_time: Any = None
    finish_time: Any = None
    elapsed_time: Any = None
    retry: Any = None
    loop: Any = None
    skip: Any = None
    error_ignored: Any = None
    state_refresh_at: Any = None
    ex_data: Any = None
    children: "dict[str, Answer | list[Any] | str | bool | int | float | None] | list[Any] | str | bool | int | float | None" = None  # noqa: E501, UP037 (one union: whatever JSON can hold)


_decoder = msgspec.json.Decoder(Answer)


def state_of(word: object) -> State:
    """Our state for the engine's word; `unknown` for any other."""
    if not isinstance(word, str):
        return State.UNKNOWN
    return WORDS.get(word) or (State.SUSPENDED if word.startswith("PENDING_") else State.UNKNOWN)


def readable_name(name: object) -> str:
    """A name for people: of a Python class only its own name."""
    plain = text(name)
    if not plain.startswith("<"):
        return plain
    shown = _CLASS.fullmatch(plain)
    return shown[1] if shown else plain


def task_name(root: Answer) -> str:
    """The task's name, if the answer's root can be trusted with it.

    A CREATED root may carry another task's name (one dict shared by all requests of a bk-sops worker),
    and an old engine's root carries a class.
    """
    name = text(root.name)
    return "" if root.state == "CREATED" or _CLASS.fullmatch(name) else name


def read(data: bytes, reading: Reading, labels: Labels, what: str) -> Task:
    """One task from the raw JSON of its root; raises TaskError if that is no tree at all."""
    root = decode(data, _decoder, what)
    if not isinstance(root.state, str) or not root.state:
        raise malformed(f"{what}: no state in the answer")
    return _task(root, reading, labels)


def _task(root: Answer, reading: Reading, labels: Labels) -> Task:
    state = state_of(root.state)
    start, finish = timestamp(root.start_time, reading.zone), timestamp(root.finish_time, reading.zone)
    if state in UNFINISHED:
        finish = None
    reported = seconds(root.elapsed_time)
    elapsed = elapsed_seconds(state, reported, start, finish, reading.now)
    nodes = None if state is State.EXPIRED else _nodes(root, state, reading)
    return Task(
        state=state,
        final=state in FINAL,
        labels=labels if labels.task_name else msgspec.structs.replace(labels, task_name=task_name(root)),
        elapsed=elapsed,
        start=start,
        finish=finish,
        state_refresh=timestamp(root.state_refresh_at, reading.zone),
        retries=count(root.retry),
        loops=count(root.loop),
        skipped=flag(root.skip),
        nodes=nodes,
        node_counts=None if nodes is None else _counts(nodes),
        failures=_failures(root.ex_data),
        unknown_words=tuple(sorted(_unknown(root))) if _has_unknown(state, nodes) else (),
        clocked=elapsed is not None and reported is None and finish is None,
    )


def _children(entry: Answer) -> dict[str, Any]:
    """What lies directly below, by node id; nothing where `children` is missing or no object."""
    return entry.children if isinstance(entry.children, dict) else {}


def with_times(task: Task, start: float | None, finish: float | None) -> Task:
    """The task with times that were told of it elsewhere, where its tree has none: it never has a revoked one's end."""
    if task.state in UNFINISHED:
        return task
    start, finish = task.start or start, task.finish or finish
    elapsed = task.elapsed
    if elapsed is None and start is not None and finish is not None:
        elapsed = max(0.0, finish - start)
    return msgspec.structs.replace(task, start=start, finish=finish, elapsed=elapsed)


def _entries(root: Answer) -> Iterator[tuple[str, Answer, int]]:
    """All nodes below the root with their depth, in the order of the answer, without recursion; each id once."""
    seen: set[str] = set()
    stack = [(iter(_children(root).items()), 1)]
    while stack:
        level, depth = stack[-1]
        for node_id, entry in level:
            if isinstance(entry, Answer):
                if node_id not in seen:
                    seen.add(node_id)
                    yield node_id, entry, depth
                if below := _children(entry):
                    stack.append((iter(below.items()), depth + 1))
                    break
        else:
            stack.pop()


def _nodes(root: Answer, root_state: State, reading: Reading) -> tuple[Node, ...]:
    revoked = root_state is State.REVOKED
    return tuple([_node(node_id, entry, depth, reading, revoked=revoked) for node_id, entry, depth in _entries(root)])


def _node(node_id: str, entry: Answer, depth: int, reading: Reading, *, revoked: bool) -> Node:
    state = state_of(entry.state)
    if revoked and state in {State.RUNNING, State.PENDING}:
        state = State.REVOKED  # upstream leaves them as they were when the task was revoked
    start, finish = timestamp(entry.start_time, reading.zone), timestamp(entry.finish_time, reading.zone)
    return Node(
        id=node_id,
        name=readable_name(entry.name),
        state=state,
        leaf=not entry.children or not any(isinstance(child, Answer) for child in _children(entry).values()),
        depth=depth,
        elapsed=elapsed_seconds(state, seconds(entry.elapsed_time), start, finish, reading.now),
        start=start,
        finish=finish,
        retries=count(entry.retry),
        loops=count(entry.loop),
        skipped=flag(entry.skip) or False,
        error_ignored=flag(entry.error_ignored) or False,
    )


def _counts(nodes: tuple[Node, ...]) -> NodeCounts:
    leaves = [node for node in nodes if node.leaf]
    by_state = Counter([node.state for node in leaves])
    return NodeCounts(
        by_state={state: by_state[state] for state in STATES},
        skipped=sum([node.skipped for node in leaves]),
        error_ignored=sum([node.error_ignored for node in leaves]),
    )


def _failures(ex_data: object) -> tuple[Failure, ...]:
    if not isinstance(ex_data, Mapping):
        return ()
    return tuple(
        Failure(where=str(node_id), text=said if isinstance(said, str) else msgspec.json.encode(said).decode())
        for node_id, said in ex_data.items()
        if said
    )


def _has_unknown(state: State, nodes: tuple[Node, ...] | None) -> bool:
    return State.UNKNOWN in {state, *[node.state for node in nodes or ()]}


def _unknown(root: Answer) -> set[str]:
    words = {text(root.state)} | {text(entry.state) for _, entry, _ in _entries(root)}
    return {word for word in words if state_of(word) is State.UNKNOWN}
