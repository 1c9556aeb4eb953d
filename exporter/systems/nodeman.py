"""nodeman 节点管理: `get_task_info` of the legacy API, `job_details` of nodeman 2.x.

Source: the API document (1.x); nodeman 2.4, apps/node_man/handlers/job.py and apps/node_man/tools/job.py. Per-host
entries of 2.x disagree with its statistics by design, and its cost_time wraps after a day: neither is used.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import msgspec

from exporter.model import UNFINISHED, Failure, Hosts, Labels, State, Task
from exporter.systems import nodemanlist
from exporter.systems.base import (
    Reading,
    Request,
    Site,
    count,
    decode,
    elapsed_seconds,
    malformed,
    table,
    text,
    timestamp,
)
from exporter.systems.businessjob import JobAllow, JobParams

NAME = nodemanlist.NAME
TITLE = "nodeman 节点管理"
ROUTES: Mapping[str, Sequence[str]] = {"apigw": ("job_details",), "esb": ("get_task_info", "job_details")}
STATES = (
    State.PENDING,
    State.RUNNING,
    State.FAILED,
    State.PARTLY_FAILED,
    State.REVOKED,
    State.FINISHED,
    State.IGNORED,
    State.UNKNOWN,
)
#: Reading the details writes: each call recomputes and saves the job's status.
MIN_INTERVAL: Mapping[str, float] = {"job_details": 30.0}
BULK = None

WORDS: Mapping[str, State] = {
    "PENDING": State.PENDING,
    "QUEUE": State.PENDING,
    "RUNNING": State.RUNNING,
    "SUCCESS": State.FINISHED,
    "FAILED": State.FAILED,
    "PART_FAILED": State.PARTLY_FAILED,
    "TERMINATED": State.REVOKED,
    "REMOVED": State.REVOKED,
    "FILTERED": State.IGNORED,
    "IGNORED": State.IGNORED,
}

#: TERMINATED is not final: the next sweep recomputes it from the hosts. A failed job can be retried.
FINAL = frozenset({State.FINISHED})

#: Host counts by the words of `bk_task_nodeman_hosts`; every other word is counted as `other`.
STATUSES = ("running", "failed", "success", "pending", "ignored")


LISTING = nodemanlist.LISTING


class Allow(JobAllow, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A business."""

    SYSTEM: ClassVar[str] = NAME


