"""gsekit: the status of one job, and the list of jobs."""

from typing import Any

from exporter.demo import job_state, times
from exporter.demo.job_state import JobState
from exporter.demo.jobs import Job
from exporter.demo.nodeman import address
from exporter.demo.site import Call, Rejected, Reply, Site
from exporter.demo.tree import Node, Phase
from exporter.demo.world import BUSINESSES

PAGE_LIMIT = 1000
KINDS = (
    ("process", "start"),
    ("configfile", "release"),
    ("process", "restart"),
    ("configfile", "generate"),
    ("process", "stop"),
)
CODES = {"succeeded": 0, "pending": 1, "running": 2, "failed": 3, "ignored": 4}
STATES = ("pending", "running", "succeeded", "failed", "ignored")
# The pipeline is made a moment after the job.
PREPARING_SECONDS = 2.0


def failure(code: int | str, message: str, data: Any = None) -> Reply:
    """An answer that says no, sometimes with code 0."""
    return Reply({"code": code, "message": message, "data": data, "result": False})


def forbidden(_site: Site, call: Call) -> Reply:
    """The user may not look at the business."""
    data = {"permission": {"system_id": "bk_gsekit", "actions": [{"id": "view_business"}]}}
    return failure(
        "9900403", f"用户 {call.caller.user} 无权限访问业务", data | {"apply_url": "https://bk-iam.example.com/apply"}
    )


def _space(site: Site, call: Call) -> int:
    text = call.text("bk_biz_id")
    if not text.isdecimal():
        raise Rejected(failure("4100001", "参数校验失败: bk_biz_id"))
    index = BUSINESSES.index(int(text)) if int(text) in BUSINESSES else -1
    if index in (-1, len(BUSINESSES) - 1):
        raise Rejected(forbidden(site, call))
    return index


def job_status(site: Site, call: Call) -> Reply:
    """POST job_status: the job, its counts, and those of its tasks that are asked for by id."""
    space, text = _space(site, call), call.text("job_id")
    job = site.world.job("gsekit", int(text)) if text.isdecimal() else None
    if job is None or job.space != space:
        raise Rejected(failure("4102005", "作业不存在"))
    asked = call.params.get("job_task_id_list") or []
    if not isinstance(asked, list):
        raise Rejected(failure("4100001", "参数校验失败: job_task_id_list"))
    state, wanted = job_state.read(job, site.world.plan(job), site.world.now()), {str(number) for number in asked}
    tasks = [_task(job, node, phase) for node, phase in state.nodes if str(_task_id(job, node)) in wanted]
    data = {
        "job_info": _info(site, job, state, times.utc_text),
        "job_tasks": tasks,
        "count": len(state.nodes),
        "status_counter": {word: state.counts[word] for word in STATES},
    }
    return Reply({"result": True, "data": data, "code": 0, "message": ""})


def status(site: Site, job: Job, state: JobState) -> str:
    """The job's status: pending also the whole time that a retried job runs again."""
    if job.script.mark == "refused":
        return "failed"
    young = site.world.now() - job.created < PREPARING_SECONDS * job.pace
    if state.retried or not state.nodes or young:
        return "pending"
    if state.active:
        return "running"
    return "failed" if state.counts["failed"] else "succeeded"


def _info(site: Site, job: Job, state: JobState, spell: Any) -> dict[str, Any]:
    kind, action = KINDS[job.kind % len(KINDS)]
    refused = job.script.mark == "refused"
    first_run = state.active and not state.retried
    end = None if first_run or not state.nodes else state.end
    return {
        "id": job.id,
        "bk_biz_id": BUSINESSES[job.space],
        "expression": "*.*.*.*.*",
        "scope": {
            "bk_set_env": "3",
            "bk_set_ids": [],
            "bk_module_ids": [],
            "bk_process_ids": [],
            "bk_service_ids": [],
            "bk_process_names": [],
        },
        "expression_scope": {},
        "job_object": kind,
        "job_action": action,
        "status": status(site, job, state),
        "created_by": job.creator,
        "is_ready": not refused,
        "start_time": spell(job.created),
        "end_time": spell(end) if end else None,
        "pipeline_id": "" if refused else f"n{job.kind:031x}",
        "task_granularity": "BIZ",
        "extra_data": {"failed_reason": "创建任务失败: 没有匹配到进程"} if refused else {},
        "bk_app_code": "bk_gsekit",
    }


def _task_id(job: Job, node: Node) -> int:
    return job.id * 1000 + int(node.name) + 1


def _task(job: Job, node: Node, phase: Phase) -> dict[str, Any]:
    extra: dict[str, Any] = {"process_info": {"host": {"bk_host_innerip": address(job, node)}}}
    if phase.state == "failed":
        extra |= {"failed_reason": "进程启动失败: exit code 1", "retryable": True, "solutions": []}
    return {
        "id": _task_id(job, node),
        "job_id": job.id,
        "bk_process_id": 100 + int(node.name),
        "status": phase.state,
        "err_code": CODES.get(phase.state, -1),
        "start_time": times.utc_text(phase.start) if phase.start else None,
        "end_time": times.utc_text(phase.finish) if phase.finish else None,
        "pipeline_id": f"e{job.kind:031x}",
        "extra_data": extra,
    }


def job_list(site: Site, call: Call) -> Reply:
    """GET the list of jobs, newest id first. Through the ESB under a path that is a guess: its file is not public."""
    space = _space(site, call)
    try:
        page, size = call.number("page", 1), min(call.number("pagesize", 10), PAGE_LIMIT)
        found = [job for number in site.world.ids("gsekit", space) if (job := site.world.job("gsekit", number))]
        rows = [_info(site, job, _read(site, job), times.compact) for job in found if _created_in(job, call)]
    except ValueError:
        raise Rejected(failure("4100001", "参数校验失败")) from None
    rows = [
        row
        for row in rows
        if all(_matches(row, call, key) for key in ("id", "job_object", "job_action", "created_by", "status"))
    ]
    if page < 1 or (page > 1 and (page - 1) * size >= len(rows)):
        # The framework's own error: not true, and yet code 0.
        raise Rejected(failure(0, "无效页面。", {"detail": "无效页面。"}))
    data = {"count": len(rows), "list": rows[(page - 1) * size : page * size]}
    return Reply({"result": True, "data": data, "code": 0, "message": ""})


def _read(site: Site, job: Job) -> JobState:
    return job_state.read(job, site.world.plan(job), site.world.now())


def _created_in(job: Job, call: Call) -> bool:
    since, until = call.text("start_time__gte"), call.text("start_time__lte")
    low = times.parse(since) if since else float("-inf")
    return low <= job.created <= (times.parse(until) if until else float("inf"))


def _matches(row: dict[str, Any], call: Call, key: str) -> bool:
    several = call.text(f"{key}__in")
    return call.text(key) in ("", str(row[key])) and (not several or str(row[key]) in several.split(","))
