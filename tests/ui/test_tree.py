"""Trees as lines."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.model import Node, State
from exporter.ui.tree import DEEPEST, Tree, tree


def node(name: str, depth: int, state: State = State.FINISHED, **values: Any) -> Node:
    defaults: dict[str, Any] = {
        "id": name, "leaf": True, "elapsed": None, "start": None, "finish": None,
        "retries": None, "loops": None, "skipped": False, "error_ignored": False,
    }  # fmt: skip
    return Node(**{**defaults, "name": name, "depth": depth, "state": state, **values})


def drawn(shown: Tree) -> str:
    """`a(b c)`: open branches with round brackets, folded ones with square ones."""
    text = ""
    ends: list[str] = []
    for line in shown.lines:
        if line.kind == "end":
            text = text.rstrip() + ends.pop() + " "
        elif line.kind == "hidden":
            text += f"+{line.hidden} "
        elif line.kind == "node":
            text += f"{line.name} "
        else:
            text += f"{line.name}{'(' if line.open else '['}"
            ends.append(")" if line.open else "]")
    assert ends == []
    return text.strip()


def test_children_stand_within_their_parent_in_the_order_of_their_start():
    """An answer's own order is that of a database; what never started comes last."""
    nodes = [
        node("b", 1, start=2.0),
        node("y", 2, start=4.0),
        node("x", 2, start=3.0),
        node("a", 1, start=1.0),
        node("z", 1),
    ]
    assert drawn(tree(nodes)) == "a b(x y) z"


def test_finished_parts_of_a_large_tree_are_folded_and_what_moves_is_open():
    """However deep below what moves is."""
    nodes = [node("done", 1), *[node(f"d{i}", 2) for i in range(50)]]
    nodes += [node("outer", 1), node("inner", 2), node("bad", 3, State.FAILED), node("fine", 2)]
    text = drawn(tree(nodes))
    assert text.startswith("done[d0 ")
    assert text.endswith("outer(inner(bad) fine)")


def test_what_is_drawn_is_limited_and_the_urgent_comes_first():
    """With all that contains it, and with a count of what is left out in each place."""
    nodes = [
        node("g", 1),
        *[node(f"n{i}", 2) for i in range(60)],
        node("bad", 2, State.FAILED),
        node("run", 1, State.RUNNING),
    ]
    shown = tree(nodes, most=5)
    assert drawn(shown) == "g(n0 n1 bad +58) run"
    assert (shown.total, shown.shown) == (63, 5)


def test_hidden_groups_count_with_all_they_hold():
    """Also at the outermost level."""
    nodes = [node("g", 1), *[node(f"n{i}", 2) for i in range(60)], node("bad", 1, State.FAILED)]
    assert drawn(tree(nodes, most=1)) == "bad +61"


@pytest.mark.parametrize("depth", [DEEPEST + 3, 20_000])
def test_depth_is_limited_without_recursion(depth: int):
    """What is deeper is drawn at the deepest level."""
    nodes = [node(f"n{level}", level, State.RUNNING) for level in range(1, depth + 1)]
    lines = tree(nodes, most=DEEPEST + 3).lines
    level = deepest = 0
    for line in lines:
        level += {"branch": 1, "end": -1}.get(line.kind, 0)
        deepest = max(deepest, level)
    assert (level, deepest) == (0, DEEPEST - 1)
    assert sum(line.node is not None for line in lines) == DEEPEST + 3


def test_nodes_without_names_are_called_by_id_where_none_has_one():
    """BKFlow tells no names; bk-sops tells none of events and gateways."""
    assert drawn(tree([node("", 1, id="n1"), node("", 1, id="n2")])) == "n1 n2"
    assert [line.name for line in tree([node("a", 1), node("", 1, id="n2")]).lines] == ["a", ""]


def test_levels_may_be_missing():
    """A node deeper than one below the one before hangs on that."""
    assert drawn(tree([node("a", 3), node("b", 5), node("c", 1)])) == "a(b) c"


def test_an_empty_tree_has_no_lines():
    """A task that has not begun."""
    assert tree([]) == Tree((), 0, 0)
