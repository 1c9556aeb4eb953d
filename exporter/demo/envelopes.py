"""What gateway and ESB put around an answer, and what they say themselves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exporter.demo.site import Call, Reply, Site

NAMES = {
    1640001: "INVALID_ARGS",
    1640301: "APP_NO_PERMISSION",
    1640401: "API_NOT_FOUND",
    1642903: "RATE_LIMIT_RESTRICTION",
    1650001: "INTERNAL_SERVER_ERROR",
    1650200: "BAD_GATEWAY",
    1650401: "REQUEST_BACKEND_TIMEOUT",
}


def gateway_error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """The gateway's own error: the header with the code tells it from a backend's."""
    body = {"code": code, "code_name": NAMES[code], "message": message, "result": False, "data": None}
    told = {"X-Bkapi-Error-Code": str(code), "X-Bkapi-Error-Message": message}
    return Reply(body, status, headers=told | dict(headers or {}))


def esb_error(code: int, message: str) -> Reply:
    """The ESB's own error: HTTP 200 nearly always."""
    return Reply({"result": False, "code": code, "data": None, "message": message})


def through_gateway(site: Site, reply: Reply) -> Reply:
    """Every answer carries two ids of its request."""
    stamp = site.stamp()
    uuid = "-".join((stamp[:8], stamp[8:12], stamp[12:16], stamp[16:20], stamp[20:]))
    return replace(reply, headers={**reply.headers, "X-Bkapi-Request-ID": uuid, "X-Request-ID": site.stamp()})


def through_esb(site: Site, call: Call, reply: Reply) -> Reply:
    """The backend's answer, completed; hidden where it is not 200 and JSON (gsekit's is let through if it is JSON)."""
    if reply.raw is not None or (reply.status != 200 and call.system != "gsekit"):
        reply = esb_error(
            1306201,
            f"Component request third-party system [{call.system.upper()}] interface [{call.operation}] error: "
            f"Status Code: {reply.status}, Error Message: third-party system interface response status code is not "
            "200, please try again later or contact component developer to handle this",
        )
    return replace(reply, value=completed(reply.value, site.stamp()), headers={})


def completed(body: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The ESB's envelope: it never rewrites a key that is there."""
    good = body.get("result", False)
    return (
        {"result": good, "data": None, "message": "", "code": 0 if good else 1306000}
        | body
        | {"request_id": request_id}
    )
