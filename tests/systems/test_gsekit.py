"""gsekit's job status."""

from typing import Any

import pytest

from exporter.errors import Reason, TaskError
from exporter.model import Failure, Identity, Task
from exporter.systems import gsekit
from exporter.systems.base import Request, Site
from tests.answers import NOW, read_data

START, END = "2026-11-22 07:00:00.080806+00:00", "2026-11-22 07:05:00+00:00"


def read(job: dict[str, Any], **more: Any) -> Task:
    return read_data("gsekit", {"job_info": job, **more})


def tasks(task: Task) -> dict[str, int]:
    assert task.job_tasks is not None
    return dict(task.job_tasks.by_status)


def test_identity_and_request() -> None:
    """One POST that only reads; no task ids, which keeps it cheap. The answer's own business is not looked at."""
    params = gsekit.Params(bk_biz_id=2, job_id=1)
    path = "/api/c/compapi/v2/gsekit/api/job/job_status/"
    assert params.identity == Identity("gsekit", "2", "", "1")
    assert gsekit.request(params, Site("esb", "job_status")) == Request(
        "job_status", "POST", path, body={"bk_biz_id": 2, "job_id": 1}
    )


@pytest.mark.parametrize(
    ("word", "state", "final"),
    [
        ("pending", "pending", False),
        ("running", "running", False),
        ("succeeded", "finished", True),
        ("failed", "failed", False),
        ("ignored", "ignored", False),
        ("SUCCEEDED", "unknown", False),
        ("melted", "unknown", False),
    ],
)
def test_state_words(word: str, state: str, final: bool) -> None:
    """Every word has its state; a failed job can be retried, so only success is final."""
    task = read({"status": word})
    assert (task.state, task.final) == (state, final)
    assert task.unknown_words == ((word,) if state == "unknown" else ())


@pytest.mark.parametrize(
    ("word", "start", "end", "finish", "elapsed", "clocked"),
    [
        ("pending", START, END, None, 3600 - 0.080806, True),
        ("running", START, None, None, 3600 - 0.080806, True),
        ("succeeded", START, END, NOW - 3300, 300 - 0.080806, False),
        ("failed", START, None, None, 3600 - 0.080806, True),
        ("succeeded", START, None, None, None, False),
        ("failed", END, START, NOW - 3600 + 0.080806, 0, False),
        ("pending", "", "", None, None, False),
    ],
)
def test_times(word: str, start: Any, end: Any, finish: float | None, elapsed: float | None, clocked: bool) -> None:
    """A retried job is pending with the end of its last run, which is none; its clock runs from its start."""
    task = read({"status": word, "start_time": start, "end_time": end})
    assert task.finish == finish
    assert task.elapsed == (None if elapsed is None else pytest.approx(elapsed))
    assert task.clocked is clocked


def test_counts_come_from_the_counter() -> None:
    """status_counter counts; words that nobody knows are told of if they count anything, never shown."""
    task = read(
        {"status": "running"},
        job_tasks=[],
        status_counter={"pending": "9", "succeeded": 4, "paused": 2, "lost": 0, "failed": None},
    )
    assert tasks(task) == {"pending": 9, "succeeded": 4}
    assert task.unknown_words == ("paused",)


def test_counts_of_the_documented_shape() -> None:
    """Where there is no counter the tasks themselves are counted, each status of the vocabulary with its zero."""
    listed = [{"status": "succeeded"}, {"status": "failed"}, {"status": "succeeded"}, {"status": "odd"}, None, "x", {}]
    task = read({"status": "failed"}, job_tasks=listed)
    assert tasks(task) == {"pending": 0, "running": 0, "succeeded": 2, "failed": 1, "ignored": 0}
    assert task.unknown_words == ("", "odd")


@pytest.mark.parametrize(
    "more", [{}, {"job_tasks": []}, {"job_tasks": None, "status_counter": []}, {"status_counter": "x", "job_tasks": {}}]
)
def test_no_counts(more: Any) -> None:
    """Nothing is counted where nothing was told."""
    assert tasks(read({"status": "pending"}, **more)) == {}


@pytest.mark.parametrize(
    ("sent", "ready"), [(True, True), (False, False), ("false", False), (1, True), (None, None), ("soon", None)]
)
def test_ready(sent: Any, ready: bool | None) -> None:
    """Whether the job is ready, if it says so."""
    task = read({"status": "pending", "is_ready": sent})
    assert task.job_tasks is not None
    assert task.job_tasks.ready is ready


@pytest.mark.parametrize(
    ("job", "kind"),
    [
        ({"job_object": "process", "job_action": "start"}, "process/start"),
        ({"job_object": "process"}, "process"),
        ({"job_object": None, "job_action": []}, ""),
    ],
)
def test_kind(job: dict[str, Any], kind: str) -> None:
    """The kind is object and action, as far as they are known."""
    assert read({"status": "pending", **job}).labels.kind == kind


def test_failures() -> None:
    """The job's own reason is told; the rest of its extra data is not looked at."""
    assert read({"status": "failed", "extra_data": {"failed_reason": "超时", "x": "SECRET"}}).failures == (
        Failure("", "超时"),
    )
    assert read({"status": "failed", "extra_data": "x"}).failures == ()


@pytest.mark.parametrize(
    "answer", ["null", "[]", "{}", '{"job_info": null}', '{"job_info": {}}', '{"job_info": {"status": 3}}', ""]
)
def test_no_job_at_all(answer: str) -> None:
    """An answer without a job and its status is malformed."""
    with pytest.raises(TaskError) as caught:
        read_data("gsekit", answer.encode())
    assert caught.value.reason is Reason.MALFORMED
