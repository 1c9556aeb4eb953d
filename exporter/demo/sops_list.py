"""bk-sops: `get_task_list`, newest id first, which shows neither state nor creation time."""

from collections.abc import Callable, Sequence
from typing import Any

from exporter.demo import times
from exporter.demo.filters import Row, Test, created_between, passing, rows, tests_of
from exporter.demo.site import Call, Rejected, Reply, Site
from exporter.demo.sops import failure, space_of
from exporter.demo.world import BUSINESSES, PROJECTS

PAGE_LIMIT = 200


def truth(word: str) -> bool:
    """A flag in a query."""
    return word.lower() in ("true", "1")


FILTERS: dict[str, Callable[[str], Test]] = {
    "keyword": lambda text: lambda row: text.lower() in row.task.name.lower(),
    "is_started": lambda text: lambda row: (row.started is not None) is truth(text),
    "is_finished": lambda text: lambda row: row.is_finished is truth(text),
    "executor": lambda text: lambda row: row.task.creator == text,
    "create_method": lambda text: lambda row: row.task.method == text,
    "template_id": lambda text: lambda row: str(row.task.template) == text,
    "template_ids": lambda text: lambda row: str(row.task.template) in text.split(","),
    "is_child_taskflow": lambda text: lambda row: (row.task.mark == "child") is truth(text),
}


def get_task_list(site: Site, call: Call) -> Reply:
    """GET get_task_list: `data` is a page, and `count` beside it counts all."""
    space = space_of(site, call)
    try:
        offset, limit = call.number("offset", 0), min(call.number("limit", 100), PAGE_LIMIT)
        if offset < 0 or limit < 0:
            raise ValueError("negative")
    except ValueError:
        # Upstream puts an exception object into the body, and falls over when it is written.
        raise Rejected(failure("50000", "系统异常", None, 500)) from None
    found = _found(site, call, space)
    count = -1 if truth(call.text("without_count")) else len(found)
    page = [_item(row, call) for row in rows(site, "sops", found[offset : offset + limit])]
    return Reply({"result": True, "data": page, "count": count, "code": 0, "trace_id": site.stamp()})


def _found(site: Site, call: Call, space: int) -> Sequence[int]:
    try:
        numbers = created_between(site, "sops", space, call.text("create_time_start"), call.text("create_time_end"))
    except ValueError:
        raise Rejected(failure(3546100, {"create_time_start": ["输入一个有效的日期/时间。"]})) from None
    return passing(site, call, numbers, tests_of(call, FILTERS))


def _item(row: Row, call: Call) -> dict[str, Any]:
    task = row.task
    spell, unset = (times.spaced, "") if call.text("expected_timezone") else (times.iso_milliseconds, None)
    return {
        "id": task.id,
        "name": task.name,
        "category": "Default",
        "create_method": task.method,
        "creator": task.creator,
        "executor": task.creator if row.started else "",
        "start_time": spell(row.started) if row.started else unset,
        "finish_time": spell(row.finished) if row.finished else unset,
        "is_started": row.started is not None,
        "is_finished": row.is_finished,
        "template_source": "project",
        "template_id": str(task.template),
        "is_child_taskflow": task.mark == "child",
        "project_id": PROJECTS[task.space],
        "project_name": f"项目 {PROJECTS[task.space]}",
        "bk_biz_id": BUSINESSES[task.space],
        "bk_biz_name": f"业务 {BUSINESSES[task.space]}",
        "auth_actions": ["task_view", "task_operate"],
    }
