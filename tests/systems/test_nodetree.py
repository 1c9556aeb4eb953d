"""The node tree of bk-sops and BKFlow, with everything that its engines are known to send."""

import json
from typing import Any

import pytest

from exporter.errors import Reason, TaskError
from exporter.model import Failure, Node, State, Task
from exporter.systems.nodetree import FINAL, STATES
from tests.answers import NOW, read_data

Json = dict[str, Any]

START = "2026-11-22 15:00:00 +0800"
FINISH = "2026-11-22 15:10:00 +0800"


def read(answer: Json) -> Task:
    return read_data("sops", answer)


def node(state: str = "FINISHED", **more: Any) -> Json:
    return {"state": state, "name": "n", "start_time": START, "finish_time": None, "elapsed_time": 5, **more}


def tree(state: str, **children: Json) -> Json:
    return node(state, children=children)


def counts(task: Task) -> dict[str, int]:
    assert task.node_counts is not None
    return {state.value: nodes for state, nodes in task.node_counts.by_state.items() if nodes}


def by_id(task: Task) -> dict[str, Node]:
    assert task.nodes is not None
    return {each.id: each for each in task.nodes}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("CREATED", "created"),
        ("READY", "pending"),
        ("LOOP_READY", "pending"),
        ("RUNNING", "running"),
        ("ROLLING_BACK", "running"),
        ("STARTED", "running"),
        ("SUSPENDED", "suspended"),
        ("NODE_SUSPENDED", "suspended"),
        ("BLOCKED", "suspended"),
        ("PENDING_PROCESSING", "suspended"),
        ("PENDING_APPROVAL", "suspended"),
        ("PENDING_CONFIRMATION", "suspended"),
        ("PENDING_CONTINUE", "suspended"),
        ("PENDING_ANYTHING_NEW", "suspended"),
        ("FAILED", "failed"),
        ("ROLL_BACK_FAILED", "failed"),
        ("REVOKED", "revoked"),
        ("FINISHED", "finished"),
        ("ROLL_BACK_SUCCESS", "finished"),
        ("EXPIRED", "expired"),
        ("failed", "unknown"),
        ("PENDING", "unknown"),
        ("MELTED", "unknown"),
    ],
)
def test_state_words(word: str, state: str) -> None:
    """Every word of the engines has its state, at the root and below; any other is unknown, told of, and not final."""
    root, below = read({"state": word}), read(tree("RUNNING", a=node(word)))
    assert root.state == by_id(below)["a"].state == state
    assert root.state in STATES
    assert root.final is (root.state in FINAL) is (state in {"finished", "revoked", "expired"})
    assert root.unknown_words == below.unknown_words == ((word,) if state == "unknown" else ())


@pytest.mark.parametrize(
    "answer", [{}, {"state": None}, {"state": ""}, {"state": 5}, {"state": ["FAILED"]}, [], None, "x", 7]
)
def test_no_tree_at_all(answer: Any) -> None:
    """An answer without a state is malformed."""
    with pytest.raises(TaskError) as caught:
        read(answer)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "answer",
    [
        {"state": "CREATED"},
        {
            "state": "CREATED",
            "children": {},
            "start_time": None,
            "finish_time": "",
            "elapsed_time": 0,
            "retry": 0,
            "skip": 0,
        },
        {"state": "CREATED", "children": None, "name": "of another task"},
        {"state": "CREATED", "children": []},
    ],
)
def test_created(answer: Json) -> None:
    """A task that has not started has no nodes, counted as such, no times, and no name that could be another's."""
    task = read(answer)
    assert task.state is State.CREATED
    assert task.nodes == ()
    assert counts(task) == {}
    assert (task.start, task.finish, task.labels.task_name) == (None, None, "")


def test_expired() -> None:
    """An expired task has nothing but its state and name: nothing is known of its nodes."""
    task = read({"state": "EXPIRED", "name": "old"})
    assert (task.nodes, task.node_counts, task.elapsed, task.labels.task_name) == (None, None, None, "old")