class Params(JobParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A job of a business."""

    SYSTEM: ClassVar[str] = NAME


def request(params: Params, site: Site) -> Request:
    """Ask for one job. Of 2.x one host is asked for: the statistics are complete all the same."""
    if site.api == "get_task_info":
        query = {"bk_biz_id": params.bk_biz_id, "job_id": params.job_id}
        return Request("get_task_info", "GET", "/api/c/compapi/v2/nodeman/get_task_info/", query)
    page = {"page": 1, "pagesize": 1}
    if site.route == "esb":
        path, body = "/api/c/compapi/v2/nodeman/api/job/details/", {"job_id": params.job_id, **page}
    else:
        path, body = f"/api/job/{params.job_id}/details/", page
    return Request("job_details", "POST", path, body=body, idempotent=False)


#: Failed hosts that are asked for and kept of one job: nobody reads more.
MAX_FAILURES = 100


def detail_request(params: Params, site: Site) -> Request:
    """Ask for one job with its failed hosts. 2.x filters: by a list, whatever the document's example says."""
    plain = request(params, site)
    if plain.body is None:
        return plain  # the legacy API always tells all hosts
    failed = {"pagesize": MAX_FAILURES, "conditions": [{"key": "status", "value": ["FAILED"]}]}
    return replace(plain, body={**plain.body, **failed})


class _Host(msgspec.Struct, gc=False):
    status: Any = None
    err_code: Any = None
    err_code_desc: Any = None
    step: Any = None
    ip: Any = None
    inner_ip: Any = None
    status_display: Any = None
    host: Any = None
    filter_host: Any = None


class _Job(msgspec.Struct, gc=False):
    """Both APIs in one: no key of one means something else in the other, and a site may sit between versions."""

    status: Any = None
    job_type: Any = None
    creator: Any = None
    created_by: Any = None
    start_time: Any = None
    end_time: Any = None
    host_count: Any = None
    status_count: Any = None
    statistics: Any = None
    os_count: Any = None
    hosts: "list[_Host | list[Any] | str | bool | int | float | None] | dict[str, Any] | str | bool | int | float | None" = None  # noqa: E501, UP037 (one union: whatever JSON can hold)


_decoder = msgspec.json.Decoder(_Job)


def read(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one job of either API."""
    job = decode(data, _decoder, "nodeman job")
    counted = job.status_count if isinstance(job.status_count, Mapping) else job.statistics
    if not (job.status or isinstance(counted, Mapping) or job.host_count or any(_listed_hosts(job))):
        raise malformed("nodeman job: neither status nor hosts nor any count of them in the answer")
    hosts = _hosts(job, counted)
    state = WORDS.get(text(job.status), State.UNKNOWN) if job.status else _derived_state(hosts, job)
    start, finish = timestamp(job.start_time, reading.zone), timestamp(job.end_time, reading.zone)
    if state in UNFINISHED:
        finish = None
    elapsed = elapsed_seconds(state, None, start, finish, reading.now)
    return Task(
        state=state,
        final=state in FINAL,
        labels=Labels(
            task_name=params.name, kind=text(job.job_type), creator=text(job.creator) or text(job.created_by)
        ),
        elapsed=elapsed,
        start=start,
        finish=finish,
        hosts=hosts,
        failures=_failures(_listed_hosts(job)),
        unknown_words=(text(job.status),) if state is State.UNKNOWN else (),
        clocked=elapsed is not None and finish is None,
    )


class _Listed(msgspec.Struct, gc=False):
    """The instances of 2.x."""

    list: Any = None


_listed_decoder = msgspec.json.Decoder(_Listed)


def read_detail(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one job of either API, and why its hosts failed."""
    task = read(data, params, reading)
    if task.failures:
        return task
    listed = decode(data, _listed_decoder, "nodeman job").list
    hosts = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return msgspec.structs.replace(task, failures=_failures(msgspec.convert(each, _Host) for each in hosts))


def _hosts(job: _Job, counted: object) -> Hosts:
    by_status: dict[str, int] = {}
    other = 0
    for key, hosts in table(counted).items():
        word = key.removesuffix("_count").lower()
        if word in STATUSES:
            by_status[word] = hosts
        elif word != "total":
            other += hosts
    uncounted = max(0, (count(job.host_count) or 0) - other - sum(by_status.values()))
    if other + uncounted:
        by_status["other"] = other + uncounted
    return Hosts(by_status=by_status, by_os=table(job.os_count), failed_by_code=_failed_by_code(job))


def _failed_by_code(job: _Job) -> dict[str, int]:
    codes = Counter(text(host.err_code) for host in _failed(_listed_hosts(job)))
    return dict(codes.most_common(50))


def _derived_state(hosts: Hosts, job: _Job) -> State:
    """The legacy API has no status of the job. bk-sops, its one public consumer, takes all hosts done for done."""
    running, failed, success = (hosts.by_status.get(word, 0) for word in ("running", "failed", "success"))
    if running:
        return State.RUNNING
    total = count(job.host_count)
    if not failed + success or failed + success != (failed + success if total is None else total):
        return State.PENDING
    if not failed:
        return State.FINISHED
    return State.PARTLY_FAILED if success else State.FAILED


def _failures(hosts: Iterable[_Host]) -> tuple[Failure, ...]:
    """Why hosts failed, in nodeman's words: step, error code and its description."""
    return tuple(
        Failure(
            where=text(host.inner_ip) or text(host.ip) or _address(host.host),
            text=" · ".join(
                part for part in map(text, (host.step, host.err_code, host.err_code_desc, host.status_display)) if part
            ),
        )
        for host in itertools.islice(_failed(hosts), MAX_FAILURES)
    )


def _listed_hosts(job: _Job) -> Iterator[_Host]:
    listed = job.hosts if isinstance(job.hosts, list) else []
    return (host for host in listed if isinstance(host, _Host))


def _failed(hosts: Iterable[_Host]) -> Iterator[_Host]:
    """2.x adds the hosts that it left out of the job to every page of its answer: these did not fail."""
    return (host for host in hosts if host.status == "FAILED" and not host.filter_host)


def _address(host: object) -> str:
    return text(host.get("inner_ip")) if isinstance(host, Mapping) else ""
