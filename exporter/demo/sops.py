"""bk-sops: the status of one task, of many, and the list."""

from typing import Any

from msgspec import Raw

from exporter.demo import times
from exporter.demo.cast import Task
from exporter.demo.site import Call, Rejected, Reply, Site
from exporter.demo.tree import Node, Plan
from exporter.demo.trees import ModernNode, OldNode, View, fields_of, modern, old
from exporter.demo.world import BUSINESSES, PROJECTS

PIPELINE = "<class 'pipeline.core.pipeline.Pipeline'>"
BATCH_LIMIT = 50
# Keys that the envelope of a single answer did not have yet.
LACKING = {"3.5": ("code", "message"), "oldest": ("code", "message", "trace_id")}
TODAY = ("3.34", "3.30")
EXTRAS = ("with_ex_data", "with_failed_node_info", "with_auto_retry_status")
Tree = ModernNode | OldNode


def failure(code: int | str, message: Any, data: Any = None, status: int = 200) -> Reply:
    """An answer that says no. `message` may be an object."""
    return Reply({"result": False, "message": message, "data": data, "code": code}, status)


def get_task_status(site: Site, call: Call) -> Reply:
    """GET get_task_status: the tree of one task, or of one of its subprocesses."""
    space = space_of(site, call)
    text = call.text("task_id")
    if not text.isdecimal():
        if call.route == "esb":
            raise Rejected(Reply(raw=b"", status=500, media="text/html; charset=utf-8"))
        # The route takes digits only, and what fits no route goes to the home page.
        raise Rejected(Reply(raw=b"", status=302, media="text/html; charset=utf-8", headers={"location": "/"}))
    task = _task(site, space, int(text))
    status = _stamped(site, task, call, children=True) or _status(site, task, call)
    envelope = {"result": True, "data": status, "code": 0, "message": "", "trace_id": site.stamp()}
    for key in LACKING.get(site.options.sops_release, ()):
        del envelope[key]
    return Reply(envelope, headers={"Sops-Trace-Id": site.stamp()})


def space_of(site: Site, call: Call) -> int:
    """The business's index in the world. It is a CMDB business unless `scope` says project."""
    text = call.text("bk_biz_id")
    known = PROJECTS if call.text("scope", "cmdb_biz") == "project" else BUSINESSES
    if not text.isdecimal() or int(text) not in known:
        raise Rejected(failure(3540400, f"数据不存在错误: project({text}) does not exist."))
    index = known.index(int(text))
    if index == len(known) - 1:
        raise Rejected(forbidden(site, call))
    return index


def forbidden(site: Site, call: Call, code: int = 0) -> Reply:
    """The user may not see it: one answer since 3.31, another up to 3.30 (`code` asks for one of them)."""
    code = code or (3599999 if site.options.sops_release == "3.34" else 9900403)
    if code == 3599999:
        return failure(3599999, f"user {call.caller.user} has no permission [task_view]")
    body = {"result": False, "code": 9900403, "message": "您没有权限", "data": None, "permission": _permission(call)}
    return Reply(body, 200 if call.route == "apigw" else 499)


def _permission(call: Call) -> dict[str, Any]:
    resource = [[{"type": "task", "id": call.text("task_id"), "name": ""}]]
    action = {"id": "task_view", "name": "任务查看", "related_resource_types": [{"instances": resource}]}
    return {"system_id": "bk_sops", "system_name": "标准运维", "actions": [action]}


def _task(site: Site, space: int, number: int) -> Task:
    task = site.world.task("sops", number)
    if task is None:
        what = f"错误内容 TaskFlowInstance(id={number}) does not exist. | process_exception"
        raise Rejected(failure(3540400, f"数据不存在错误: 数据不存在错误, {what}"))
    if task.space != space or site.world.mark(task) == "deleted":
        raise Rejected(failure(3599999, f"未知错误: TaskFlowInstance matching query does not exist: {number}", {}))
    return task


def _status(site: Site, task: Task, call: Call) -> Tree | dict[str, Any]:
    plan, now = site.world.plan(task), site.cached_now()
    if site.world.mark(task) == "expired":
        shape: Tree | dict[str, Any] = {"state": "EXPIRED", "name": task.name}
    elif (node := _asked_node(plan, call.text("subprocess_id"), now)) is None or _is_created(site, task, plan):
        site.created["name"] = task.name
        shape = site.created
    else:
        # An answer of before the task existed was not cached.
        now = now if plan.state(now).start is not None else site.world.now()
        shape = _tree(site, task, plan, node, now)
    if isinstance(shape, dict):
        if call.flag("with_failed_node_info"):
            raise Rejected(failure(3599999, "未知错误: 'id'"))
        return shape
    return _with_extras(shape, task, plan, call)


def _stamped(site: Site, task: Task, call: Call, *, children: bool) -> Raw | None:
    """The short way to what `_status` gives, for tasks that are all alike; None where it does not lead."""
    plain = site.options.sops_release in TODAY and not site.options.mixed_zones
    if not plain or any(call.flag(name) for name in ("subprocess_id", *EXTRAS)):
        return None
    text = site.world.stamp(task, site.cached_now(), children=children)
    return Raw(text) if text else None


