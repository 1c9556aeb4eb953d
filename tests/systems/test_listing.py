"""How lists are asked for and read: by pages, with filters that BlueKing may ignore, and with entries of any shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from exporter.demo import desk, operations
from exporter.demo.site import Options, Site
from exporter.demo.trouble import SPECIALS
from exporter.demo.world import World
from exporter.errors import Reason, TaskError
from exporter.model import Labels
from exporter.systems import SYSTEMS
from exporter.systems.base import Request, listed
from exporter.systems.base import Site as Reached
from exporter.systems.listing import Listed, ListPage, Slice
from tests.answers import LISTINGS, NOW, PARAMS, READING, BySystem, discover

DAY = 86400.0
SINCE = NOW - DAY
FIRST = Slice(0, 200, SINCE)
ROUTES = [(name, route) for name in LISTINGS for route in SYSTEMS[name].ROUTES]
#: How the `data` of each list holds its entries.
SHAPES: Mapping[str, Callable[[list[Any]], Any]] = BySystem(
    "tests/systems/test_listing.py: SHAPES lacks {system}",
    {
        "sops": lambda entries: entries,
        "bkflow": lambda entries: {"count": 7, "results": entries},
        "nodeman": lambda entries: {"total": 7, "list": entries},
        "gsekit": lambda entries: {"count": 7, "list": entries},
    },
)


def request(system: str, route: str = "", part: Slice = FIRST, **values: Any) -> Request:
    site = Reached(route or next(iter(SYSTEMS[system].ROUTES)), "")
    return LISTINGS[system].request(discover(system, **values), site, part)


def read(system: str, entries: list[Any], **values: Any) -> ListPage:
    raw = json.dumps(SHAPES[system](entries)).encode()
    return LISTINGS[system].read(raw, discover(system, **values), READING, SINCE)


def ids(page: ListPage) -> list[int | None]:
    return [entry.task_id if entry else None for entry in page.entries]


def iso(when: float) -> str:
    return datetime.fromtimestamp(when, READING.zone).isoformat()


def simulated(system: str, route: str, **values: Any) -> ListPage:
    """What the simulated BlueKing answers to the request for a whole list."""
    world = World(seed=1, clock=lambda: NOW, epoch=NOW)
    asked = request(system, route, Slice(0, 200, SINCE), **values)
    gateway = next((path for path, name in operations.GATEWAYS.items() if name == system), "")
    path = asked.path if route == "esb" else f"/api/{gateway}/prod{asked.path}"
    auth = json.dumps({"bk_app_code": "task-exporter", "bk_app_secret": "demo-secret", "bk_username": "admin"})
    query = str(httpx.QueryParams(dict(asked.query)))
    sent = desk.Asked(asked.method, path, query, auth, json.dumps(asked.body).encode() if asked.body else b"")
    operation = operations.match(asked.method, path)
    assert operation is not None, f"exporter/demo/operations.py has no operation for {asked.method} {path}"
    reply = desk.Desk(Site(world, Options(), SPECIALS)).answer(sent, operation)
    assert reply.value["result"] is True, reply.value
    data = json.dumps(reply.value["data"]).encode()
    return LISTINGS[system].read(data, discover(system, **values), READING, SINCE)


@pytest.mark.parametrize(("system", "route"), ROUTES)
def test_the_simulated_lists(system: str, route: str) -> None:
    """Each system's list is asked for by every route under the path that the simulated BlueKing has, and read."""
    page = simulated(system, route)
    tasks = [entry for entry in page.entries if entry]
    assert len(tasks) > 5
    assert {True, False} == {task.final for task in tasks}
    assert all(task.labels.creator and task.labels.kind for task in tasks)
    assert all((task.finish is None) <= (not task.final) for task in tasks)


def test_children_are_left_out_unless_asked_for() -> None:
    """A task of an independent subprocess is a node of its parent already."""
    assert 17 not in ids(simulated("sops", "apigw"))
    assert 17 in ids(simulated("sops", "apigw", child_tasks=True))
    assert 17 not in ids(simulated("bkflow", "apigw"))
    assert 17 in ids(simulated("bkflow", "apigw", child_tasks=True))


