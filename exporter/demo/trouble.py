"""What goes wrong at BlueKing: answers for special task ids, for whole systems, and now and then.

The table `TROUBLE` below is the documentation: an id of it asked for in any of the four systems gets that answer,
alone or in a bulk call. Its words can also be given to any other task, or to a whole system, while the simulator runs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from exporter.demo import bkflow, gsekit, nodeman, sops
from exporter.demo.cast import LATE_STATE, MOODY, SLOW
from exporter.demo.envelopes import esb_error, gateway_error
from exporter.demo.site import Call, Reply, Site

Make = Callable[[Site, Call], Reply | None]
HTML = "text/html; charset=utf-8"
LOGIN_PAGE_BYTES = 1 << 20
MOOD_PERIOD, MOOD_SECONDS = 600, 60


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way of going wrong. `make` returns the answer; one without value says: the usual answer, but after `wait`."""

    word: str
    says: str
    make: Make | None = None


def not_granted(_site: Site, call: Call) -> Reply:
    """The app may not call the API."""
    if call.route == "esb":
        return esb_error(1306403, f"APP has no permission to access the component [bk_app_code={call.caller.app}]")
    return gateway_error(403, 1640301, "App has no permission to the resource [reason=the grant has expired]")


def forbidden(site: Site, call: Call) -> Reply | None:
    """The system itself says that this user or app may not see the task."""
    by_system: dict[str, Make] = {"sops": sops.forbidden, "nodeman": nodeman.forbidden, "gsekit": gsekit.forbidden}
    return bkflow.forbidden(call) if call.system == "bkflow" else by_system[call.system](site, call)


def forbidden_old(site: Site, call: Call) -> Reply | None:
    """The same as bk-sops up to 3.30 says it; the ESB hides the body, as it does every one that is not 200."""
    if call.system != "sops":
        return forbidden(site, call)
    reply = sops.forbidden(site, call, 9900403)
    return reply if reply.status == 200 else backend_failed(site, call)


def backend_failed(_site: Site, call: Call, status: int = 502) -> Reply:
    """The ESB's word for a backend that answers anything but 200 and JSON."""
    return esb_error(
        1306201, f"Component request third-party system [{call.system.upper()}] error: Status Code: {status}"
    )


def throttled(site: Site, call: Call) -> Reply:
    """Too many requests; the gateway says when the window ends."""
    if call.route == "esb":
        return esb_error(1306429, "The access frequency of APP has exceeded the limit")
    headers = {
        "X-Bkapi-RateLimit-Limit": "10",
        "X-Bkapi-RateLimit-Remaining": "0",
        "X-Bkapi-RateLimit-Plugin": "bk-resource-rate-limit",
    }
    headers["X-Bkapi-RateLimit-Reset"] = str(site.options.reset)
    return gateway_error(429, 1642903, "Request rate limit exceeded", headers)


def throttled_in_200(site: Site, call: Call) -> Reply:
    """The same where a plugin rewrites every status to 200."""
    return replace(throttled(site, replace(call, route="apigw")), status=200)


def moody(site: Site, call: Call) -> Reply | None:
    """Throttled in one minute of ten."""
    return (
        throttled(site, call)
        if (site.world.now() - site.world.epoch) % MOOD_PERIOD > MOOD_PERIOD - MOOD_SECONDS
        else None
    )


def login_page(_site: Site, _call: Call) -> Reply:
    """A login page of 1 MB with status 200."""
    head = '<!DOCTYPE html><html><head><title>蓝鲸登录</title></head><body><form action="/login/">'.encode()
    tail = b"</form></body></html>"
    return Reply(raw=head.ljust(LOGIN_PAGE_BYTES - len(tail)) + tail, media=HTML)


def redirect(_site: Site, call: Call) -> Reply:
    """To the login page, elsewhere."""
    headers = {"location": f"http://login.example.com/?c_url=/{call.operation}/"}
    return Reply(raw=b"", status=302, media=HTML, headers=headers)


def error_page(_site: Site, _call: Call) -> Reply:
    """A proxy's own page."""
    return Reply(
        raw=b"<html><head><title>500 Internal Server Error</title></head><body>nginx</body></html>",
        status=500,
        media=HTML,
    )


def garbage(_site: Site, _call: Call) -> Reply:
    """What calls itself JSON and is cut off in the middle of a word."""
    return Reply(raw=b'{"result": true, "data": {"state": "RUN\xff\xfe')


def hang(_site: Site, _call: Call) -> Reply:
    """No answer, ever."""
    return Reply(wait=math.inf)


def slow(site: Site, _call: Call) -> Reply:
    """The usual answer, late."""
    return Reply(wait=site.options.slow)


def engine(site: Site, call: Call) -> Reply:
    """The engine behind the interface failed."""
    if call.system == "bkflow":
        trace = 'Traceback (most recent call last):\n  File "engine.py", line 1, in run\nValueError: secret-in-a-trace'
        body = {
            "result": False,
            "data": None,
            "message": "get task states failed",
            "exc": "ValueError()",
            "exc_trace": trace,
        }
        return Reply(body | {"trace_id": site.stamp()})
    if call.system == "sops":
        return sops.failure(3599999, "未知错误: node does not exist", {})
    return nodeman.failure(3800500, "系统错误") if call.system == "nodeman" else gsekit.failure("4100000", "系统错误")


def timeout_in_200(_site: Site, _call: Call) -> Reply:
    """The gateway's 504, rewritten to 200."""
    return replace(gateway_error(504, 1650401, "Request backend timeout"), status=200)


