"""nodeman 2.x: job details, whose reading also recomputes the job, and the job list, which is a little behind."""

from collections import Counter
from typing import Any

from exporter.demo import job_state, times
from exporter.demo.job_state import JobState
from exporter.demo.jobs import Job
from exporter.demo.nodeman import TYPES, address, failure, forbidden, job_of
from exporter.demo.site import Call, Rejected, Reply, Site
from exporter.demo.tree import Node, Phase
from exporter.demo.world import BUSINESSES

SWEEP_SECONDS = 30
PREPARING_SECONDS = 60
DAY_SECONDS = 86400
COUNTED = ("pending", "running", "success", "failed", "ignored")


def job_details(site: Site, call: Call) -> Reply:
    """POST job details: statistics of the whole job beside one page of its hosts."""
    if site.options.nodeman == "legacy":
        raise Rejected(Reply(raw=b"<!DOCTYPE html><title>404</title>", status=404, media="text/html"))
    job, now = job_of(site, call), site.world.now()
    state = job_state.read(job, site.world.plan(job), now)
    hosts = _filtered(job, state, call)
    excluded = [_excluded(job, index) for index in range(job.script.excluded)]
    kind, described = TYPES[job.kind % len(TYPES)]
    end = None if state.active and not state.retried else state.end
    data = {
        "job_id": job.id,
        "created_by": job.creator,
        "job_type": kind,
        "job_type_display": described,
        "ip_filter_list": [host["ip"] for host in excluded],
        "total": len(hosts),
        "list": [*_page(hosts, call), *excluded],
        "statistics": statistics(job, state),
        "status": status(job, state, now),
        "start_time": times.compact(job.created),
        "end_time": times.compact(end) if end else None,
        "cost_time": cost(job.created, end or now),
        "meta": _meta(kind),
    }
    return Reply({"result": True, "code": 0, "message": "", "data": data})


def cost(start: float, end: float) -> str:
    """Whole seconds as a string that wraps each day."""
    return str(int(end - start) % DAY_SECONDS)


def statistics(job: Job, state: JobState) -> dict[str, int]:
    """Hosts by status; `total_count` is the sum of the five, so that hosts in any other status are in none."""
    counts = {word: state.counts[word.upper()] for word in COUNTED}
    counts["ignored"] += job.script.excluded
    return {"total_count": sum(counts.values())} | {f"{word}_count": counts[word] for word in COUNTED}


def status(job: Job, state: JobState, now: float) -> str:
    """The job's status as the last recomputation left it."""
    if job.script.mark == "refused":
        return "FAILED"
    counts = state.counts
    if counts["RUNNING"]:
        return "RUNNING"
    if counts["PENDING"] or not state.nodes:
        over = job.script.revoked is not None and now >= job.created + job.script.revoked * job.pace
        return "TERMINATED" if over else "RUNNING" if state.retried else "PENDING"
    if not counts["FAILED"]:
        return "SUCCESS"
    return "PART_FAILED" if counts["SUCCESS"] else "FAILED"


def _meta(kind: str) -> dict[str, str]:
    plugin = {"name": "bkmonitorbeat", "category": "官方", "plugin_name": "bkmonitorbeat"} if "PLUGIN" in kind else {}
    return {
        "type": kind,
        "step_type": "PLUGIN" if plugin else "AGENT",
        "op_type": kind.partition("_")[0],
        "op_type_display": "安装",
        "step_type_display": "插件" if plugin else "Agent",
    } | plugin


def _filtered(job: Job, state: JobState, call: Call) -> list[dict[str, Any]]:
    hosts = [_host(job, node, phase) for node, phase in state.nodes]
    for condition in call.params.get("conditions") or ():
        try:
            key, value = condition["key"], list(condition["value"])
        except (KeyError, TypeError):
            raise Rejected(failure(3800001, "参数校验失败")) from None
        if key in ("ip", "instance_id", "status"):
            # A plain string has been taken apart into letters, and matches nothing.
            hosts = [host for host in hosts if host[key] in value]
        elif key == "exclude_instance_ids":
            hosts = [host for host in hosts if host["instance_id"] not in value]
    return hosts


def _page(hosts: list[dict[str, Any]], call: Call) -> list[dict[str, Any]]:
    try:
        size, page = call.number("pagesize", 10), call.number("page", 1)
        start = call.number("start", 0) or (page - 1) * size + 1
    except (TypeError, ValueError):
        raise Rejected(failure(3800001, "参数校验失败")) from None
    return hosts if size == -1 else hosts[start - 1 : start - 1 + size]