def test_requests() -> None:
    """Filters that a system has are sent, with the moment in UTC and no plus sign; pages by offset or by number."""
    second = Slice(200, 200, SINCE)
    sops = request("sops", part=second, scope="project", template_id=(7, 8), keyword="发布", create_method=("api",))
    assert (sops.method, sops.path) == ("GET", "/get_task_list/2/")
    assert dict(sops.query) == {
        "offset": 200, "limit": 200, "without_count": "true", "scope": "project", "create_time_start": "2026-11-21T08:00:00Z",
        "keyword": "发布", "template_ids": "7,8", "create_method": "api", "is_child_taskflow": "false",
    }  # fmt: skip
    assert request("sops", "esb").query["bk_biz_id"] == 2
    assert (
        request("sops", template_id=(7,), child_tasks=True, executor="li").query.items()
        >= {"template_id": 7, "executor": "li"}.items()
    )
    bkflow = request("bkflow", part=second, keyword="a", creator="li", template_id=(7, 8))
    assert dict(bkflow.query) == {
        "offset": 200, "limit": 200, "create_at_start": "2026-11-21T08:00:00Z", "creator": "li", "name": "a",
    }  # fmt: skip
    nodeman = request("nodeman", part=second, op_type=("INSTALL",), hide_auto_trigger_job=True)
    assert nodeman.path == "/api/job/job_list/"
    assert nodeman.body == {
        "page": 2, "pagesize": 200, "bk_biz_id": [2], "start_time": "2026-11-21T08:00:00Z", "op_type": ["INSTALL"],
        "hide_auto_trigger_job": True,
    }  # fmt: skip
    gsekit = request("gsekit", part=second, job_action=("start", "stop"))
    assert dict(gsekit.query) == {
        "bk_biz_id": 2, "page": 2, "pagesize": 200, "start_time__gte": "2026-11-21T08:00:00Z", "job_action__in": "start,stop",
    }  # fmt: skip


def test_a_site_may_have_its_list_elsewhere() -> None:
    """Where ESB's registration is not public, the configuration can say the path."""
    assert request("gsekit").path == "/api/c/compapi/v2/gsekit/api/job/job_list/"
    assert (
        request("gsekit", list_path="/api/c/compapi/v2/gsekit/list_job/").path == "/api/c/compapi/v2/gsekit/list_job/"
    )
    assert request("nodeman", "esb", list_path="/x/").path == "/x/"


def test_sops_drops_what_an_older_version_did_not() -> None:
    """Templates, ways of creation, users and children are compared here; ids may be text."""
    rows = [
        {"id": "9", "template_id": "7", "create_method": "api", "executor": "li"},
        {"id": 8, "template_id": "6", "create_method": "api", "executor": "li"},
        {"id": 7, "template_id": 7, "create_method": "app", "executor": "li"},
        {"id": 6, "template_id": 7, "create_method": "api", "executor": "wu"},
        {"id": 5, "template_id": 7, "create_method": "api", "executor": "li", "is_child_taskflow": "true"},
    ]
    assert ids(read("sops", rows)) == [9, 8, 7, 6, None]
    page = read("sops", rows, template_id=(7, 8), create_method=("api", "mcp"), executor="li")
    assert ids(page) == [9, None, None, None, None]


def test_sops_knows_the_age_of_tasks_by_those_that_began() -> None:
    """An older bk-sops lists tasks of any age: what has a smaller id than one that began too early is too old as well."""
    young, old = iso(SINCE + 60), iso(SINCE - 60)
    page = read(
        "sops", [{"id": 9, "start_time": None}, {"id": 8, "start_time": young}, {"id": 7, "start_time": old}, {"id": 6}]
    )
    assert ids(page) == [9, 8, None, None]
    assert page.over
    assert not read("sops", [{"id": 9, "start_time": young}]).over


def test_sops_proves_ends() -> None:
    """`is_finished` or a finish time is an end for good: a failed task has neither, as it may go on."""
    when = iso(NOW - 60)
    page = read(
        "sops",
        [
            {"id": 3, "is_finished": True, "finish_time": when},
            {"id": 2, "finish_time": when},
            {"id": 1, "is_started": True},
        ],
    )
    assert page.entries == [Listed(3, final=True, finish=NOW - 60), Listed(2, final=True, finish=NOW - 60), Listed(1)]
    assert read("sops", [{"id": 1, "is_finished": True, "finish_time": "yesterday"}]).entries == [Listed(1, final=True)]


