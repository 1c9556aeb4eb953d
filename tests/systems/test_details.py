"""What a person is told of one task beyond what a scrape asks for."""

import json
from typing import Any

import pytest

from exporter.errors import TaskError
from exporter.model import Failure, Task
from exporter.systems import SYSTEMS, gsekit, nodeman, sops
from exporter.systems.base import Request, Site
from tests.answers import PARAMS, READING, cases, data


def told(system: str, answer: Any) -> Task:
    return SYSTEMS[system].read_detail(json.dumps(answer).encode(), PARAMS[system], READING)


def test_sops_is_asked_for_failure_texts_in_addition():
    """The flag is true whatever its value; the rest of the request is a scrape's."""
    params = sops.Params(bk_biz_id=2, task_id=10, scope="project")
    plain, more = (ask(params, Site("apigw", "get_task_status")) for ask in (sops.request, sops.detail_request))
    assert more == Request("get_task_status", "GET", plain.path, {"scope": "project", "with_ex_data": 1})


def test_sops_tells_failures_by_node():
    """Text as it is, anything else as JSON."""
    answer = {"state": "FAILED", "children": {}, "ex_data": {"n1": "<b>no</b>", "n2": {"code": 1}, "n3": ""}}
    assert told("sops", answer).failures == (Failure("n1", "<b>no</b>"), Failure("n2", '{"code":1}'))


@pytest.mark.parametrize("route", ["esb", "apigw"])
def test_nodeman_2_is_asked_for_failed_hosts_by_a_list(route: str):
    """A plain string would be split into letters and match nothing."""
    body = nodeman.detail_request(nodeman.Params(bk_biz_id=2, job_id=187), Site(route, "job_details")).body
    assert body is not None
    assert body["conditions"] == [{"key": "status", "value": ["FAILED"]}]
    assert (body["page"], body["pagesize"], body.get("job_id")) == (1, 100, 187 if route == "esb" else None)


def test_nodeman_legacy_tells_all_hosts_anyway():
    """One request for scrapes and people."""
    params, site = nodeman.Params(bk_biz_id=2, job_id=187), Site("esb", "get_task_info")
    assert nodeman.detail_request(params, site) == nodeman.request(params, site)


def test_nodeman_tells_step_and_code_of_failed_hosts():
    """Hosts that 2.x left out of the job are on every page of its answer, and did not fail."""
    hosts = [
        {"status": "FAILED", "inner_ip": "192.0.2.1", "step": "安装", "status_display": "执行失败"},
        {"status": "FAILED", "ip": "192.0.2.2", "filter_host": True, "status_display": "被其他策略管控"},
        {"status": "SUCCESS", "ip": "192.0.2.3"},
        "odd",
    ]
    new = told("nodeman", {"status": "FAILED", "statistics": {"failed_count": 1}, "list": hosts})
    assert new.failures == (Failure("192.0.2.1", "安装 · 执行失败"),)
    host = {"status": "FAILED", "err_code": 7, "err_code_desc": "no route", "host": {"inner_ip": "192.0.2.4"}}
    old = told("nodeman", {"status_count": {"failed_count": 1}, "hosts": [host], "list": hosts})
    assert old.failures == (Failure("192.0.2.4", "7 · no route"),)


def test_gsekit_tells_the_jobs_reason_and_its_tasks():
    """Nested as in the public code, or flat as in the document."""
    answer = {
        "job_info": {"status": "failed", "extra_data": {"failed_reason": "渲染失败"}},
        "job_tasks": [
            {"id": 1, "status": "failed", "err_code": 3, "extra_data": {"failed_reason": "no agent"}},
            {"id": 2, "status": "failed", "extra_data__failed_reason": "no process"},
            {"id": 3, "status": "succeeded"},
            7,
        ],
    }
    assert told("gsekit", answer).failures == (
        Failure("", "渲染失败"),
        Failure("#1", "no agent · 3"),
        Failure("#2", "no process"),
    )
    assert gsekit.detail_request is gsekit.request


@pytest.mark.parametrize(("system", "case"), cases())
def test_a_detail_is_the_same_task(system: str, case: str):
    """It adds failures and changes nothing else."""
    params, answer = PARAMS[system], data(system, case)
    try:
        plain = SYSTEMS[system].read(answer, params, READING)
    except TaskError as error:
        with pytest.raises(TaskError, match=error.message[:20]):
            SYSTEMS[system].read_detail(answer, params, READING)
        return
    more = SYSTEMS[system].read_detail(answer, params, READING)
    assert {**_fields(more), "failures": ()} == {**_fields(plain), "failures": ()}
    assert set(plain.failures) <= set(more.failures)


def _fields(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in task.__struct_fields__}
