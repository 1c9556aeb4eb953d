"""BKFlow: the tree of one task, the bare states of many, and the list, behind an interface that asks an engine."""

from collections.abc import Callable, Sequence
from typing import Any

from exporter.demo import times
from exporter.demo.cast import Task
from exporter.demo.filters import Row, Test, created_between, passing, rows, tests_of
from exporter.demo.site import Call, Rejected, Reply, Site
from exporter.demo.tree import Phase
from exporter.demo.trees import View, modern
from exporter.demo.world import SPACES

PAGE_LIMIT = 200
VIEW = View("", named=False, deep=False)
INTERNAL = "http://bkflow-engine.default.svc.cluster.local/task/"
# The engine makes its rows a moment after the interface calls a task started.
ROWLESS_SECONDS = 0.3
NO_ROWS = {"state": "CREATED"}


def get_task_states(site: Site, call: Call) -> Reply:
    """GET get_task_states: the tree, without names."""
    task = _task(site, _space(call), call.params["task_id"])
    return _single(site, task)


def get_task_states_by_app(site: Site, call: Call) -> Reply:
    """GET get_task_states_by_app: the same for a task of any space that the app owns."""
    task = _task(site, None, call.params["task_id"])
    return _single(site, task)


def _single(site: Site, task: Task) -> Reply:
    envelope = {"result": True, "data": _tree(site, task), "message": "", "exc": None, "exc_trace": None}
    envelope["trace_id"] = site.stamp()
    return Reply(envelope, headers={"Bkflow-Engine-Trace-Id": str(envelope["trace_id"])})


def _space(call: Call) -> int:
    text = str(call.params.get("space_id"))
    if not text.isdecimal() or int(text) not in SPACES:
        raise Rejected(Reply({"result": False, "message": f"空间不存在，space_id={text}"}, 403))
    index = SPACES.index(int(text))
    if index == len(SPACES) - 1:
        raise Rejected(forbidden(call))
    return index


def forbidden(call: Call) -> Reply:
    """The app does not own the space: no code and no data."""
    message = f"当前应用[{call.caller.app}]没有权限访问空间[{call.text('space_id')}]"
    return Reply({"result": False, "message": message}, 403)


def not_found(site: Site) -> Reply:
    """The engine has no such task."""
    body = {"result": False, "data": {"detail": "未找到。"}, "code": "not_found", "message": "未找到。"}
    return Reply(body | {"trace_id": site.stamp()})


def _task(site: Site, space: int | None, number: str) -> Task:
    task = site.world.task("bkflow", int(number)) if number.isdecimal() else None
    if task is None or site.world.mark(task) in ("deleted", "expired"):
        raise Rejected(not_found(site))
    if space is not None and task.space != space:
        message = "Request API error, status_code: 403, content: 您没有执行该操作的权限。"
        raise Rejected(Reply({"result": False, "message": message}))
    return task


def _tree(site: Site, task: Task) -> Any:
    plan, now = site.world.plan(task), site.world.now()
    phase = plan.state(now)
    if phase.start is None or (phase.state == "FINISHED" and site.world.mark(task) == "cleaned"):
        shape = dict(site.created, children={})
        shape.pop("name", None)
        return shape
    if phase.state == "RUNNING" and now - phase.start < ROWLESS_SECONDS * task.pace:
        return NO_ROWS
    return modern(plan, plan.root, now, VIEW)


def get_tasks_states(site: Site, call: Call) -> Reply:
    """POST get_tasks_states: states alone, of as many tasks as are asked for; unknown ones are not mentioned."""
    space, wanted = _space(call), call.params.get("task_ids")
    if not isinstance(wanted, list) or not all(isinstance(number, int) for number in wanted):
        raise Rejected(Reply({"result": False, "message": '{"task_ids": ["该字段是必填项。"]}', "data": None}, 400))
    tasks = [task for number in dict.fromkeys(wanted) if (task := site.world.task("bkflow", number))]
    states = {str(task.id): {"state": _state(site, task)} for task in tasks if task.space == space}
    return Reply({"result": True, "data": states, "code": "0", "message": "", "trace_id": site.stamp()})