def test_bkflow_drops_what_its_serializer_ignored() -> None:
    """Deleted tasks, children, other scopes and what was created before; behind the first old one all are old."""
    rows = [
        {"id": 9, "scope_type": "biz", "scope_value": 2, "template_id": 7, "trigger_method": "api"},
        {"id": 8, "scope_type": "biz", "scope_value": "3", "template_id": 7},
        {"id": 7, "scope_type": "biz", "scope_value": "2", "template_id": 8},
        {"id": 6, "scope_type": "biz", "scope_value": "2", "template_id": 7, "trigger_method": "subprocess"},
        {"id": 5, "scope_type": "biz", "scope_value": "2", "template_id": 7, "is_deleted": True},
        {"id": 4, "scope_type": "biz", "scope_value": "2", "template_id": 7, "create_time": iso(SINCE - 1)},
    ]
    page = read("bkflow", rows, scope_type="biz", scope_value="2", template_id=(7,))
    assert ids(page) == [9, None, None, None, None, None]
    assert (page.total, page.over) == (7, True)
    ended = read("bkflow", [{"id": 1, "is_revoked": True, "finish_time": iso(NOW)}, {"id": 2, "is_expired": 1}])
    assert ended.entries == [Listed(1, final=True, finish=NOW), Listed(2, final=True)]


def test_nodeman_lists_other_businesses_where_it_may_not_list_ours() -> None:
    """Jobs of other businesses are dropped; what an entry does not say is believed."""
    rows = [
        {
            "id": 5,
            "bk_biz_scope": [2, 3],
            "job_type": "INSTALL_AGENT",
            "created_by": "li",
            "status": "SUCCESS",
            "end_time": iso(NOW),
        },
        {"id": 4, "bk_biz_scope": ["2"], "created_by": "li", "status": "FAILED", "end_time": iso(NOW)},
        {"id": 3, "bk_biz_scope": [3], "created_by": "li"},
        {"id": 2, "bk_biz_scope": [2], "created_by": "wu"},
        {"id": 1, "bk_biz_scope": [2], "created_by": "li", "start_time": iso(SINCE - 1)},
    ]
    page = read("nodeman", rows, created_by=("li",), op_type=("INSTALL",))
    assert ids(page) == [5, 4, None, None, None]
    assert page.entries[0] == Listed(5, Labels(kind="INSTALL_AGENT", creator="li"), final=True, finish=NOW)
    automatic = [{"id": 1, "is_auto_trigger": True}, {"id": 2}]
    assert ids(read("nodeman", automatic, hide_auto_trigger_job=True)) == [None, 2]


def test_gsekit_compares_what_was_asked_for() -> None:
    """Objects, actions, creators and age."""
    rows = [
        {"id": 4, "job_object": "process", "job_action": "start", "status": "succeeded", "end_time": iso(NOW)},
        {"id": 3, "job_object": "configfile", "job_action": "start"},
        {"id": 2, "job_object": "process", "job_action": "start", "start_time": iso(SINCE - 1)},
        {"id": 1, "job_object": "process", "job_action": "start", "status": "failed", "end_time": iso(NOW)},
    ]
    page = read("gsekit", rows, job_object=("process",))
    assert ids(page) == [4, None, None, 1]
    assert [(entry.final, entry.finish, entry.labels.kind) for entry in page.entries if entry] == [
        (True, NOW, "process/start"),
        (False, None, "process/start"),
    ]


@pytest.mark.parametrize("system", LISTINGS)
def test_odd_entries_cost_no_other(system: str) -> None:
    """Entries that are no objects or have no id are left out; unknown fields and odd values harm nothing."""
    odd: list[Any] = [None, 7, "x", [], {}, {"id": None}, {"id": 0}, {"id": -4}, {"id": "x"}, {"id": 2**80}]
    strange = {"id": "12", "name": {"a": 1}, "start_time": [], "finish_time": 7, "creator": False, "new_field": [[]]}
    page = read(system, [*odd, strange, {"id": 11, "name": "\u0000\n<b>"}])
    assert ids(page) == [None] * len(odd) + [12, 11]


@pytest.mark.parametrize("system", LISTINGS)
@pytest.mark.parametrize("data", [b"null", b"7", b'"x"', b"{", b'{"list": 5}', b'{"results": null}', b"[" * 100_000])
def test_what_is_no_list(system: str, data: bytes) -> None:
    """It is malformed, and never an exception of another kind."""
    with pytest.raises(TaskError) as error:
        LISTINGS[system].read(data, discover(system), READING, SINCE)
    assert error.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("system", LISTINGS)
def test_listed_tasks_are_tasks(system: str) -> None:
    """What a listing names has the identity that the same task has in the configuration."""
    task = listed(SYSTEMS[system], discover(system), 12)
    assert task == msgspec.structs.replace(PARAMS[system], **{SYSTEMS[system].Params.ID: 12})
    assert (task.identity.place, task.identity.task_id) == (discover(system).place, "12")


def test_projects() -> None:
    """A listing of a project names tasks of the project."""
    task = listed(SYSTEMS["sops"], discover("sops", scope="project"), 12)
    assert str(task.identity) == "sops project:2 task 12"
    assert request("sops", scope="project").query["scope"] == "project"
