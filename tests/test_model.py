"""What states mean, said once."""

from collections import Counter

import pytest

from exporter.model import (
    OVER,
    STANDINGS,
    UNFINISHED,
    Hosts,
    JobTasks,
    Node,
    NodeCounts,
    Standing,
    State,
    Task,
    needs_attention,
    needy_node,
    rank,
)


def test_every_state_has_its_place():
    """Each word of the vocabulary has a meaning, and with it its place in every order."""
    assert set(STANDINGS) == set(State)
    assert sorted(State, key=rank) == list(STANDINGS)
    assert [standing.value for standing in STANDINGS.values()] == sorted(each.value for each in STANDINGS.values())


def test_groups_of_states_follow_from_their_meaning():
    """What is over is not unfinished, and what is neither calls for somebody."""
    assert not OVER & UNFINISHED
    neither = set(State) - OVER - UNFINISHED
    assert {STANDINGS[state] for state in neither} == {Standing.FAILED, Standing.UNKNOWN}


def leaves(state: State, **by_state: int) -> Task:
    return Task(state=state, node_counts=NodeCounts({State(word): n for word, n in by_state.items()}, 0, 0))


@pytest.mark.parametrize(
    ("task", "needs"),
    [
        (leaves(State.RUNNING, running=2), {}),
        (leaves(State.RUNNING, failed=2), {State.FAILED: 2}),
        (leaves(State.REVOKED, failed=2), {}),
        (leaves(State.SUSPENDED, suspended=1), {State.SUSPENDED: 1}),
        (leaves(State.SUSPENDED, failed=1, suspended=1), {State.FAILED: 1}),
        (leaves(State.FAILED, unknown=1), {State.FAILED: 0, State.UNKNOWN: 1}),
        (Task(state=State.UNKNOWN), {State.UNKNOWN: 0}),
        (Task(state=State.RUNNING, hosts=Hosts({"running": 1, "failed": 3}, {}, {})), {State.FAILED: 3}),
        (Task(state=State.PENDING, job_tasks=JobTasks({"failed": 1}, None)), {State.FAILED: 1}),
        (Task(state=State.PARTLY_FAILED), {State.FAILED: 0}),
    ],
)
def test_what_needs_attention(task: Task, needs: dict[State, int]):
    """What failed, waits or is not understood, in the task or within it."""
    assert list(needs_attention(task).items()) == list(needs.items())


def test_the_node_that_calls_most_for_a_person():
    """What failed before what waits, the first of its kind, and leaves only; none where nobody is needed."""
    words = (("SUB", "failed", False), ("ok", "finished", True), ("wait", "suspended", True), ("bad", "failed", True))
    nodes = tuple(
        Node(name, name, State(state), leaf, 1, None, None, None, None, None, False, False)
        for name, state, leaf in words
    )

    def needy(state: State, *shown: Node) -> str:
        counts = NodeCounts(Counter(node.state for node in shown if node.leaf), 0, 0)
        node = needy_node(Task(state=state, nodes=shown, node_counts=counts))
        return node.name if node else ""

    assert needy(State.SUSPENDED, *nodes) == needy(State.FAILED, *nodes) == "bad"
    assert needy(State.SUSPENDED, *nodes[:3]) == "wait"
    assert needy(State.SUSPENDED, *nodes[:2]) == needy(State.REVOKED, *nodes) == ""
