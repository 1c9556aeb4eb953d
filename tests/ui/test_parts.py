"""Bars, excerpts, filters: the small parts of pages."""

from __future__ import annotations

from typing import cast

import pytest

from exporter.model import Hosts, JobTasks, Node, NodeCounts, State, Task
from exporter.outcome import Outcome
from exporter.render import Renderer
from exporter.shards import WHOLE
from exporter.ui import html
from exporter.ui.bars import WIDTH, bar
from exporter.ui.detail import detail
from exporter.ui.filters import Filters
from exporter.ui.overview import overview
from exporter.ui.shorten import Excerpt, excerpt
from exporter.ui.speech import Speech
from tests.answers import NOW, READING
from tests.pages import kept
from tests.support import sops


def counts(**by_state: int) -> Task:
    return Task(state=State.RUNNING, node_counts=NodeCounts({State(word): n for word, n in by_state.items()}, 0, 0))


def test_a_bar_fills_its_width_and_hides_nothing():
    """One failure among thousands is still to be seen; what needs an eye comes first."""
    drawn = bar(counts(finished=5000, failed=1, running=9, pending=0))
    assert drawn is not None
    assert [(part.state, part.count) for part in drawn.segments] == [("failed", 1), ("running", 9), ("finished", 5000)]
    assert drawn.total == 5010
    assert all(part.width > 3 for part in drawn.segments)
    assert sum(part.width for part in drawn.segments) == pytest.approx(WIDTH, abs=0.1)
    assert drawn.segments[0].x == 0


def test_hosts_and_job_tasks_have_bars_too():
    """Their words have the colours of the states that they mean."""
    hosts = bar(Task(state=State.FAILED, hosts=Hosts({"success": 3, "failed": 1, "other": 2}, {}, {})))
    jobs = bar(Task(state=State.FAILED, job_tasks=JobTasks({"succeeded": 3, "ignored": 0}, None)))
    assert hosts is not None
    assert jobs is not None
    assert [(part.state, part.count) for part in hosts.segments] == [("failed", 1), ("unknown", 2), ("finished", 3)]
    assert [(part.state, part.count) for part in jobs.segments] == [("finished", 3)]


def test_no_parts_no_bar():
    """Nothing started is an empty bar; an answer that says nothing of parts has none."""
    empty = bar(counts(finished=0))
    assert empty is not None
    assert (empty.total, list(empty.segments)) == (0, [])
    assert bar(Task(state=State.EXPIRED)) is None


@pytest.mark.parametrize("text", ["", "short", "two\nlines", "长" * 4000])
def test_what_is_short_stays_whole(text: str):
    """Nothing is lost that fits."""
    assert excerpt(text) == Excerpt(text)


@pytest.mark.parametrize("text", ["x" * 100_000, "line\n" * 100_000, "\n".join(["word " * 1000] * 50)])
def test_what_is_long_keeps_both_ends(text: str):
    """What is left out in the middle is counted."""
    cut = excerpt(text)
    assert len(cut.text) + len(cut.tail) <= 4000
    assert cut.text.count("\n") + cut.tail.count("\n") < 60
    assert text.strip("\n").startswith(cut.text)
    assert text.strip("\n").endswith(cut.tail)
    assert len(cut.text) + cut.left_out + len(cut.tail) == len(text.strip("\n"))


def test_controls_are_not_shown():
    """Neither those that a terminal takes for orders, nor those that turn the direction of a line."""
    assert excerpt("a\r\nb\x1b[31m\u202ec\td\ud800").text == "a\nb\ufffd[31m\ufffdc\td\ufffd"


@pytest.mark.parametrize(
    ("query", "page"),
    [("", 1), ("0", 1), ("-3", 1), ("7", 7), ("x", 1), ("٣", 1), ("9" * 50, 1)],
)
def test_a_page_number_is_a_number(query: str, page: int):
    """Anything else is the first page."""
    assert Filters.of({"page": query}).page == page


def test_links_keep_what_is_filtered_and_begin_at_the_first_page():
    """A change of one filter keeps the others; quoting is the link's own business."""
    filters = Filters.of({"system": "sops", "business": "space:5", "q": " a&b ", "page": "3"})
    assert filters.query() == "?system=sops&business=space%3A5&q=a%26b"
    assert filters.query(page=4) == "?system=sops&business=space%3A5&q=a%26b&page=4"
    assert filters.query(system="", business="", q="", state="failed") == "?state=failed"
    assert Filters().query() == ""


def test_a_state_that_pages_do_not_know_breaks_none():
    """It comes last, is called by its own word, and the page is there."""
    strange = cast("State", "melted")
    node = Node("n", "step", strange, True, 1, None, None, None, None, None, False, False)
    task = Task(state=strange, nodes=(node,), node_counts=NodeCounts({strange: 2}, 0, 0))
    outcomes = [
        Outcome(sops(number).identity, each, None, NOW, 0.0)
        for number, each in enumerate((task, Task(state=State.FINISHED)), 1)
    ]
    view = overview(
        outcomes=kept(Renderer("none", 0), outcomes),
        targets=[],
        titles={},
        contacts={},
        when=NOW,
        filters=Filters(),
    )
    assert [row.word for row in view.rows] == [State.FINISHED, "melted"]
    say = Speech("zh", NOW, READING.zone)
    frame: dict[str, object] = {"shard": WHOLE, "refusal": None, "unread": {}}
    assert "2 melted" in html.page("overview.html", say, {"view": view, **frame})
    assert "melted" in html.page("task.html", say, {"view": detail(sops(1), outcomes[0], None)})