def timeout(site: Site, call: Call) -> Reply:
    """The backend took too long."""
    return (
        backend_failed(site, call, 504)
        if call.route == "esb"
        else gateway_error(504, 1650401, "Request backend timeout")
    )


def dead(site: Site, call: Call) -> Reply:
    """Nothing listens at the backend's address."""
    return backend_failed(site, call) if call.route == "esb" else gateway_error(502, 1650200, "Bad gateway")


def crashed(site: Site, call: Call) -> Reply:
    """An exception that nobody caught."""
    if call.route == "esb":
        return backend_failed(site, call, 500)
    return Reply({"result": False, "code": "50000", "message": "系统异常,请联系管理员处理", "data": None}, 500)


def object_message(_site: Site, _call: Call) -> Reply:
    """An error whose message is an object."""
    return Reply({"result": False, "code": 3546100, "message": {"task_id": ["该字段有误。"]}, "data": None})


def wrong_credentials(_site: Site, call: Call) -> Reply:
    """The secret is refused."""
    if call.route == "esb":
        return esb_error(1306000, f"APP Secret verification failed [bk_app_code={call.caller.app}]")
    return gateway_error(400, 1640001, "Parameters error [reason=bk_app_secret verification failed]")


def no_resource(_site: Site, call: Call) -> Reply:
    """The path, the method or the stage does not exist."""
    if call.route == "esb":
        return Reply({"result": False, "message": "API not found", "data": None}, 404)
    return gateway_error(404, 1640401, "API not found")


def wrong_shape(_site: Site, _call: Call) -> Reply:
    """A good envelope around what is not a task."""
    return Reply({"result": True, "code": 0, "message": "", "data": ["not", "a", "task"]})


def plain_text(_site: Site, _call: Call) -> Reply:
    """An application that was reached past the gateway."""
    return Reply(raw=b"Forbidden", status=403, media="text/plain; charset=utf-8")


TROUBLE: dict[int, Trouble] = {
    90001: Trouble("unknown", "no such task"),
    90002: Trouble("other-business", "a task of the next business (sops 3, BKFlow space 2), asked for in the first"),
    90003: Trouble("deleted", "deleted by its user: an error alone, listed in bulk (nodeman and gsekit: unknown)"),
    90004: Trouble("expired", "archived: EXPIRED in bk-sops, not found in BKFlow (nodeman and gsekit: unknown)"),
    90005: Trouble("not-granted", "1640301 or 1306403: the app may not call the API", not_granted),
    90006: Trouble("forbidden", "the system's own permission error", forbidden),
    90007: Trouble("forbidden-old", "9900403 with `permission`, as bk-sops up to 3.30", forbidden_old),
    90008: Trouble("throttled", "429 with X-Bkapi-RateLimit-Reset; 1306429 through the ESB", throttled),
    90009: Trouble("throttled-200", "the gateway's throttling inside HTTP 200, with the same header", throttled_in_200),
    90010: Trouble("login-page", "HTTP 200 and 1 MB of HTML", login_page),
    90011: Trouble("redirect", "302 to a login page on another host", redirect),
    90012: Trouble("error-page", "HTTP 500 and HTML", error_page),
    90013: Trouble("garbage", "JSON cut off, and not UTF-8", garbage),
    90014: Trouble("hangs", "never answers", hang),
    SLOW: Trouble("slow", "a healthy task whose answer takes `Options.slow` seconds", slow),
    90016: Trouble(
        "engine", "the engine failed: `exc_trace` in BKFlow (and a null state in bulk), data {} in bk-sops", engine
    ),
    90017: Trouble("timeout-200", "the gateway's 504 inside HTTP 200", timeout_in_200),
    90018: Trouble("timeout", "1650401 with HTTP 504; 1306201 through the ESB", timeout),
    90019: Trouble("crashed", 'HTTP 500, code "50000"; 1306201 through the ESB', crashed),
    90020: Trouble("object-message", "an error whose `message` is an object", object_message),
    90021: Trouble("wrong-credentials", "1640001 with HTTP 400; 1306000 through the ESB", wrong_credentials),
    90022: Trouble("no-resource", "1640401 with HTTP 404; a 404 without code through the ESB", no_resource),
    90023: Trouble("wrong-shape", "result true, and data is a list of words", wrong_shape),
    90024: Trouble("plain-text", "HTTP 403 and plain text", plain_text),
    LATE_STATE: Trouble("new-state", "a healthy task in a state that no document knows (bk-sops and BKFlow)"),
    90026: Trouble("dead", "1650200 with HTTP 502; 1306201 through the ESB", dead),
    MOODY: Trouble("moody", "a healthy task, throttled in the last minute of every ten", moody),
}
SPECIALS = {number: trouble.word for number, trouble in TROUBLE.items() if trouble.make}
MAKERS: dict[str, Make] = {trouble.word: trouble.make for trouble in TROUBLE.values() if trouble.make}
# What an answer that is simply broken may be.
BROKEN = ("garbage", "error-page", "login-page", "timeout", "redirect")


def by_chance(site: Site) -> str:
    """The trouble that the next answer runs into by the shares of the options, or nothing."""
    options, drawn = site.options, site.random.random()
    for share, word in ((options.late, "slow"), (options.broken, ""), (options.throttled, "throttled")):
        if drawn < share:
            return word or site.random.choice(BROKEN)
        drawn -= share
    return ""