def _host(job: Job, node: Node, phase: Phase) -> dict[str, Any]:
    kind, described = TYPES[job.kind % len(TYPES)]
    host = {
        "instance_id": f"host|instance|host|{job.id * 1000 + int(node.name)}",
        "ip": address(job, node),
        "inner_ip": address(job, node),
        "inner_ipv6": "",
        "bk_host_id": job.id * 1000 + int(node.name),
        "bk_cloud_id": job.kind % 3,
        "bk_cloud_name": "直连区域",
        "bk_biz_id": BUSINESSES[job.space],
        "bk_biz_name": f"业务 {BUSINESSES[job.space]}",
        "status": phase.state,
        "start_time": times.compact(phase.start) if phase.start else None,
        "end_time": times.compact(phase.finish) if phase.finish else None,
        "op_type": kind.partition("_")[0],
        "op_type_display": described,
        "node_id": 1,
        "status_display": phase.state.title(),
        "step": "安装",
        "is_manual": False,
        "ap_id": None,
    }
    if phase.start and phase.finish:
        host["cost_time"] = phase.finish - phase.start
    return host


def _excluded(job: Job, index: int) -> dict[str, Any]:
    return {
        "filter_host": True,
        "ip": f"10.255.{job.id % 250}.{index + 1}",
        "inner_ip": f"10.255.{job.id % 250}.{index + 1}",
        "inner_ipv6": "",
        "bk_host_id": None,
        "bk_cloud_id": 0,
        "bk_cloud_name": "直连区域",
        "bk_biz_id": BUSINESSES[job.space],
        "bk_biz_name": f"业务 {BUSINESSES[job.space]}",
        "status": "FAILED",
        "status_display": "该主机正在执行其他任务",
        "step": "",
    }


def job_list(site: Site, call: Call) -> Reply:
    """POST job_list: jobs of the businesses that the user may see, newest first."""
    try:
        page, size = call.number("page", 1), call.number("pagesize", 10)
        found = [job for job in _visible(site, call) if _wanted(site, job, call)]
    except (TypeError, ValueError):
        raise Rejected(failure(3800001, "参数校验失败")) from None
    if page > 1 and (page - 1) * size >= len(found):
        raise Rejected(failure(3800500, "该分页不包含任何结果"))
    shown = found if size == -1 else found[(page - 1) * size : page * size]
    data = {"total": len(found), "list": [_row(site, job) for job in shown]}
    return Reply({"result": True, "code": 0, "message": "", "data": data})


def _visible(site: Site, call: Call) -> list[Job]:
    wanted = {str(number) for number in call.params.get("bk_biz_id") or ()}
    if str(BUSINESSES[-1]) in wanted:
        raise Rejected(forbidden(site, call))
    spaces = [i for i, business in enumerate(BUSINESSES[:-1]) if not wanted or str(business) in wanted]
    numbers = sorted((n for space in spaces for n in site.world.ids("nodeman", space)), reverse=True)
    return [job for number in numbers if (job := site.world.job("nodeman", number))]


def _wanted(site: Site, job: Job, call: Call) -> bool:
    asked = {name: {str(v) for v in call.params.get(name) or ()} for name in ("job_id", "status", "created_by")}
    values = {"job_id": str(job.id), "created_by": job.creator}
    if asked["status"]:
        values["status"] = _swept(site, job)[1]
    since, until = call.text("start_time"), call.text("end_time")
    low = times.parse(since) if since else float("-inf")
    if not low <= job.created <= (times.parse(until) if until else float("inf")):
        return False
    return all(not allowed or values[name] in allowed for name, allowed in asked.items())


def _swept(site: Site, job: Job) -> tuple[JobState, str]:
    """State and status as of the last sweep of all jobs."""
    now = max(job.created, site.world.now() // SWEEP_SECONDS * SWEEP_SECONDS)
    state = job_state.read(job, site.world.plan(job), now)
    return state, status(job, state, now)


def _row(site: Site, job: Job) -> dict[str, Any]:
    state, word = _swept(site, job)
    kind, described = TYPES[job.kind % len(TYPES)]
    counted: Counter[str] = Counter(statistics(job, state))
    fresh = site.world.now() - job.created < PREPARING_SECONDS * job.pace
    end = None if state.active and not state.retried else state.end
    return {
        "id": job.id,
        "created_by": job.creator,
        "job_type": kind,
        "job_type_display": described,
        "status": word,
        "statistics": {} if fresh else dict(counted),
        "start_time": times.compact(job.created),
        "end_time": times.compact(end) if end else None,
        "cost_time": cost(job.created, end or site.world.now()),
        "bk_biz_scope": [BUSINESSES[job.space]],
        "bk_biz_scope_display": [f"业务 {BUSINESSES[job.space]}"],
        "task_id_list": [job.id * 10],
        "from_system": "bk_nodeman",
        "is_auto_trigger": False,
        "policy_name": None,
        **_meta(kind),
    }
