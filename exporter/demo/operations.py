"""What can be asked, under which path of the gateway or the ESB, with which method, and who answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from exporter.demo import bkflow, gsekit, nodeman, nodeman2, sops, sops_list
from exporter.demo.credentials import Need
from exporter.demo.site import Call, Reply, Route, Site

ESB = "/api/c/compapi/v2/"
GATEWAYS = {"bk-sops": "sops", "bkflow": "bkflow", "bk-nodeman": "nodeman"}
STAGES = ("prod", "stage")


@dataclass(frozen=True, slots=True)
class Operation:
    """One API. `gateway` is a path below the stage, `esb` one below `/api/c/compapi/v2/`; {names} are parameters.

    `esb_methods`: the ESB's own, where they are others. `fills`: parameters that the ESB moves into the backend's path,
    and insists on. `list_of`: the parameter that lists the tasks of a bulk call.
    """

    system: str
    name: str
    methods: tuple[str, ...]
    answer: Callable[[Site, Call], Reply]
    gateway: tuple[str, ...] = ()
    esb: tuple[str, ...] = ()
    esb_methods: tuple[str, ...] = ()
    need: Need = "user"
    fills: tuple[str, ...] = ()
    list_of: str = ""


BOTH = ("GET", "POST")
OPERATIONS = (
    Operation(
        "sops",
        "get_task_status",
        ("GET",),
        sops.get_task_status,
        gateway=("get_task_status/{task_id}/{bk_biz_id}/",),
        esb=("sops/get_task_status/",),
        esb_methods=BOTH,
        fills=("bk_biz_id", "task_id"),
    ),
    Operation(
        "sops",
        "get_tasks_status",
        ("POST",),
        sops.get_tasks_status,
        gateway=("get_tasks_status/{bk_biz_id}/",),
        esb=("sops/get_tasks_status/",),
        fills=("bk_biz_id",),
        list_of="task_id_list",
    ),
    Operation(
        "sops",
        "get_task_list",
        ("GET",),
        sops_list.get_task_list,
        gateway=("get_task_list/{bk_biz_id}/",),
        esb=("sops/get_task_list/",),
        fills=("bk_biz_id",),
    ),
    Operation(
        "sops",
        "get_task_status",
        ("GET",),
        sops.get_task_status,
        gateway=("system/get_task_status/{task_id}/{bk_biz_id}/",),
        need="app",
    ),
    Operation(
        "sops",
        "get_tasks_status",
        ("POST",),
        sops.get_tasks_status,
        gateway=("system/get_tasks_status/{bk_biz_id}/",),
        need="app",
        list_of="task_id_list",
    ),
    Operation(
        "bkflow",
        "get_task_states",
        ("GET",),
        bkflow.get_task_states,
        gateway=("space/{space_id}/task/{task_id}/get_task_states/",),
        need="app",
    ),
    Operation(
        "bkflow",
        "get_task_states_by_app",
        ("GET",),
        bkflow.get_task_states_by_app,
        gateway=("task/{task_id}/get_task_states_by_app/",),
    ),
    Operation(
        "bkflow",
        "get_tasks_states",
        ("POST",),
        bkflow.get_tasks_states,
        gateway=("space/{space_id}/get_tasks_states/",),
        need="app",
        list_of="task_ids",
    ),
    Operation(
        "bkflow",
        "get_task_list",
        ("GET",),
        bkflow.get_task_list,
        gateway=("space/{space_id}/get_task_list/",),
        need="app",
    ),
    Operation(
        "bkflow",
        "get_task_detail",
        ("GET",),
        bkflow.get_task_detail,
        gateway=("space/{space_id}/task/{task_id}/get_task_detail/",),
        need="app",
    ),
    Operation(
        "nodeman",
        "get_task_info",
        BOTH,
        nodeman.get_task_info,
        esb=("nodeman/get_task_info/", "nodeman/{bk_biz_id}/tasks/{job_id}/"),
        fills=("bk_biz_id", "job_id"),
    ),
    # The ESB's name for the list is a guess: it stands in no registration file.
    Operation(
        "nodeman",
        "job_list",
        ("POST",),
        nodeman2.job_list,
        gateway=("api/job/job_list/", "system/api/job/job_list/"),
        esb=("nodeman/api/job/job_list/",),
    ),
    Operation(
        "nodeman",
        "job_details",
        ("POST",),
        nodeman2.job_details,
        gateway=("api/job/{job_id}/details/", "system/api/job/{job_id}/details/"),
        esb=("nodeman/api/job/details/",),
        esb_methods=BOTH,
        fills=("job_id",),
    ),
    Operation(
        "gsekit",
        "job_status",
        ("POST",),
        gsekit.job_status,
        esb=("gsekit/api/job/job_status/",),
        fills=("bk_biz_id", "job_id"),
    ),
    # Guesses as well: gsekit's list exists in the application, but its registration with the ESB is not public.
    Operation(
        "gsekit",
        "job_list",
        ("GET",),
        gsekit.job_list,
        esb=("gsekit/api/job/job_list/", "gsekit/api/job/"),
        fills=("bk_biz_id",),
    ),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A request's operation, the route it came by, and what its path says."""

    operation: Operation
    route: Route
    params: dict[str, str]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


_GATEWAY = {
    system: [(_pattern(path), op) for op in OPERATIONS if op.system == system for path in op.gateway]
    for system in GATEWAYS.values()
}
_ESB = [(_pattern(path), op) for op in OPERATIONS for path in op.esb]


def route_of(path: str) -> Route:
    """By which door a request for this path comes."""
    return "esb" if path.startswith(ESB) else "apigw"


def match(method: str, path: str) -> Match | None:
    """What a request asks for; None if there is no such path, method or stage."""
    if path.startswith(ESB):
        return _first(_ESB, method, path.removeprefix(ESB), "esb")
    parts = path.split("/", 4)
    if len(parts) < 5 or parts[1] != "api" or parts[2] not in GATEWAYS or parts[3] not in STAGES:
        return None
    return _first(_GATEWAY[GATEWAYS[parts[2]]], method, parts[4], "apigw")


def _first(table: list[tuple[re.Pattern[str], Operation]], method: str, rest: str, route: Route) -> Match | None:
    for pattern, operation in table:
        found = pattern.fullmatch(rest)
        methods = (operation.esb_methods if route == "esb" else ()) or operation.methods
        if found and method in methods:
            return Match(operation, route, found.groupdict())
    return None
