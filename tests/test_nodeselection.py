"""Which single nodes are shown: how a page's budget is shared."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.model import URGENCIES, URGENCY, Node, State
from exporter.nodeselection import select, share

CLASSES = st.lists(st.lists(st.integers(0, 5), min_size=URGENCIES, max_size=URGENCIES), max_size=6)


def node(number: int, state: State, *, leaf: bool) -> Node:
    return Node(
        id=f"n{number}", name="", state=state, leaf=leaf, depth=1, elapsed=None, start=None, finish=None,
        retries=None, loops=None, skipped=False, error_ignored=False,
    )  # fmt: skip


@given(CLASSES, st.integers(0, 100))
def test_budget_is_used_and_never_exceeded(classes: list[list[int]], budget: int) -> None:
    """As many nodes are granted as there are, or as the budget allows, and no task gets more than it has."""
    granted = share(classes, budget)
    assert sum(granted) == min(budget, sum(map(sum, classes)))
    assert all(got <= sum(counts) for got, counts in zip(granted, classes, strict=True))


@given(CLASSES, st.integers(0, 100))
def test_no_task_shows_a_calmer_node_before_anothers_urgent_one(classes: list[list[int]], budget: int) -> None:
    """Where any node of a class is left out, no node of a calmer class is shown anywhere."""
    granted = share(classes, budget)
    for urgency in range(URGENCIES):
        wanted = [sum(counts[: urgency + 1]) for counts in classes]
        if any(got < all_of for got, all_of in zip(granted, wanted, strict=True)):
            assert all(got <= all_of for got, all_of in zip(granted, wanted, strict=True))


def test_overflowing_class_in_page_order() -> None:
    """Within the class that overflows, who comes first on the page is served first."""
    assert share([[0, 0, 0, 9], [1, 0, 0, 9]], 5) == [4, 1]


@given(st.lists(st.tuples(st.sampled_from(list(State)), st.booleans()), max_size=12), st.integers(0, 12))
def test_selection_is_ordered_counted_and_bounded(drawn: list[tuple[State, bool]], limit: int) -> None:
    """Urgency first, leaves before subprocesses, then the answer's order; the classes add up to what is shown."""
    nodes = [node(number, state, leaf=leaf) for number, (state, leaf) in enumerate(drawn)]
    selection = select(nodes, "all", limit)
    keys = [(URGENCY[each.state], not each.leaf, nodes.index(each)) for each in selection.nodes]
    assert keys == sorted(keys)
    assert sum(selection.classes) == len(selection.nodes) == min(limit, len(nodes))
    assert selection.truncated == len(nodes) - len(selection.nodes)
    assert list(selection.ids) == [each.id for each in selection.nodes]
