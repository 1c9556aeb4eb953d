"""gsekit 进程配置管理: `job_status`, a POST that only reads.

Source: gsekit 1.0, apps/gsekit/job/handlers.py and models.py; the API document, which is wrong where it says that
all job tasks come without `job_task_id_list`: none do, and `status_counter` (undocumented) has the counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from exporter.model import UNFINISHED, Failure, JobTasks, Labels, State, Task
from exporter.systems import gsekitlist
from exporter.systems.base import (
    Reading,
    Request,
    Site,
    decode,
    elapsed_seconds,
    flag,
    malformed,
    table,
    text,
    timestamp,
)
from exporter.systems.businessjob import JobAllow, JobParams

NAME = gsekitlist.NAME
TITLE = "gsekit 进程配置管理"
ROUTES: Mapping[str, Sequence[str]] = {"esb": ("job_status",)}
STATES = (State.PENDING, State.RUNNING, State.FAILED, State.FINISHED, State.IGNORED, State.UNKNOWN)
MIN_INTERVAL: Mapping[str, float] = {}
BULK = None

WORDS: Mapping[str, State] = {
    "pending": State.PENDING,
    "running": State.RUNNING,
    "succeeded": State.FINISHED,
    "failed": State.FAILED,
    "ignored": State.IGNORED,
}

#: A failed job can be retried, and is pending while it runs again.
FINAL = frozenset({State.FINISHED})


LISTING = gsekitlist.LISTING


class Allow(JobAllow, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A business."""

    SYSTEM: ClassVar[str] = NAME


class Params(JobParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A job of a business."""

    SYSTEM: ClassVar[str] = NAME


def request(params: Params, site: Site) -> Request:  # noqa: ARG001 (gsekit has one way)
    """Ask for one job. No job task ids: counts come without them, and it stays cheap."""
    body = {"bk_biz_id": params.bk_biz_id, "job_id": params.job_id}
    return Request("job_status", "POST", "/api/c/compapi/v2/gsekit/api/job/job_status/", body=body)


class _JobInfo(msgspec.Struct, gc=False):
    status: Any = None
    job_object: Any = None
    job_action: Any = None
    created_by: Any = None
    is_ready: Any = None
    start_time: Any = None
    end_time: Any = None
    extra_data: Any = None


class _Answer(msgspec.Struct, gc=False):
    job_info: _JobInfo
    job_tasks: Any = None
    status_counter: Any = None


_decoder = msgspec.json.Decoder(_Answer)


def read(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one job."""
    answer = decode(data, _decoder, "job_status")
    job = answer.job_info
    if not isinstance(job.status, str) or not job.status:
        raise malformed("job_status: no status of the job in the answer")
    state = WORDS.get(job.status, State.UNKNOWN)
    start = timestamp(job.start_time, reading.zone)
    finish = None if state in UNFINISHED else timestamp(job.end_time, reading.zone)
    elapsed = elapsed_seconds(state, None, start, finish, reading.now)
    kind = "/".join(part for part in (text(job.job_object), text(job.job_action)) if part)
    by_status, unknown = _by_status(answer)
    return Task(
        state=state,
        final=state in FINAL,
        labels=Labels(task_name=params.name, kind=kind, creator=text(job.created_by)),
        elapsed=elapsed,
        start=start,
        finish=finish,
        job_tasks=JobTasks(by_status=by_status, ready=flag(job.is_ready)),
        failures=_failures(job.extra_data),
        unknown_words=tuple(sorted({job.status} if state is State.UNKNOWN else set()) + unknown),
        clocked=elapsed is not None and finish is None,
    )


# Without ids no job task comes, and no resource that sites have lists ids: the reason is the job's own, mostly.
detail_request = request


def read_detail(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one job and why it failed, with those of its tasks that the answer lists."""
    task = read(data, params, reading)
    listed = decode(data, _decoder, "job_status").job_tasks
    failed = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return msgspec.structs.replace(task, failures=task.failures + _failed_tasks(failed))


def _by_status(answer: _Answer) -> tuple[dict[str, int], list[str]]:
    """`status_counter`; the documented shape lacks it, and lists the tasks themselves. Unknown words apart."""
    counted: Mapping[str, int] = table(answer.status_counter)
    if not isinstance(answer.status_counter, Mapping) and isinstance(answer.job_tasks, list):
        words = [text(task.get("status")) for task in answer.job_tasks if isinstance(task, Mapping)]
        counted = dict.fromkeys(WORDS, 0) | Counter(words) if words else {}
    known = {word: tasks for word, tasks in counted.items() if word in WORDS}
    return known, sorted(word for word, tasks in counted.items() if word not in WORDS and tasks)


def _failures(extra_data: object) -> tuple[Failure, ...]:
    reason = extra_data.get("failed_reason") if isinstance(extra_data, Mapping) else None
    return (Failure(where="", text=text(reason)),) if text(reason) else ()


def _failed_tasks(tasks: Sequence[Mapping[str, Any]]) -> tuple[Failure, ...]:
    """Reasons are nested in the public code, flat (`extra_data__failed_reason`) in the document."""
    return tuple(
        Failure(where=f"#{text(task.get('id'))}", text=_said(task)) for task in tasks if task.get("status") == "failed"
    )


def _said(task: Mapping[str, Any]) -> str:
    nested = task.get("extra_data")
    reason = nested.get("failed_reason") if isinstance(nested, Mapping) else task.get("extra_data__failed_reason")
    return " · ".join(part for part in (text(reason), text(task.get("err_code"))) if part)
