"""The page: line for line what prometheus_client renders, in chunks, within the limits on single nodes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.catalogue import IDENTITY
from exporter.model import Identity, Node, NodeCounts, State, Task
from exporter.outcome import Outcome
from exporter.render import CHUNK, Renderer
from exporter.systems import SYSTEMS
from tests.oddpages import odd_page
from tests.pages import kept, page, parsed, reference, sample_lines, series
from tests.strategies import PAGES

#: More pages with ODD_PAGES=20000.
ODD_PAGES = int(os.environ.get("ODD_PAGES", "300"))

NODES = ("all", "all", "unfinished", "none")
NODES_PER_TASK = (100, 3, 1, 0)
NODE_SERIES = (10_000, 7, 4, 1, 0)
LIMITS = st.fixed_dictionaries(
    {
        "nodes": st.sampled_from(NODES),
        "nodes_per_task": st.sampled_from(NODES_PER_TASK),
        "node_series": st.sampled_from(NODE_SERIES),
        "openmetrics": st.booleans(),
    }
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(PAGES, LIMITS)
def test_page_equals_prometheus_client(outcomes: Any, limits: Any) -> None:
    """Whatever the tasks, the page is that of prometheus_client, parses strictly, has no series twice, one state at 1."""
    check(outcomes, limits)


@pytest.mark.parametrize("part", range(10))
def test_many_pages_equal_prometheus_client(part: int) -> None:
    """The same of pages by the hundred; by the thousand where ODD_PAGES says so."""
    for seed in range(part, ODD_PAGES, 10):
        limits = {
            "nodes": NODES[seed // 10 % 4],
            "nodes_per_task": NODES_PER_TASK[seed // 40 % 4],
            "node_series": NODE_SERIES[seed // 10 % 5],
            "openmetrics": bool(seed // 10 % 3),
        }
        check(odd_page(seed), limits)


def check(outcomes: Sequence[Outcome[Task]], limits: Any) -> None:
    text = page(outcomes, **limits)
    assert text == reference(outcomes, **limits)
    samples = parsed(text, openmetrics=limits["openmetrics"])
    assert len(samples) == len(sample_lines(text))
    found = series(samples)
    assert len(set(found)) == len(found)
    present: Counter[tuple[str, ...]] = Counter()
    for each in samples:
        if each.name == "bk_task_state":
            present[tuple(each.labels[label] for label in IDENTITY)] += int(each.value)
    assert set(present.values()) <= {1}


def node(name: str, state: State = State.FINISHED, *, leaf: bool = True, retries: int = 0) -> Node:
    return Node(
        id=name, name=f"节点 {name}", state=state, leaf=leaf, depth=1, elapsed=3, start=1.0, finish=None,
        retries=retries, loops=1, skipped=False, error_ignored=False,
    )  # fmt: skip


def task(*nodes: Node) -> Task:
    counts = NodeCounts(by_state=dict.fromkeys(SYSTEMS["sops"].STATES, 0), skipped=0, error_ignored=0)
    return Task(state=State.RUNNING, nodes=nodes, node_counts=counts)


def outcome(task_id: str, what: Task | None) -> Outcome[Task]:
    return Outcome(Identity("sops", "2", "", task_id), what, None, 1_795_334_400.0, 0.0)


def shown(text: str, task_id: str) -> list[str]:
    return [
        each.labels["node_id"]
        for each in parsed(text)
        if each.name == "bk_task_node_state" and each.labels["task_id"] == task_id
    ]


def truncated(text: str) -> dict[str, float]:
    return {each.labels["task_id"]: each.value for each in parsed(text) if each.name == "bk_task_nodes_truncated"}


MIXED = task(
    node("done"),
    node("sub", State.FAILED, leaf=False),
    node("bad", State.FAILED, retries=2),
    node("paused", State.SUSPENDED),
    node("busy", State.RUNNING),
    node("waiting", State.PENDING),
    node("over", State.REVOKED),
)


def test_nodes_come_most_urgent_first() -> None:
    """Failed leaves, the subprocesses that failed with them, suspended, running, then the rest as they were answered."""
    assert shown(page([outcome("1", MIXED)]), "1") == ["bad", "sub", "paused", "busy", "done", "waiting", "over"]


def test_nodes_of_a_task_are_limited() -> None:
    """A task shows its most urgent nodes, and says how many were left out."""
    text = page([outcome("1", MIXED)], nodes_per_task=3)
    assert shown(text, "1") == ["bad", "sub", "paused"]
    assert truncated(text) == {"1": 4}


def test_unfinished_nodes_only() -> None:
    """`unfinished` leaves out finished, revoked and expired nodes, and does not call that truncated."""
    text = page([outcome("1", MIXED)], nodes="unfinished")
    assert shown(text, "1") == ["bad", "sub", "paused", "busy", "waiting"]
    assert truncated(text) == {"1": 0}


def test_no_nodes_wanted() -> None:
    """`none` leaves the single-node families out altogether, and with them what would count them."""
    text = page([outcome("1", MIXED)], nodes="none")
    assert "bk_task_node_" not in text
    assert truncated(text) == {}
    assert 'bk_task_nodes{bk_biz_id="2",scope="",state="failed"' in text


def test_nodes_of_a_page_are_limited_over_all_tasks() -> None:
    """The page's limit serves the urgent of all tasks first; the class that overflows is served in page order."""
    calm = task(node("a"), node("b"), node("c"))
    alarmed = task(node("d"), node("e", State.FAILED), node("f", State.RUNNING), node("g", State.RUNNING))
    text = page([outcome("1", calm), outcome("2", alarmed), outcome("3", None), outcome("4", calm)], node_series=5)
    assert (shown(text, "1"), shown(text, "2"), shown(text, "4")) == (["a", "b"], ["e", "f", "g"], [])
    assert truncated(text) == {"1": 1, "2": 1, "4": 3}
    elapsed = [each for each in parsed(text) if each.name == "bk_task_node_elapsed_seconds"]
    assert [each.labels["node_id"] for each in elapsed] == ["a", "b", "e", "f", "g"]


