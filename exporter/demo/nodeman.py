"""nodeman's legacy API: `get_task_info`, which never says how the job itself is."""

from collections import Counter
from typing import Any

from exporter.demo import job_state, times
from exporter.demo.jobs import Job
from exporter.demo.site import Call, Rejected, Reply, Site
from exporter.demo.tree import Node, Phase
from exporter.demo.world import BUSINESSES

TYPES = (
    ("INSTALL_AGENT", "安装AGENT"),
    ("INSTALL_PAGENT", "安装PAGENT"),
    ("UPGRADE_AGENT", "升级AGENT"),
    ("INSTALL_PROXY", "安装PROXY"),
    ("MAIN_INSTALL_PLUGIN", "安装插件"),
)
ERRORS = (
    ("START_JOB_FAILED", "启动任务失败"),
    ("SSH_LOGIN_FAILED", "SSH 登录失败"),
    ("CONNECT_TIMEOUT", "连接超时"),
)
SYSTEMS_OF_HOSTS = ("LINUX", "LINUX", "LINUX", "WINDOWS", "AIX")


def failure(code: int | str, message: str, data: Any = None, status: int = 200) -> Reply:
    """An answer that says no; the code stands in the message, in full-width brackets."""
    return Reply(
        {"result": False, "code": code, "message": f"{message}（{code}）", "data": data, "errors": None}, status
    )


def forbidden(_site: Site, call: Call) -> Reply:
    """The user may not look at the job's businesses."""
    data = {"permission": {"system_id": "bk_nodeman", "actions": [{"id": "task_history_view"}]}, "apply_url": ""}
    data["apply_url"] = f"https://bk-iam.example.com/apply?user={call.caller.user}"
    return Reply(
        {"result": False, "code": "9900403", "message": "无权限访问", "data": data, "permission": data["permission"]}
    )


def job_of(site: Site, call: Call) -> Job:
    """The job that is asked for; its id is enough, whatever the business."""
    text = call.text("job_id")
    if not text.isdecimal():
        raise Rejected(failure(3800001, "参数校验失败"))
    job = site.world.job("nodeman", int(text))
    if job is None:
        raise Rejected(failure(3801012, "任务不存在"))
    if job.space == len(BUSINESSES) - 1:
        raise Rejected(forbidden(site, call))
    return job


def get_task_info(site: Site, call: Call) -> Reply:
    """GET get_task_info: hosts, and how many of them are where."""
    if site.options.nodeman == "2.x":
        # 2.x has no such route any more: the home page answers.
        raise Rejected(Reply(raw=b"<!DOCTYPE html><title>404</title>", status=404, media="text/html"))
    job = job_of(site, call)
    state = job_state.read(job, site.world.plan(job), site.world.now())
    hosts = [_host(job, node, phase) for node, phase in state.nodes]
    systems = Counter({"WINDOWS": 0, "AIX": 0, "LINUX": 0})
    systems.update(host["host"]["os_type"] for host in hosts)
    kind, described = TYPES[job.kind % len(TYPES)]
    good = state.counts["SUCCESS"] == len(hosts)
    data = {
        "id": job.id,
        "creator": job.creator,
        "bk_biz_id": str(BUSINESSES[job.space]),
        "bk_supplier_account": "",
        "bk_supplier_id": "0",
        "bk_cloud_id": str(job.kind % 3),
        "job_type": kind,
        "hosts": hosts,
        "global_params": None,
        "start_time": times.naive(job.created),
        "end_time": times.naive(state.end) if state.end and good else None,
        "status_count": {
            "running_count": state.counts["RUNNING"],
            "failed_count": state.counts["FAILED"],
            "success_count": state.counts["SUCCESS"],
        },
        "os_count": dict(systems),
        "host_count": len(hosts),
        "job_type_desc": described,
        "op_target": {"config_file": "", "name": ""},
    }
    return Reply({"message": "success", "code": "OK", "data": data, "result": True})


def os_type(job: Job, node: Node) -> str:
    """The operating system of a host."""
    return SYSTEMS_OF_HOSTS[(job.kind + int(node.name)) % len(SYSTEMS_OF_HOSTS)]


def address(job: Job, node: Node) -> str:
    """The inner address of a host."""
    number = int(node.name)
    return f"10.{job.id % 250}.{number // 250}.{number % 250 + 1}"


def _host(job: Job, node: Node, phase: Phase) -> dict[str, Any]:
    kind, _ = TYPES[job.kind % len(TYPES)]
    error, described = ERRORS[int(node.name) % len(ERRORS)] if phase.state == "FAILED" else ("", "")
    return {
        "job_id": str(job.id),
        "status": "QUEUE" if phase.state == "PENDING" else phase.state,
        "err_code": error,
        "step": "任务执行失败(安装)" if error else "安装",
        "err_code_desc": described,
        "host": {
            "id": job.id * 1000 + int(node.name),
            "bk_biz_id": str(BUSINESSES[job.space]),
            "bk_cloud_id": str(job.kind % 3),
            "inner_ip": address(job, node),
            "outer_ip": "",
            "node_type": "PAGENT" if "PAGENT" in kind else "AGENT",
            "os_type": os_type(job, node),
            "has_cygwin": False,
        },
    }
