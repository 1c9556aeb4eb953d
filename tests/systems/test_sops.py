"""bk-sops: what is asked of it, and its bulk answers."""

import json
from typing import Any

import msgspec
import pytest

from exporter.errors import Reason, TaskError
from exporter.model import Identity, State, Task
from exporter.systems import sops
from exporter.systems.base import Request, Site
from tests.answers import NOW, READING, data

GATEWAY, ESB = Site("apigw", "get_task_status"), Site("esb", "get_task_status")


def params(task_id: int = 10, **more: Any) -> sops.Params:
    return sops.Params(bk_biz_id=2, task_id=task_id, **more)


@pytest.mark.parametrize(
    ("asked", "identity"),
    [
        (params(), Identity("sops", "2", "", "10")),
        (params(scope="project"), Identity("sops", "", "project:2", "10")),
        (params(subprocess_id="nab-1"), Identity("sops", "2", "", "10/nab-1")),
    ],
)
def test_identity(asked: sops.Params, identity: Identity) -> None:
    """bk_biz_id holds true business ids only; a subtree is a task of its own."""
    assert asked.identity == identity


@pytest.mark.parametrize(
    ("site", "asked", "path", "query"),
    [
        (GATEWAY, params(), "/get_task_status/10/2/", {}),
        (GATEWAY, params(scope="project", subprocess_id="nab"), "/get_task_status/10/2/", {"scope": "project", "subprocess_id": "nab"}),
        (ESB, params(), "/api/c/compapi/v2/sops/get_task_status/", {"bk_biz_id": 2, "task_id": 10}),
        (ESB, params(scope="project"), "/api/c/compapi/v2/sops/get_task_status/", {"bk_biz_id": 2, "task_id": 10, "scope": "project"}),
    ],
)  # fmt: skip
def test_request(site: Site, asked: sops.Params, path: str, query: dict[str, Any]) -> None:
    """Each route has its path; nothing is sent that is the default, for an extra parameter bypasses bk-sops's cache."""
    assert sops.request(asked, site) == Request("get_task_status", "GET", path, query)


def test_name_of_the_configuration_wins() -> None:
    """A configured name is shown whatever BlueKing calls the task."""
    answer = data("sops", "linear.finished")
    assert sops.read(answer, params(), READING).labels.task_name == "linear"
    assert sops.read(answer, params(name="nightly"), READING).labels.task_name == "nightly"


# --- bulk -------------------------------------------------------------------------------------------------------------


