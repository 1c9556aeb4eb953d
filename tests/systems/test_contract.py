"""What holds for every system: it has fixtures, stays within its vocabulary, and takes garbage politely."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from exporter.errors import Reason, TaskError
from exporter.model import State, Task
from exporter.systems import SYSTEMS
from exporter.systems.base import Site
from tests.answers import PARAMS, cases, cases_of, data, outcome, read, read_data
from tests.pages import page, parsed, sample_lines, series

#: More of them with ODD_ANSWERS=20000.
ODD_ANSWERS = int(os.environ.get("ODD_ANSWERS", "300"))

ODDITIES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 1.5, 1e300, 10**30, float("nan"), "", "35", "-1", "x" * 300, 'a\nb"c\\', "\ud800", "\u202ex",
    "FAILED", "RUNNING", "MELTED", "2026-11-22 15:00:00 +0800", "0000-00-00", [], {}, [None], {"": None}, {"a": {"state": "FAILED"}},
)  # fmt: skip


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_has_fixtures(system: str) -> None:
    """Every system has answers among the fixtures, the documented one too."""
    names = cases_of(system)
    assert len(names) > 1, f"tests/fixtures/{system}/ wants more answers than {names}"
    documented = any(name.startswith("documented") for name in names)
    assert documented, f"tests/fixtures/{system}/ wants documented_<case>.json, the sample of the API's document"


@pytest.mark.parametrize(("system", "case"), cases())
def test_states_stay_in_the_vocabulary(system: str, case: str) -> None:
    """A task, its nodes and its counts use no state that the system does not declare."""
    task, states = read(system, case), set(SYSTEMS[system].STATES)
    assert task.state in states
    assert {node.state for node in task.nodes or ()} <= states
    assert task.node_counts is None or set(task.node_counts.by_state) == states


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_declares_itself(system: str) -> None:
    """Names agree, unknown is among the states, and every route has a request that names its operation."""
    it = SYSTEMS[system]
    assert it.NAME == system == PARAMS[system].identity.system
    assert State.UNKNOWN in it.STATES
    for route, apis in it.ROUTES.items():
        for api in apis:
            assert it.request(PARAMS[system], Site(route, api)).operation == api


GARBAGE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"3",
    b'"x"',
    b"{",
    b"<html>login</html>",
    b"\xff\xfe",
    b'{"a":' * 9000,
    b"[" * 200_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("system", list(SYSTEMS))
def test_garbage_is_malformed(system: str, garbage: bytes) -> None:
    """What is no answer is malformed, and nothing else."""
    with pytest.raises(TaskError) as caught:
        read_data(system, garbage)
    assert caught.value.reason is Reason.MALFORMED


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON document: its container and its key there."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def damaged(rng: Random, document: Any) -> Any:
    """The document with one to four places changed, dropped or doubled."""
    document = copy.deepcopy(document)
    for _ in range(rng.randint(1, 4)):
        container, key = rng.choice(list(places(document)) or [({"": 0}, "")])
        match rng.choice(["change", "change", "drop", "double"]):
            case "change":
                container[key] = copy.deepcopy(rng.choice(ODDITIES))
            case "drop":
                del container[key]
            case "double" if isinstance(container, dict):
                container[rng.choice(["x", "x" * 250, "\u202e", "a\nb"])] = copy.deepcopy(container[key])
    return document


def attempt(reader: Callable[[], Task]) -> Task | None:
    try:
        return reader()
    except TaskError:
        return None


@pytest.mark.parametrize(("system", "case"), cases())
def test_no_answer_however_odd_breaks_a_page(system: str, case: str) -> None:
    """An answer with anything wrong anywhere is a task or an error, and its page parses, with no series twice, one state."""
    rng, document = Random(case), json.loads(data(system, case))
    for _ in range(max(1, ODD_ANSWERS // len(cases()))):
        answer = json.dumps(damaged(rng, document)).encode()
        task = attempt(lambda answer=answer: read_data(system, answer))  # type: ignore[misc]
        text = page([outcome(system, task)], openmetrics=True)
        samples = parsed(text, openmetrics=True)
        assert len(samples) == len(sample_lines(text))
        assert len(set(series(samples))) == len(samples)
        states = [each.value for each in samples if each.name == "bk_task_state"]
        assert sum(states) == (0 if task is None else 1)
