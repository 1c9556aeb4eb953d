"""nodeman: both of its APIs."""

import json
from typing import Any

import pytest

from exporter.errors import Reason, TaskError
from exporter.model import Failure, Hosts, Identity, Task
from exporter.systems import nodeman
from exporter.systems.base import Request, Site
from tests.answers import NOW, data, read_data

PARAMS = nodeman.Params(bk_biz_id=2, job_id=187)


def read(**job: Any) -> Task:
    return read_data("nodeman", job)


def hosts(task: Task) -> Hosts:
    assert task.hosts is not None
    return task.hosts


@pytest.mark.parametrize(
    ("site", "request_"),
    [
        (
            Site("esb", "get_task_info"),
            Request("get_task_info", "GET", "/api/c/compapi/v2/nodeman/get_task_info/", {"bk_biz_id": 2, "job_id": 187}),
        ),
        (
            Site("esb", "job_details"),
            Request(
                "job_details", "POST", "/api/c/compapi/v2/nodeman/api/job/details/",
                body={"job_id": 187, "page": 1, "pagesize": 1}, idempotent=False,
            ),
        ),
        (
            Site("apigw", "job_details"),
            Request("job_details", "POST", "/api/job/187/details/", body={"page": 1, "pagesize": 1}, idempotent=False),
        ),
    ],
)  # fmt: skip
def test_request(site: Site, request_: Request) -> None:
    """The legacy API is a GET; of 2.x one host is asked for, and never twice on suspicion, since reading writes."""
    assert nodeman.request(PARAMS, site) == request_
    assert PARAMS.identity == Identity("nodeman", "2", "", "187")
    assert nodeman.MIN_INTERVAL == {"job_details": 30.0}


@pytest.mark.parametrize(
    ("word", "state", "final"),
    [
        ("PENDING", "pending", False),
        ("QUEUE", "pending", False),
        ("RUNNING", "running", False),
        ("SUCCESS", "finished", True),
        ("FAILED", "failed", False),
        ("PART_FAILED", "partly_failed", False),
        ("TERMINATED", "revoked", False),
        ("REMOVED", "revoked", False),
        ("FILTERED", "ignored", False),
        ("IGNORED", "ignored", False),
        ("success", "unknown", False),
        ("MELTED", "unknown", False),
        (7, "unknown", False),
    ],
)
def test_state_words(word: Any, state: str, final: bool) -> None:
    """Every word has its state; TERMINATED flips and failed jobs are retried, so only success is final."""
    task = read(status=word)
    assert (task.state, task.final) == (state, final)
    assert task.unknown_words == ((str(word),) if state == "unknown" else ())


@pytest.mark.parametrize(
    ("running", "failed", "success", "total", "state"),
    [
        (1, 0, 0, 3, "running"),
        (1, 2, 0, 3, "running"),
        (0, 0, 3, 3, "finished"),
        (0, 3, 0, 3, "failed"),
        (0, 1, 2, 3, "partly_failed"),
        (0, 1, 1, 3, "pending"),
        (0, 0, 0, 3, "pending"),
        (0, 0, 0, 0, "pending"),
        (0, 2, 2, 3, "pending"),
        (0, 0, 2, None, "finished"),
        (0, 1, 0, "1", "failed"),
        (0, 0, 0, None, "pending"),
    ],
)
@pytest.mark.parametrize("status", [{}, {"status": None}, {"status": ""}])
def test_state_of_a_legacy_job(running: int, failed: int, success: int, total: Any, state: str, status: Any) -> None:
    """Running hosts: running. All hosts done: finished, failed or partly failed. Else pending."""
    counted = {"running_count": running, "failed_count": failed, "success_count": success}
    task = read(status_count=counted, host_count=total, **status)
    assert task.state == state
    assert task.unknown_words == ()


def test_hosts_that_no_word_counts_are_other() -> None:
    """Words that we do not know, and hosts of host_count that none counts, are `other`; absent keys stay absent."""
    assert hosts(read(status_count={"success_count": 2, "queue_count": 1}, host_count=5)).by_status == {
        "success": 2,
        "other": 3,
    }
    assert hosts(read(status_count={"success_count": 2}, host_count=5)).by_status == {"success": 2, "other": 3}
    assert hosts(read(status_count={"success_count": 2}, host_count=2)).by_status == {"success": 2}
    assert hosts(read(status_count={"success_count": 2}, host_count=1)).by_status == {"success": 2}
    assert hosts(read(status_count={"success_count": "2", "failed_count": "many"})).by_status == {"success": 2}


def test_statistics() -> None:
    """The 2.x statistics count, total_count is their sum and counts nothing; just after creation they may be empty."""
    counted = {
        "total_count": 6,
        "failed_count": 2,
        "ignored_count": 1,
        "pending_count": 0,
        "running_count": 0,
        "success_count": 3,
    }
    by_status = {"failed": 2, "ignored": 1, "pending": 0, "running": 0, "success": 3}
    assert hosts(read(status="PART_FAILED", statistics=counted)).by_status == by_status
    assert read(status="PENDING", statistics={}).hosts == Hosts({}, {}, {})