def item(task_id: Any, state: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {
        "id": task_id, "name": f"task {task_id}", "url": f"https://sops.example.com/{task_id}", "is_deleted": False,
        "status": {"state": state, "name": "the name of another"}, "start_time": "", "finish_time": "", **more,
    }  # fmt: skip


def split(batch: list[int], *items: Any) -> list[bytes | TaskError]:
    return sops.BULK.split(json.dumps(items).encode(), [params(task_id) for task_id in batch])


def read(raw: dict[str, Any], task_id: int = 10) -> Task:
    return sops.BULK.read(json.dumps(raw).encode(), params(task_id), READING)


def test_what_can_be_asked_for_in_bulk() -> None:
    """Only the gateway has bulk; tasks of one business and scope share a call, subtrees are asked for singly."""
    key = sops.BULK.key(params(), GATEWAY, "all")
    assert key is not None
    assert key == sops.BULK.key(params(11), GATEWAY, "all")
    assert key != sops.BULK.key(params(scope="project"), GATEWAY, "all")
    assert sops.BULK.key(params(), ESB, "all") is None
    assert sops.BULK.key(params(subprocess_id="nab"), GATEWAY, "all") is None


def test_bulk_request() -> None:
    """A batch asks for children, and names the scope only where it is not the default."""
    request = sops.BULK.request([params(1), params(2)], GATEWAY)
    assert (request.method, request.path) == ("POST", "/get_tasks_status/2/")
    assert request.body == {"task_id_list": [1, 2], "include_children_status": True}
    request = sops.BULK.request([params(1, scope="project")], GATEWAY)
    assert request.body == {"task_id_list": [1], "include_children_status": True, "scope": "project"}


def test_bulk_answer_in_any_order() -> None:
    """Answers are found by their outer id, which may be a text; foreign ones and garbage among them are left alone."""
    parts = split([1, 2, 3], item(3), item("2"), item(99), None, "x", [], {"id": {}}, item(1))
    assert [json.loads(part)["name"] for part in parts if isinstance(part, bytes)] == ["task 1", "task 2", "task 3"]


def test_bulk_answer_that_lacks_one() -> None:
    """An id that is left out is not found, and costs the others nothing."""
    one, other = split([1, 2], item(2))
    assert isinstance(one, TaskError)
    assert one.reason is Reason.NOT_FOUND
    assert isinstance(other, bytes)


def test_bulk_answer_with_one_twice() -> None:
    """Of an id that comes twice the first counts."""
    (part,) = split([1], item(1, "FAILED"), item(1, "FINISHED"))
    assert isinstance(part, bytes)
    assert sops.BULK.read(part, params(1), READING).state is State.FAILED


@pytest.mark.parametrize("answer", [b"null", b"{}", b'"x"', b"[", b""])
def test_bulk_answer_that_is_none(answer: bytes) -> None:
    """What is no list is malformed as a whole."""
    with pytest.raises(TaskError) as caught:
        sops.BULK.split(answer, [params()])
    assert caught.value.reason is Reason.MALFORMED


def test_bulk_item() -> None:
    """The outer name and link are the task's; the name inside may be another's."""
    task = read(item(10))
    assert (task.state, task.labels.task_name, task.labels.url) == (
        State.RUNNING,
        "task 10",
        "https://sops.example.com/10",
    )


def test_bulk_item_equals_single_answer() -> None:
    """The same tree gives the same task, whether it came alone or in a batch."""
    alone = sops.read(data("sops", "nested.deep_failed"), params(), READING)
    raw = b'{"id": 10, "name": "nested", "status": ' + data("sops", "nested.deep_failed") + b"}"
    assert sops.BULK.read(raw, params(), READING) == alone


def test_deleted_task() -> None:
    """A deleted task is still listed with a live state, but it is gone."""
    with pytest.raises(TaskError) as caught:
        read(item(10, is_deleted=True))
    assert caught.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("broken", [{"status": None}, {"status": []}, {"status": {}}, {"status": "RUNNING"}])
def test_bulk_item_without_status(broken: dict[str, Any]) -> None:
    """An item without a tree is malformed, alone."""
    with pytest.raises(TaskError) as caught:
        read(item(10) | broken)
    assert caught.value.reason is Reason.MALFORMED
    without = {key: value for key, value in item(10).items() if key != "status"}
    with pytest.raises(TaskError, match="no status"):
        read(without)


TIMES = {"start_time": "2026-11-22 15:00:00 +0800", "finish_time": "2026-11-22 15:10:00 +0800"}


def test_times_of_a_revoked_task() -> None:
    """The tree never says when a task was revoked, the batch does: then its length is known as well."""
    task = read(
        item(10, status={"state": "REVOKED", "start_time": TIMES["start_time"], "elapsed_time": 99999}, **TIMES)
    )
    assert (task.start, task.finish, task.elapsed) == (NOW - 3600, NOW - 3000, 600)


def test_times_of_the_tree_win() -> None:
    """Where the tree has its times, those of the batch are not looked at."""
    tree = {
        "state": "FINISHED",
        "start_time": "2026-11-22 14:00:00 +0800",
        "finish_time": "2026-11-22 14:00:09 +0800",
        "elapsed_time": 8,
    }
    task = read(item(10, status=tree, **TIMES))
    assert (task.start, task.finish, task.elapsed) == (NOW - 7200, NOW - 7191, 8)


@pytest.mark.parametrize("state", ["CREATED", "RUNNING", "SUSPENDED", "READY"])
def test_times_of_an_unfinished_task(state: str) -> None:
    """A task that is not over takes no time from the batch."""
    task = read(item(10, state, **TIMES))
    assert (task.start, task.finish) == (None, None)


def test_params_refuse_what_no_id_is() -> None:
    """Ids are from 1 and fit 64 bits; a node id has letters, digits, - and _."""
    for bad in ({"task_id": 0}, {"task_id": 2**63}, {"task_id": "10"}, {"subprocess_id": "a/b"}, {"scope": "x"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"system": "sops", "bk_biz_id": 2, "task_id": 10} | bad, sops.Params)