def _state(site: Site, task: Task) -> str | None:
    if site.failing("bkflow", task.id) == "engine":
        return None
    if site.world.mark(task) == "expired":
        return "EXPIRED"
    tree = _tree(site, task)
    return str(tree["state"] if isinstance(tree, dict) else tree.state)


FILTERS: dict[str, Callable[[str], Test]] = {
    "name": lambda text: lambda row: text in row.task.name,
    "creator": lambda text: lambda row: row.task.creator == text,
    "executor": lambda text: lambda row: row.task.creator == text,
    "template_id": lambda text: lambda row: str(row.task.template) == text,
    "scope_value": lambda text: lambda row: text == str(row.task.space),
    "id": lambda text: lambda row: str(row.task.id) == text,
}


def get_task_list(site: Site, call: Call) -> Reply:
    """GET get_task_list: newest first, without states. `is_started` and `is_finished` are dropped on the way in."""
    space = _space(call)
    try:
        offset, limit = max(0, call.number("offset", 0)), min(max(1, call.number("limit", 100)), PAGE_LIMIT)
        found = _found(site, call, space)
    except ValueError as error:
        raise Rejected(Reply({"result": False, "message": f'{{"detail": "{error}"}}', "data": None}, 400)) from None
    results = [_item(site, row) for row in rows(site, "bkflow", found[offset : offset + limit])]
    after = f"{INTERNAL}?limit={limit}&offset={offset + limit}" if offset + limit < len(found) else None
    before = f"{INTERNAL}?limit={limit}&offset={max(0, offset - limit)}" if offset else None
    data = {"count": len(found), "next": after, "previous": before, "results": results}
    return Reply({"result": True, "data": data, "code": "0", "message": "", "trace_id": site.stamp()})


def _found(site: Site, call: Call, space: int) -> Sequence[int]:
    numbers = created_between(site, "bkflow", space, call.text("create_at_start"), call.text("create_at_end"))
    only = {int(number) for number in call.many.get("task_id_list", ())}
    if only:
        numbers = [number for number in numbers if number in only]
    debug: list[Test] = [] if only or call.text("id") else [lambda row: _method(row) != "DEBUG"]
    found = passing(site, call, numbers, [*tests_of(call, FILTERS), *debug])
    return sorted(found, key=lambda number: site.world.created("bkflow", number), reverse=True)


def _method(row: Row) -> str:
    return {"mobile": "DEBUG", "mcp": "MOCK"}.get(row.task.method, "API")


def get_task_detail(site: Site, call: Call) -> Reply:
    """GET get_task_detail: what the list says of one task."""
    task = _task(site, _space(call), call.params["task_id"])
    item = _item(site, Row(task, site.world.state(task)))
    return Reply({"result": True, "data": item, "code": "0", "message": "", "trace_id": site.stamp()})


def _item(site: Site, row: Row) -> dict[str, Any]:
    task, phase = row.task, row.phase
    mark = site.world.mark(task)
    return {
        "id": task.id,
        "space_id": SPACES[task.space],
        "scope_type": "project",
        "scope_value": str(task.space),
        "instance_id": site.world.plan(task).root.key,
        "template_id": task.template,
        "name": task.name,
        "creator": task.creator,
        "create_time": times.compact(task.created),
        "create_method": _method(row),
        "trigger_method": "subprocess" if mark == "child" else "api",
        "executor": task.creator,
        "start_time": _time(phase, row.started),
        "finish_time": _time(phase, row.finished),
        "is_started": row.started is not None,
        "is_finished": row.is_finished,
        "is_revoked": phase.state == "REVOKED",
        "is_deleted": mark == "deleted",
        "is_expired": mark == "expired",
        "extra_info": {},
        "labels": [],
    }


def _time(_phase: Phase, at: float | None) -> str | None:
    return None if at is None else times.compact(at)