def test_revoked_task_stops_its_clock_and_its_nodes() -> None:
    """Upstream's clock of a revoked task runs for ever, and its nodes stay running: neither is believed."""
    task = read(tree("REVOKED", a=node("RUNNING"), b=node("READY"), c=node("FAILED"), d=node("SUSPENDED")))
    assert task.elapsed is None
    assert counts(task) == {"revoked": 2, "failed": 1, "suspended": 1}
    assert by_id(task)["a"].elapsed is None
    assert by_id(task)["c"].elapsed == 5


def test_revoked_task_with_finish_time() -> None:
    """The old engine notes when a task was revoked: then its clock is right."""
    task = read({"state": "REVOKED", "start_time": START, "finish_time": FINISH, "elapsed_time": 600})
    assert (task.elapsed, task.finish) == (600, NOW - 3000)


def test_revoked_subprocess_below_a_running_root() -> None:
    """Only what lies below a revoked root is stopped: elsewhere a running node runs."""
    task = read(tree("RUNNING", sub=node("REVOKED", children={"a": node("RUNNING")})))
    assert counts(task) == {"running": 1}


@pytest.mark.parametrize("state", ["CREATED", "READY", "RUNNING", "SUSPENDED"])
def test_no_finish_time_before_the_end(state: str) -> None:
    """A time of finish means nothing while the task is created, pending, running or suspended."""
    assert read({"state": state, "start_time": START, "finish_time": FINISH}).finish is None


@pytest.mark.parametrize(
    ("answer", "elapsed", "clocked"),
    [
        ({"state": "FINISHED", "elapsed_time": "35", "start_time": START, "finish_time": FINISH}, 35, False),
        ({"state": "FINISHED", "start_time": START, "finish_time": FINISH}, 600, False),
        ({"state": "FINISHED", "elapsed_time": "soon", "start_time": START, "finish_time": FINISH}, 600, False),
        ({"state": "FINISHED", "elapsed_time": -5, "start_time": START, "finish_time": FINISH}, 600, False),
        ({"state": "FINISHED", "start_time": FINISH, "finish_time": START}, 0, False),
        ({"state": "FINISHED", "start_time": START}, None, False),
        ({"state": "FINISHED"}, None, False),
        ({"state": "RUNNING", "start_time": START}, 3600, True),
        ({"state": "FAILED", "start_time": START, "finish_time": ""}, 3600, True),
        ({"state": "SUSPENDED", "start_time": START, "elapsed_time": 8}, 8, False),
        ({"state": "RUNNING", "start_time": "2027-01-01 00:00:00 +0800"}, 0, True),
    ],
)
def test_elapsed(answer: Json, elapsed: float | None, clocked: bool) -> None:
    """What BlueKing reports; else finish, or now, minus start; a figure that depends on now is marked."""
    task = read(answer)
    assert (task.elapsed, task.clocked) == (elapsed, clocked)


def test_values_that_cannot_be_read_are_dropped_alone() -> None:
    """One bad value costs that value, never the task and never the node."""
    task = read(
        node(
            "RUNNING", name=["?"], start_time={}, elapsed_time={"s": 1}, retry="two", loop=-1, skip="maybe", state_refresh_at=3,
            children={"a": node("FINISHED", retry="2", loop="3", skip="true", error_ignored=1, start_time=7, name=None)},
        )
    )  # fmt: skip
    assert (task.start, task.elapsed, task.retries, task.loops, task.skipped, task.state_refresh) == (None,) * 6
    only = by_id(task)["a"]
    assert (only.retries, only.loops, only.skipped, only.error_ignored, only.name) == (2, 3, True, True, "")


@pytest.mark.parametrize("children", [None, [], "x", 3, True, {"a": None}, {"a": []}, {"a": "FINISHED"}])
def test_children_that_are_none(children: Any) -> None:
    """What is no node is not counted, and a node with nothing but such below it is a leaf."""
    task = read(node("RUNNING", children={"only": node("FINISHED", children=children)}))
    assert counts(task) == {"finished": 1}
    assert [each.id for each in task.nodes or ()] == ["only"]


def test_nodes_of_unknown_state_are_counted() -> None:
    """A node without a state, or with a word that nobody knows, is there, and unknown."""
    task = read(tree("RUNNING", a={}, b=node("MELTED"), c=node("MELTED"), d=node("FINISHED")))
    assert counts(task) == {"unknown": 3, "finished": 1}
    assert task.unknown_words == ("", "MELTED")


