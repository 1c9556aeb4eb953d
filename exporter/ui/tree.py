"""The node tree of a task as lines of nested lists: what a reader needs first is open, the rest a click away.

Nothing here recurses, and what is drawn is limited: a tree may be deep and large beyond all reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from exporter.labeltext import clean
from exporter.model import OVER, Node, rank

#: Most nodes that are drawn.
MOST = 1000
#: Deeper nodes are drawn at this level, with their own level said.
DEEPEST = 24
#: Trees up to this size are drawn open.
SMALL = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a `node`; a `branch`, whose children follow until its `end`; or that `hidden` nodes are left out."""

    kind: Literal["node", "branch", "end", "hidden"]
    node: Node | None = None
    name: str = ""
    open: bool = False
    inside: int = 0
    hidden: int = 0


END = Line("end")

Namer = Callable[[Node], str]


def namer(nodes: Sequence[Node]) -> Namer:
    """How nodes are called: by name; where no node has any (BKFlow) by id. Empty for a nameless one among others."""
    if any(node.name for node in nodes):
        return lambda node: clean(node.name)
    return lambda node: clean(node.id)


@dataclass(frozen=True, slots=True)
class Tree:
    """All lines; `total` started nodes, of which `shown` are drawn."""

    lines: Sequence[Line]
    total: int
    shown: int


def tree(nodes: Sequence[Node], *, most: int = MOST) -> Tree:
    """The lines of a tree whose nodes come as an answer has them: a subprocess before what it contains."""
    family = Family(nodes)
    shown = family.choose(most)
    return Tree(tuple(_lines(family, shown)), len(nodes), len(shown))


class Family:
    """Who is whose parent and child, by index; -1 is the root."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.parents = list(_parents(nodes))
        self.children: dict[int, list[int]] = {}
        for index, parent in enumerate(self.parents):
            self.children.setdefault(parent, []).append(index)
        for siblings in self.children.values():
            siblings.sort(key=lambda index: (nodes[index].start or float("inf"), index))
        self.inside = [0] * len(nodes)
        self.restless = [node.state not in OVER for node in nodes]
        for index in range(len(nodes) - 1, -1, -1):
            if (parent := self.parents[index]) >= 0:
                self.inside[parent] += self.inside[index] + 1
                self.restless[parent] = self.restless[parent] or self.restless[index]

    def path(self, index: int) -> list[int]:
        """A node and what contains it, the outermost last."""
        path = []
        while index >= 0:
            path.append(index)
            index = self.parents[index]
        return path

    def choose(self, most: int) -> set[int]:
        """The nodes to draw, the most urgent first, and with each of them all that contain it."""
        if len(self.nodes) <= most:
            return set(range(len(self.nodes)))
        shown: set[int] = set()
        for index in sorted(range(len(self.nodes)), key=lambda index: rank(self.nodes[index].state)):
            missing = self._missing(index, shown)
            if len(shown) + len(missing) <= most:
                shown.update(missing)
            if len(shown) == most:
                break
        return shown

    def _missing(self, index: int, shown: set[int]) -> list[int]:
        missing = []
        while index >= 0 and index not in shown:
            missing.append(index)
            index = self.parents[index]
        return missing


def _parents(nodes: Sequence[Node]) -> Iterator[int]:
    stack: list[int] = []
    for index, node in enumerate(nodes):
        del stack[max(0, node.depth - 1) :]
        yield stack[-1] if stack else -1
        stack.append(index)


def _lines(family: Family, shown: set[int]) -> Iterator[Line]:
    """In the order of starting, level by level from the outside."""
    small, name = len(family.nodes) <= SMALL, namer(family.nodes)
    stack = [(iter(family.children.get(-1, [])), -1)]
    while stack:
        level, parent = stack[-1]
        for index in level:
            if index not in shown:
                continue
            node = family.nodes[index]
            if index not in family.children:
                yield Line("node", node, name(node))
                continue
            nested = node.depth < DEEPEST
            yield Line(
                "branch" if nested else "node",
                node,
                name(node),
                open=small or family.restless[index],
                inside=family.inside[index],
            )
            stack.append((iter(family.children[index]), index))
            break
        else:
            stack.pop()
            if left_out := sum(
                family.inside[each] + 1 for each in family.children.get(parent, ()) if each not in shown
            ):
                yield Line("hidden", hidden=left_out)
            if parent >= 0 and family.nodes[parent].depth < DEEPEST:
                yield END
