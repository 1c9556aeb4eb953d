"""The simulator's answers have the keys that the documents and the real products' answers have."""

import json
from pathlib import Path
from typing import Any

import pytest

from exporter.demo.site import Options
from tests.demo.conftest import Client

SHAPES: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("shapes.json").read_text("utf-8"))


def keys(found: dict[str, Any]) -> str:
    return " ".join(sorted(found))


def tree(answer: dict[str, Any]) -> dict[str, str]:
    data = answer["data"]
    shape = {"envelope": keys(answer), "data": keys(data)}
    children = list(data.get("children", {}).values())
    if children:
        shape["child"] = keys(children[0])
        assert {keys(child) for child in children} == {shape["child"]}
    return shape


@pytest.mark.parametrize(
    ("case", "task", "params"),
    [
        ("captured sops/linear.created", 18, {}),
        ("captured sops/linear.finished", 22, {}),
        ("captured sops/linear.running", 1, {}),
        ("captured sops/nested.deep_failed", 10, {"with_ex_data": 1}),
        ("captured sops/suspended.paused_idle_later", 12, {}),
        ("captured sops/v1.1_running", 31, {}),
    ],
)
def test_sops_through_the_esb(client: Client, case: str, task: int, params: dict[str, Any]) -> None:
    """A bk-sops answer through the ESB has exactly the captured keys, at every level."""
    assert tree(client.sops_esb(task, **params).json()) == SHAPES[case]


def test_sops_through_the_gateway(client: Client) -> None:
    """The gateway adds no request id to the body: it stands in a header."""
    answer = client.sops(22)
    assert keys(answer.json()) == "code data message result trace_id"
    assert len(answer.headers["X-Bkapi-Request-ID"]) == 36
    assert len(answer.headers["Sops-Trace-Id"]) == 32


@pytest.mark.parametrize("task", [1, 11])
def test_bkflow(client: Client, task: int) -> None:
    """A BKFlow answer has exactly the captured keys, and no names anywhere."""
    assert tree(client.bkflow(task).json()) == SHAPES["captured bkflow/linear.running"]


def test_bkflow_not_started(client: Client) -> None:
    """A BKFlow task that was not started has the CREATED shape without a name."""
    data = client.bkflow(18).json()["data"]
    assert data == {
        "state": "CREATED",
        "start_time": None,
        "finish_time": None,
        "elapsed_time": 0,
        "retry": 0,
        "skip": 0,
        "children": {},
    }


@pytest.mark.parametrize(
    ("release", "case"),
    [("3.5", "documented sops-get_task_status"), ("oldest", "documented sops-get_task_status-older")],
)
def test_older_releases_of_sops(client: Client, release: Any, case: str) -> None:
    """Older releases answer for the old engine as their documents say, with "" for an unset time."""
    answer = client.over(options=Options(sops_release=release)).sops(31).json()
    shape, expected = tree(answer), dict(SHAPES[case])
    # The documented task has failed; request_id is the ESB's, code came later.
    expected["data"] = expected["data"].replace("ex_data ", "")
    assert {"data": shape["data"], "child": shape["child"]} == {"data": expected["data"], "child": expected["child"]}
    assert answer["data"]["name"] == "<class 'pipeline.core.pipeline.Pipeline'>"
    assert answer["data"]["finish_time"] == ""
    assert "code" not in answer


def test_nodeman_legacy(client: Client) -> None:
    """Nodeman's legacy answer has the documented keys, and the ESB's request id."""
    answer, shape = client.nodeman(187).json(), SHAPES["documented nodeman-get_task_info"]
    data = answer["data"]
    assert keys(answer) == keys(dict.fromkeys([*shape["envelope"].split(), "request_id"]))
    assert keys(data) == shape["data"]
    assert {keys(host) for host in data["hosts"]} == {shape["host"]}
    assert {keys(host["host"]) for host in data["hosts"]} == {shape["host.host"]}
    assert keys(data["status_count"]) == shape["status_count"]
    assert keys(data["os_count"]) == shape["os_count"]
    assert (answer["code"], answer["message"]) == ("OK", "success")
    assert data["bk_biz_id"] == "2"
    assert data["hosts"][0]["job_id"] == "187"


def test_gsekit(client: Client) -> None:
    """Gsekit's answer has the captured keys; tasks come only if they are asked for by id."""
    shape = SHAPES["captured gsekit/finished"]
    answer = client.gsekit(2, job_task_id_list=[2001, 2002, 99]).json()
    assert keys(answer) == shape["envelope"]
    assert keys(answer["data"]) == shape["data"]
    assert keys(answer["data"]["job_info"]) == shape["job_info"]
    assert keys(answer["data"]["job_info"]["scope"]) == shape["scope"]
    assert [keys(task) for task in answer["data"]["job_tasks"]] == [shape["job_task"]] * 2
    assert client.gsekit(2).json()["data"]["job_tasks"] == []


def test_captured_errors(client: Client) -> None:
    """The captured errors have their keys."""
    errors = {
        "bkflow_unknown_space": client.bkflow(1, space=77),
        "bkflow_unknown_task": client.bkflow(99999),
        "esb_task_text": client.sops_esb("abc"),
        "esb_task_unknown": client.sops_esb(99999),
    }
    client.credentials = {**dict(client.credentials or {}), "bk_app_secret": "wrong"}  # type: ignore[arg-type]
    errors["esb_wrong_secret"] = client.sops_esb(5)
    shapes = {name: keys(answer.json()) for name, answer in errors.items()}
    assert shapes == {name: SHAPES[f"captured errors/{name}"]["envelope"] for name in errors}
    assert errors["bkflow_unknown_space"].status_code == 403
    assert [errors[name].json().get("code") for name in sorted(errors)] == [
        None,
        "not_found",
        1306201,
        3540400,
        1306000,
    ]


def test_gsekit_unknown_job(client: Client) -> None:
    """An unknown gsekit job is a word of a code, with data null."""
    answer = client.gsekit(999).json()
    assert keys(answer) == SHAPES["captured gsekit/unknown_job"]["envelope"]
    assert (answer["code"], answer["data"], answer["result"]) == ("4102005", None, False)