def test_failure_shows_at_every_level_but_counts_once() -> None:
    """A failed leaf makes every subprocess above it failed: leaves are counted, and all nodes are there with their depth."""
    task = read(tree("FAILED", s1=tree("FAILED", s2=tree("FAILED", bad=node("FAILED")), good=node())))
    assert counts(task) == {"failed": 1, "finished": 1}
    assert {each.id: (each.depth, each.leaf) for each in task.nodes or ()} == {
        "s1": (1, False),
        "s2": (2, False),
        "bad": (3, True),
        "good": (2, True),
    }


def test_trouble_below_a_calm_root() -> None:
    """Root RUNNING over suspended, root SUSPENDED over failed: the nodes say what the root hides."""
    assert counts(read(tree("RUNNING", a=tree("RUNNING", b=node("SUSPENDED"))))) == {"suspended": 1}
    assert counts(read(tree("SUSPENDED", a=node("FAILED"), b=node()))) == {"failed": 1, "finished": 1}


def test_skipped_and_ignored_leaves_of_a_finished_task() -> None:
    """FINISHED is not `no failures`: what was skipped or ignored is counted apart; the root's own flag is not believed."""
    task = read({**tree("FINISHED", a=node(skip=True), b=node(error_ignored=True), c=node()), "error_ignored": True})
    assert task.node_counts is not None
    assert (counts(task), task.node_counts.skipped, task.node_counts.error_ignored) == ({"finished": 3}, 1, 1)


def test_same_id_at_several_levels() -> None:
    """An id that comes again shows once, where it first came; what lies below its second place is not lost."""
    task = read(tree("RUNNING", a=tree("RUNNING", a=node("FAILED"), b=tree("RUNNING", a=node(), c=node("FAILED")))))
    assert [(each.id, each.state.value) for each in task.nodes or ()] == [
        ("a", "running"),
        ("b", "running"),
        ("c", "failed"),
    ]
    assert counts(task) == {"failed": 1}


def test_wide_tree() -> None:
    """A tree of 3,000 nodes is read whole."""
    task = read(tree("RUNNING", **{f"n{number}": node() for number in range(3000)}))
    assert counts(task) == {"finished": 3000}


def test_deep_tree() -> None:
    """bk-sops allows 200 levels of subprocesses: all are read."""
    answer = node("FAILED")
    for level in range(200):
        answer = tree("FAILED", **{f"n{level}": answer})
    task = read(answer)
    assert max(each.depth for each in task.nodes or ()) == 200
    assert counts(task) == {"failed": 1}


def test_bottomless_tree() -> None:
    """Nesting without end is malformed, and brings nothing down."""
    level = '{"state":"FAILED","children":{"a":'
    with pytest.raises(TaskError) as caught:
        read_data("sops", (level * 20_000 + "{}" + "}}" * 20_000).encode())
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("<class 'pipeline.core.flow.event.EmptyStartEvent'>", "EmptyStartEvent"),
        ("<class 'Plain'>", "Plain"),
        ("<class 'a b'>", "<class 'a b'>"),
        ("a <class 'x.Y'>", "a <class 'x.Y'>"),
        ("定时", "定时"),
        ("", ""),
        (None, ""),
    ],
)
def test_names(sent: Any, shown: str) -> None:
    """The old engine sends classes for names: of a node the class's own name is shown, of the root none."""
    task = read({**tree("RUNNING", a=node(name=sent)), "name": sent})
    assert by_id(task)["a"].name == shown
    assert task.labels.task_name == ("" if shown != (sent or "") else shown)


def test_failures() -> None:
    """Failure texts come with the task, whatever JSON they are; empty ones say nothing."""
    task = read({"state": "FAILED", "ex_data": {"a": "定时时间需晚于当前时间", "b": {"code": 1}, "c": "", "d": None}})
    assert task.failures == (Failure("a", "定时时间需晚于当前时间"), Failure("b", '{"code":1}'))
    assert read({"state": "FAILED", "ex_data": ["x"]}).failures == ()


def test_no_secret_parts_are_read() -> None:
    """Traces and extra data that an answer may carry leave no mark on the task."""
    task = read({"state": "RUNNING", "exc_trace": "SECRET", "extra_data": {"x": "SECRET"}, "data": "SECRET"})
    assert "SECRET" not in json.dumps(repr(task))