def _asked_node(plan: Plan, wanted: str, now: float) -> Node | None:
    if not wanted:
        return plan.root
    found = (node for node in plan.nodes() if node.key == wanted and plan.phase(node, now) is not None)
    return next(found, None)


def _is_created(site: Site, task: Task, plan: Plan) -> bool:
    phase = plan.state(site.world.now())
    return phase.start is None or (phase.state == "FINISHED" and site.world.mark(task) == "cleaned")


def _tree(site: Site, task: Task, plan: Plan, node: Node, now: float) -> Tree:
    release = site.options.sops_release
    utc = site.options.mixed_zones and site.random.random() < 0.5
    view = View(
        None if release in TODAY else "",
        early=release in ("3.5", "oldest"),
        oldest=release == "oldest",
        spell=times.spaced_utc if utc else times.spaced,
    )
    tree: Tree = old(plan, node, now, view) if task.story.engine == "v1" else modern(plan, node, now, view)
    if node is plan.root:
        tree.name = PIPELINE if release in ("3.5", "oldest") else task.name
    return tree


def _with_extras(tree: Tree, task: Task, plan: Plan, call: Call) -> Tree:
    """The parts that are there only on request. v1 keeps failure texts to itself unless a subprocess is asked for."""
    if not any(call.flag(name) for name in EXTRAS):
        return tree
    failed = list(_failed_leaves(tree))
    known = {node.key: node for node in plan.root.walk()}
    tells = task.story.engine == "v2" or bool(call.text("subprocess_id"))
    if call.flag("with_ex_data") and tree.state == "FAILED" and tells:
        tree.ex_data = {leaf.id: known[leaf.id].failure for leaf in failed}
    if call.flag("with_failed_node_info"):
        tree.failed_node_info = {leaf.id: _retry_info(leaf, known[leaf.id]) for leaf in failed}
    if call.flag("with_auto_retry_status"):
        waiting = [leaf.id for leaf in failed if leaf.retry < known[leaf.id].auto_retries]
        tree.auto_retry_status = {"exist_auto_retry_nodes": bool(waiting), "auto_retry_nodes": waiting}
    return tree


def _failed_leaves(tree: Tree) -> list[Tree]:
    below = [leaf for child in tree.children.values() for leaf in _failed_leaves(child)]
    return [tree] if tree.state == "FAILED" and not tree.children else below


def _retry_info(leaf: Tree, node: Node) -> dict[str, Any]:
    if not node.auto_retries:
        return {}
    return {"node_id": leaf.id, "auto_retry_times": leaf.retry, "max_auto_retry_times": node.auto_retries}


def get_tasks_status(site: Site, call: Call) -> Reply:
    """POST get_tasks_status: up to 50 tasks, newest first; who is not there is not mentioned."""
    space = space_of(site, call)
    wanted = call.params.get("task_id_list")
    if not isinstance(wanted, list) or not wanted or not all(str(number).isdecimal() for number in wanted):
        raise Rejected(failure(3546100, {"task_id_list": ["该字段是必填项，且必须是整数列表。"]}))
    if len(wanted) > BATCH_LIMIT:
        raise Rejected(failure(3546100, {"task_id_list": [f"请确保列表包含的元素不超过 {BATCH_LIMIT} 个。"]}))
    numbers = sorted({int(number) for number in wanted}, reverse=True)
    tasks = [task for number in numbers if (task := site.world.task("sops", number)) and task.space == space]
    items = [_item(site, task, call) for task in tasks]
    return Reply({"result": True, "data": items, "code": 0, "trace_id": site.stamp()})


def _item(site: Site, task: Task, call: Call) -> dict[str, Any]:
    phase, children = site.world.state(task), bool(call.params.get("include_children_status"))
    status: Any = _stamped(site, task, call, children=children)
    if status is None:
        status = _status(site, task, call)
        status = status if children else _without_children(status)
    over = phase.at if phase.state in ("FINISHED", "REVOKED") else None
    return {
        "id": task.id,
        "name": task.name,
        "status": status,
        "flow_type": "common",
        "current_flow": "finished" if over else "execute_task" if phase.start else "select_steps",
        "is_deleted": site.world.mark(task) == "deleted",
        "create_time": times.spaced(task.created),
        "start_time": times.spaced(phase.start) if phase.start else "",
        "finish_time": times.spaced(over) if over else "",
        "url": f"https://bk-sops.example.com/taskflow/execute/{PROJECTS[task.space]}/?instance_id={task.id}",
    }


def _without_children(status: Tree | dict[str, Any]) -> dict[str, Any]:
    if isinstance(status, dict):
        # Popped off the shared dict, and gone from every later answer about a task that has not started.
        status.pop("children", None)
        return status
    return fields_of(status, but="children")