def test_retries_are_cut_with_their_nodes() -> None:
    """Where a node's line stands is kept apart for each family: not every node has every sample."""
    nodes = task(node("a", retries=1), node("b"), node("c", retries=3), node("d", retries=4))
    retries = [
        each.labels["node_id"]
        for each in parsed(page([outcome("1", nodes)], node_series=3))
        if each.name == "bk_task_node_retries"
    ]
    assert retries == ["a", "c"]


def test_same_identity_twice_on_a_page() -> None:
    """Of two tasks with one identity the first is shown, whole, and the second not at all."""
    text = page([outcome("1", MIXED), outcome("1", None), outcome("1", task(node("other")))])
    assert shown(text, "1") == shown(page([outcome("1", MIXED)]), "1")
    assert text == page([outcome("1", MIXED)])


def test_a_node_id_twice() -> None:
    """Nodes whose ids are alike once they are clean show once, with the more urgent state."""
    doubled = task(node("a"), node("a", State.FAILED), node("b"))
    text = page([outcome("1", doubled)])
    assert [line for line in sample_lines(text) if line.startswith("bk_task_node_state") and '"a"' in line] == [
        'bk_task_node_state{bk_biz_id="2",node_id="a",node_name="节点 a",scope="",state="failed",system="sops",task_id="1"} 1.0'
    ]


def test_task_that_could_not_be_read() -> None:
    """It has bk_task_up 0, how long it took, and nothing else."""
    assert sample_lines(page([outcome("1", None)])) == [
        'bk_task_up{bk_biz_id="2",scope="",system="sops",task_id="1"} 0.0',
        'bk_task_scrape_duration_seconds{bk_biz_id="2",scope="",system="sops",task_id="1"} 0.0',
    ]


@pytest.mark.parametrize(("openmetrics", "expected"), [(False, "own 1\n"), (True, "own 1\n# EOF\n")])
def test_page_without_tasks(openmetrics: bool, expected: str) -> None:
    """A page without tasks is the tail alone, ended as its format wants."""
    chunks = Renderer("all", 100).page([], node_series=1, openmetrics=openmetrics, tail=b"own 1\n")
    assert b"".join(chunks).decode() == expected


def test_page_comes_in_chunks() -> None:
    """A big page comes in chunks of about CHUNK bytes: none far above, and only the last far below."""
    renderer = Renderer("all", 100)
    outcomes = kept(renderer, [outcome(str(number), MIXED) for number in range(1000)])
    sizes = [len(chunk) for chunk in renderer.page(outcomes, node_series=10_000, openmetrics=False)]
    assert len(sizes) > 10
    assert max(sizes) < 2 * CHUNK
    assert min(sizes[:-1]) >= CHUNK // 2


def test_what_is_kept_holds_no_nodes() -> None:
    """Text and counts are kept of nodes, the nodes themselves are not."""
    rendered = Renderer("all", 100).distill(Identity("sops", "2", "", "1"), MIXED)
    assert rendered.task.nodes is None
    assert rendered.task.node_counts == MIXED.node_counts
    assert rendered.classes == (2, 1, 1, 3)