def test_hosts_by_os_and_error() -> None:
    """Hosts per operating system as told; failed ones per error code, hosts that did not fail or are no hosts left out."""
    listed = [
        {"status": "FAILED", "err_code": "A"}, {"status": "FAILED", "err_code": "A"}, {"status": "FAILED", "err_code": 5},
        {"status": "FAILED"}, {"status": "SUCCESS", "err_code": "A"}, None, "x", [], {"status": ["FAILED"]},
    ]  # fmt: skip
    found = hosts(read(status_count={}, os_count={"LINUX": "3", "AIX": None}, hosts=listed))
    assert found.by_os == {"LINUX": 3}
    assert found.failed_by_code == {"A": 2, "5": 1, "": 1}


def test_error_codes_are_bounded() -> None:
    """However many error codes there are, the most frequent fifty are told."""
    listed = [{"status": "FAILED", "err_code": f"E{number}"} for number in range(200)] + [
        {"status": "FAILED", "err_code": "often"}
    ] * 2
    found = hosts(read(status_count={}, hosts=listed)).failed_by_code
    assert len(found) == 50
    assert found["often"] == 2


def test_failures() -> None:
    """Why hosts failed is told with their address, for a bounded number of them."""
    (failure,) = read_data("nodeman", data("nodeman", "documented_failed")).failures
    assert failure == Failure("xxx.xxx.xxx.xxx", "任务执行失败(安装) · START_JOB_FAILED · 启动任务失败")
    assert (
        len(read(status_count={}, hosts=[{"status": "FAILED", "ip": "10.0.0.1"}] * 1000).failures)
        == nodeman.MAX_FAILURES
    )


@pytest.mark.parametrize(
    "odd", [{"hosts": None}, {"hosts": {}}, {"hosts": "x"}, {"hosts": 3}, {"os_count": []}, {"job_type": {}}]
)
def test_values_that_cannot_be_read_are_dropped_alone(odd: Any) -> None:
    """One bad value costs that value and not the job."""
    assert read(status="RUNNING", **odd).state == "running"


@pytest.mark.parametrize(
    ("job", "finish", "elapsed", "clocked"),
    [
        ({"status": "SUCCESS", "end_time": "2026-11-22 15:00:10+0800", "cost_time": "10"}, NOW - 3590, 172810, False),
        ({"status": "RUNNING", "end_time": None}, None, 176400, True),
        ({"status": "RUNNING", "end_time": "2026-11-22 15:00:10+0800"}, None, 176400, True),
        ({"status": "FAILED", "end_time": None}, None, 176400, True),
        ({"status": "SUCCESS", "end_time": None}, None, None, False),
        ({"status": "TERMINATED", "end_time": None}, None, None, False),
        ({"status": "FAILED", "end_time": "2026-11-20 14:00:00+0800"}, NOW - 180000, 0, False),
    ],
)
def test_times(job: Any, finish: float | None, elapsed: float | None, clocked: bool) -> None:
    """Length is end (or now) minus start: cost_time wraps after a day. A retried job's old end is no end."""
    task = read(start_time="2026-11-20 15:00:00+0800", **job)
    assert (task.finish, task.elapsed, task.clocked) == (finish, elapsed, clocked)


def test_time_without_offset_is_in_the_configured_zone() -> None:
    """The legacy API sends times without offset."""
    assert read(status="RUNNING", start_time="2026-11-22 15:00:00").start == NOW - 3600


@pytest.mark.parametrize(
    "answer", ["null", "[]", "{}", '{"status": null}', '{"hosts": []}', '{"statistics": []}', "x", ""]
)
def test_no_job_at_all(answer: str) -> None:
    """An answer with neither a status nor counts is malformed."""
    with pytest.raises(TaskError) as caught:
        read_data("nodeman", answer.encode())
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("job", "by_status"),
    [
        ({"host_count": 2, "hosts": [{"status": "FAILED", "err_code": "A"}]}, {"other": 2}),
        ({"host_count": 2, "status_count": [1]}, {"other": 2}),
        ({"hosts": [{"status": "RUNNING"}], "status_count": "x"}, {}),
    ],
)
def test_counts_that_cannot_be_read_do_not_cost_the_job(job: dict[str, Any], by_status: dict[str, int]) -> None:
    """It is pending, as long as nothing says otherwise."""
    task = read(**job)
    assert task.state == "pending"
    assert hosts(task).by_status == by_status


def test_job_that_is_not_ready_yet() -> None:
    """While the subscription is prepared all counts are 0 and the job is pending."""
    names = ("total", "pending", "running", "success", "failed", "ignored")
    answer = {"status": "PENDING", "list": [], "statistics": {f"{name}_count": 0 for name in names}}
    task = read_data("nodeman", json.dumps(answer).encode())
    assert task.state == "pending"
    assert hosts(task).by_status == dict.fromkeys(names[1:], 0)
