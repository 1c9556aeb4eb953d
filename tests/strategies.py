"""Tasks as odd as they can come, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from exporter.errors import Reason, TaskError
from exporter.model import Hosts, Identity, JobTasks, Labels, Node, NodeCounts, Task
from exporter.outcome import Outcome
from exporter.systems import SYSTEMS

#: Texts with everything that could break a line, a label or a reader: also lone surrogates, and very long ones.
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "same",
            "执行作业",
            'a"b',
            "a\\",
            "a\nb",
            "%s",
            "%(task_id)s",
            "{x}",
            "\r",
            "a\u2028b",
            "\ud800",
            "\u202ez",
        ]
    ),
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.text('ab%\\"\n \u2066\x00', max_size=6),
    st.text("ab", min_size=195, max_size=210),
)
SECONDS = st.one_of(st.integers(0, 10**7), st.floats(0, 1e12, allow_nan=False).map(abs))
STAMPS = st.one_of(st.none(), st.floats(1, 4e9, allow_nan=False), st.integers(1, 4 * 10**9))
COUNTS = st.integers(0, 10**6)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(st.none(), strategy)


#: Few systems, places and ids, so that identities meet on a page.
IDENTITIES = st.builds(
    Identity,
    system=st.sampled_from(list(SYSTEMS)),
    bk_biz_id=st.sampled_from(["2", ""]),
    scope=st.sampled_from(["", "project:7"]),
    task_id=st.one_of(st.sampled_from(["1", "10/n1", "x" * 210, "x" * 211]), TEXTS),
)


def nodes(system: str) -> st.SearchStrategy[Node]:
    return st.builds(
        Node,
        id=st.one_of(st.from_regex(r"n[0-9a-f]{31}", fullmatch=True), TEXTS),
        name=TEXTS,
        state=st.sampled_from(SYSTEMS[system].STATES),
        leaf=st.booleans(),
        depth=st.integers(1, 3),
        elapsed=maybe(SECONDS),
        start=STAMPS,
        finish=STAMPS,
        retries=maybe(COUNTS),
        loops=maybe(COUNTS),
        skipped=st.booleans(),
        error_ignored=st.booleans(),
    )


def tasks(system: str) -> st.SearchStrategy[Task]:
    """Any task that the model can hold of this system, whether or not its reader would ever build it."""
    table = st.dictionaries(TEXTS, COUNTS, max_size=4)
    states = SYSTEMS[system].STATES
    return st.builds(
        Task,
        state=st.sampled_from(states),
        labels=st.builds(
            Labels, task_name=TEXTS, kind=TEXTS, creator=TEXTS, url=st.one_of(TEXTS, TEXTS.map("https://a/".__add__))
        ),
        elapsed=maybe(SECONDS),
        start=STAMPS,
        finish=STAMPS,
        state_refresh=STAMPS,
        retries=maybe(COUNTS),
        loops=maybe(COUNTS),
        skipped=maybe(st.booleans()),
        nodes=maybe(st.lists(nodes(system), max_size=6).map(tuple)),
        node_counts=maybe(
            st.builds(
                NodeCounts,
                by_state=st.lists(COUNTS, min_size=len(states), max_size=len(states)).map(
                    lambda counts: dict(zip(states, counts, strict=True))
                ),
                skipped=COUNTS,
                error_ignored=COUNTS,
            )
        ),
        hosts=maybe(st.builds(Hosts, by_status=table, by_os=table, failed_by_code=table)),
        job_tasks=maybe(st.builds(JobTasks, by_status=table, ready=maybe(st.booleans()))),
    )


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome[Task]:
    identity = draw(IDENTITIES)
    task = draw(maybe(tasks(identity.system)))
    error = TaskError(Reason.SERVER, "HTTP 500") if task is None else None
    return Outcome(identity, task, error, draw(st.floats(1, 4e9)), draw(SECONDS))


PAGES = st.lists(outcomes(), max_size=4)
