"""Every answer in the fixtures becomes the exposition beside it, and what is true of it shows on the page."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from prometheus_client.samples import Sample

from tests.answers import FIXTURES, cases, outcome, read
from tests.pages import page, parsed, sample_lines

TRUTHS = sorted(path for path in FIXTURES.glob("*/*.truth.json"))

#: The words that occur in the captures, spelled out apart from the code that is tested.
OURS = {
    "CREATED": "created",
    "RUNNING": "running",
    "SUSPENDED": "suspended",
    "FAILED": "failed",
    "FINISHED": "finished",
}


def samples_of(system: str, case: str) -> list[Sample]:
    return parsed(page([outcome(system, read(system, case))]))


def values(samples: list[Sample], name: str, *labels: str) -> dict[Any, float]:
    """A family's values, keyed by these labels (by one label's bare value if there is only one)."""
    found = {}
    for each in samples:
        if each.name == name:
            key = tuple(each.labels[label] for label in labels)
            found[key[0] if len(key) == 1 else key] = each.value
    return found


@pytest.mark.parametrize(("system", "case"), cases())
def test_answer_becomes_exposition(system: str, case: str) -> None:
    """The page of one answer has exactly the samples that stand in the file beside it."""
    file = FIXTURES / system / f"{case}.prom"
    expected = file.read_text("utf-8").splitlines()
    lines = sample_lines(page([outcome(system, read(system, case))]))
    assert len(set(lines)) == len(lines)
    difference = [
        *(f"+{line}" for line in lines if line not in expected),
        *(f"-{line}" for line in expected if line not in lines),
    ]
    assert not difference, "\n".join([f"the page has (+) and lacks (-), against {file}:", *difference])


def test_every_exposition_has_its_answer() -> None:
    """No expected exposition is left without the answer that it belongs to."""
    assert {(path.parent.name, path.stem) for path in FIXTURES.glob("*/*.prom")} == set(cases())


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_really_happened_shows(truth: Any) -> None:
    """Root state, leaves by state, all nodes by state, times and retries are those of the run that was captured."""
    facts = json.loads(truth.read_text("utf-8"))["facts"]
    system, case = truth.parent.name, truth.name.removesuffix(".truth.json")
    samples = samples_of(system, case)
    state = values(samples, "bk_task_state", "state")
    assert [word for word, value in state.items() if value] == [OURS[facts["root_state"]]]
    leaves = {word: count for word, count in values(samples, "bk_task_nodes", "state").items() if count}
    assert leaves == {OURS[word]: count for word, count in facts["leaves_by_state"].items()}
    shown = Counter(each.labels["state"] for each in samples if each.name == "bk_task_node_state")
    assert shown == {OURS[word]: count for word, count in facts["descendants_by_state"].items()}
    assert values(samples, "bk_task_elapsed_seconds", "task_id") == {
        samples[0].labels["task_id"]: facts["root_elapsed"]
    }
    for name, said in (("start", facts["root_start"]), ("finish", facts["root_finish"])):
        stamps = list(values(samples, f"bk_task_{name}_timestamp_seconds", "task_id").values())
        assert stamps == ([datetime.strptime(said, "%Y-%m-%d %H:%M:%S %z").timestamp()] if said else [])
    assert sum(values(samples, "bk_task_node_retries", "node_id").values()) == facts["retry_sum"]
    nodes = read(system, case).nodes or ()
    assert {str(depth): count for depth, count in Counter(node.depth for node in nodes).items()} == facts["by_depth"]


def test_captures_are_there() -> None:
    """The captured runs are among the fixtures: 2 of BKFlow, 7 of bk-sops."""
    assert Counter(path.parent.name for path in TRUTHS) == {"bkflow": 2, "sops": 7}


def test_documented_sops_failed() -> None:
    """Sops FAILED with elapsed_time 55035: state failed, that clock, one failed and one finished leaf, the refresh time."""
    samples = samples_of("sops", "documented_failed")
    assert values(samples, "bk_task_state", "state")["failed"] == 1
    assert sum(values(samples, "bk_task_state", "state").values()) == 1
    assert values(samples, "bk_task_elapsed_seconds", "task_id") == {"10": 55035}
    nodes = values(samples, "bk_task_nodes", "state")
    assert (nodes["failed"], nodes["finished"], sum(nodes.values())) == (1, 1, 2)
    refreshed = datetime.fromisoformat("2020-08-17T12:13:53.320+00:00").timestamp()
    assert values(samples, "bk_task_state_refresh_timestamp_seconds", "task_id") == {"10": refreshed}
    assert not values(samples, "bk_task_finish_timestamp_seconds", "task_id")


def test_documented_sops_failed_of_an_old_version() -> None:
    """The older document's FAILED task has the same two leaves; its class names become readable, its name is none."""
    samples = samples_of("sops", "documented_older")
    nodes = values(samples, "bk_task_nodes", "state")
    assert (nodes["failed"], nodes["finished"], sum(nodes.values())) == (1, 1, 2)
    assert set(values(samples, "bk_task_node_state", "node_name")) == {"EmptyStartEvent", "ServiceActivity"}
    assert set(values(samples, "bk_task_info", "task_name")) == {""}


def test_documented_nodeman_job() -> None:
    """Nodeman job 187: one failed host, one LINUX host, its error code, and so the job failed."""
    samples = samples_of("nodeman", "documented_failed")
    assert values(samples, "bk_task_nodeman_hosts", "status") == {"running": 0, "failed": 1, "success": 0}
    assert values(samples, "bk_task_nodeman_os_hosts", "os_type") == {"WINDOWS": 0, "AIX": 0, "LINUX": 1}
    assert values(samples, "bk_task_nodeman_failed_hosts", "err_code") == {"START_JOB_FAILED": 1}
    assert [word for word, value in values(samples, "bk_task_state", "state").items() if value] == ["failed"]
    assert {each.labels["task_id"] for each in samples} == {"187"}


def test_documented_bkflow_finished() -> None:
    """The documented BKFlow task is finished, with three finished leaves."""
    samples = samples_of("bkflow", "documented_finished")
    assert [word for word, value in values(samples, "bk_task_state", "state").items() if value] == ["finished"]
    assert values(samples, "bk_task_nodes", "state")["finished"] == 3


def test_documented_gsekit_pending() -> None:
    """The documented gsekit job is pending, ready, and has two tasks that succeeded."""
    samples = samples_of("gsekit", "documented_pending")
    assert [word for word, value in values(samples, "bk_task_state", "state").items() if value] == ["pending"]
    assert values(samples, "bk_task_gsekit_job_tasks", "status")["succeeded"] == 2
    assert values(samples, "bk_task_gsekit_ready", "task_id") == {"1": 1}
