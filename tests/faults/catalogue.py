"""Every fault that the harness knows: which reason a person should read, and which tasks it may cost."""

from __future__ import annotations

import functools
import gzip
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.faults import acts, tls
from tests.faults.acts import Do, body, framed, misbehaving, raw
from tests.faults.link import Act, Asked
from tests.faults.stage import TASKS, Key

#: The one task whose answers most faults spoil.
VICTIM = ("bkflow", "3")


@dataclass(frozen=True)
class Fault:
    """`lost` are the tasks that it may cost, with one of these reasons.

    `lasts` is true where the page right after it may suffer too, because BlueKing asked for patience. `asked` is how
    often the exporter may ask what the fault answers; None where nobody counts.
    """

    says: str
    do: Do
    reasons: tuple[str, ...] = ()
    lost: frozenset[Key] = frozenset()
    lasts: bool = False
    asked: int | None = None
    system: str = VICTIM[0]


def _one(says: str, reason: str, act: Act, *, reload: bool = False) -> Fault:
    """One task's answers go wrong. A fault that may pass is worth a second request, and no more."""
    hits: Callable[[Asked], bool] = lambda asked: f"/task/{VICTIM[1]}/" in asked.target  # noqa: E731
    asked = 2 if reason in {"connect", "server", ""} else 1
    lost = frozenset({VICTIM} if reason else ())
    do = misbehaving(VICTIM[0], act, hits, reload=reload)
    return Fault(says, do, (reason,) if reason else (), lost, asked=asked)


def _too_many(says: str, act: Act) -> Fault:
    """More comes than one task's answer. A reload lets the exporter trust the connections again."""
    return _one(says, "", act, reload=True)


def _all(says: str, do: Do, *reasons: str, system: str = "bkflow") -> Fault:
    """All tasks of a system."""
    return Fault(says, do, reasons, frozenset((system, task) for task in TASKS[system]), system=system)


def _none(says: str, do: Do) -> Fault:
    """No task at all."""
    return Fault(says, do)


def _bulk(act: Act) -> Do:
    hits: Callable[[Asked], bool] = lambda asked: "/get_tasks_status/" in asked.target  # noqa: E731
    return misbehaving("sops", act, hits, reload=True)


def _list(act: Act) -> Do:
    return misbehaving("sops", act, lambda asked: "/get_task_list/" in asked.target)


CONNECTION = (
    _all("nothing listens", acts.refused, "connect"),
    _all("every new connection is reset", acts.greeting(acts.reset), "connect"),
    _all("connections are accepted, and nothing comes", acts.greeting(acts.hang), "timeout"),
    _none("idle connections were closed in good order", acts.idle_closed),
    _none("idle connections were reset", acts.idle_reset),
    _all("answered 503 and closed before anything was asked", acts.greeting(acts.early), "server", "connect"),
    _all("the host's name does not exist", acts.reached_at("http://nowhere.invalid"), "connect"),
    _all("the name server does not answer", acts.reached_at("http://hangs.invalid"), "timeout"),
)

WIRE = (
    _one("closed without an answer", "connect", raw(b"", then="close")),
    _one("reset without an answer", "connect", raw(b"", then="reset")),
    _one("reset once, then answered", "", acts.at_first(raw(b"", then="reset"))),
    _one("hangs before the answer", "timeout", raw(b"", then="hang")),
    _one("hangs in the middle of the headers", "timeout", framed(lambda a: a.head()[:40], then="hang")),
    _one("hangs in the middle of the body", "timeout", framed(lambda a: a.whole()[:-20], then="hang")),
    _one("a byte in a tenth of a second", "timeout", acts.drip),
    _one("headers at once, then a byte in a tenth of a second", "timeout", acts.drip_body),
    _one("cut off in the middle of the headers", "connect", framed(lambda a: a.head()[:40], then="close")),
    _one("cut off in the middle of the body", "connect", framed(lambda a: a.whole()[:-20], then="close")),
    _one("reset in the middle of the body", "connect", framed(lambda a: a.whole()[:-20], then="reset")),
    _one("Content-Length too short", "malformed", framed(lambda a: a.head(length=len(a.body) - 20) + a.body)),
    _one("Content-Length too long", "timeout", framed(lambda a: a.head(length=len(a.body) + 20) + a.body)),
    _one(
        "Content-Length too long, then closed",
        "connect",
        framed(lambda a: a.head(length=len(a.body) + 20) + a.body, then="close"),
    ),
    _one(
        "Content-Length is no number", "malformed", framed(lambda a: a.head("Content-Length: many", length=-1) + a.body)
    ),
    _one("two different Content-Lengths", "malformed", framed(lambda a: a.head("Content-Length: 3") + a.body)),
    _one("neither a length nor an end", "timeout", framed(lambda a: a.head(length=-1) + a.body)),
    _one("no length, ended by closing", "", framed(lambda a: a.head(length=-1) + a.body, then="close")),
    _one(
        "chunked, cut off", "connect", framed(lambda a: acts.chunked(a, b"5\r\n" + a.body[:5] + b"\r\n"), then="close")
    ),
    _one("chunked, with a size that is no number", "malformed", framed(lambda a: acts.chunked(a, b"zz\r\n" + a.body))),
    _too_many("more after the answer than it said", framed(lambda a: a.whole() + b"HTTP/1.1 500 Nobody Asked\r\n\r\n")),
    _too_many("the answer twice at once", framed(lambda a: a.whole() * 2)),
    _too_many("the answer once more, a moment later", acts.and_then(lambda a: a.whole())),
    _too_many("half of the answer once more, a moment later", acts.and_then(lambda a: a.whole()[:-20])),
    _none(
        "each answer once more, a moment later", misbehaving("nodeman", acts.and_then(lambda a: a.whole()), reload=True)
    ),
    _one("no HTTP at all", "malformed", raw(b"SSH-2.0-OpenSSH_9.2\r\n", then="close")),
    _one("a header of a megabyte", "malformed", framed(lambda a: a.head("X-Big: " + "x" * (1 << 20)) + a.body)),
    _one("100 Continue without end", "malformed", acts.endlessly(lambda _: b"HTTP/1.1 100 Continue\r\n\r\n")),
    _one(
        "headers without end",
        "malformed",
        acts.endlessly(lambda _: b"X-More: of them\r\n", after=lambda a: a.head()[:-2]),
    ),
    _one(
        "trailers without end",
        "malformed",
        acts.endlessly(
            lambda _: b"X-More: of them\r\n",
            after=lambda a: acts.chunked(a, b"%x\r\n%b\r\n0\r\n" % (len(a.body), a.body)),
        ),
    ),
    _one(
        "a chunk extension without end",
        "timeout",
        acts.endlessly(lambda _: b"x", after=lambda a: acts.chunked(a, b"5;")),
    ),
    _one(
        "chunks of one byte without end",
        "timeout",
        acts.endlessly(lambda _: b"1\r\n \r\n", after=lambda a: acts.chunked(a, b"")),
    ),
    _one(
        "chunks of one byte",
        "",
        framed(lambda a: acts.chunked(a, b"".join(b"1\r\n%c\r\n" % each for each in a.body) + b"0\r\n\r\n")),
    ),
    _one(
        "chunked, with a Content-Length as well",
        "malformed",
        framed(lambda a: a.head("Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(a.body), a.body)),
    ),
    _one("a header line without a colon", "malformed", framed(lambda a: a.head("no colon here") + a.body)),
)

_GZIP = "Content-Encoding: gzip"
#: What takes long to make is made before anybody waits for it.
PREPARED = tuple(functools.cache(make) for make in (acts.bomb, acts.deep, acts.wide, acts.many, acts.large))
_bomb, _deep, _wide, _many, _large = PREPARED


def _gbk(plain: bytes) -> bytes:
    return json.dumps(json.loads(plain) | {"message": "节点管理"}, ensure_ascii=False).encode("gbk")


ANSWER = (
    _one("gzip, whole", "", body(gzip.compress, _GZIP)),
    _one("gzip that is none", "malformed", body(lambda plain: plain, _GZIP)),
    _one("gzip, damaged", "malformed", body(lambda plain: gzip.compress(plain)[:40] + b"\xff" * 60, _GZIP)),
    _one("gzip, cut off", "malformed", body(lambda plain: gzip.compress(plain)[:-30], _GZIP)),
    _one("gzip within gzip", "malformed", body(lambda plain: gzip.compress(gzip.compress(plain)), _GZIP)),
    _one("a gzip bomb of 1 GiB", "malformed", body(lambda _: _bomb(), _GZIP)),
    _one("plain, with a Content-Encoding of UTF-8", "", body(lambda plain: plain, "Content-Encoding: UTF-8")),
    _one("an encoding that was not asked for", "malformed", body(lambda _: b"\x1b\x03", "Content-Encoding: br")),
    _one("a body of 70 MiB", "malformed", body(lambda _: _large())),
    _one("GBK that says it is UTF-8", "", body(_gbk, "Content-Type: application/json; charset=utf-8")),
    _one("UTF-8 with a byte order mark", "", body(lambda plain: b"\xef\xbb\xbf" + plain)),
    _one("UTF-16", "malformed", body(lambda plain: plain.decode().encode("utf-16"))),
    _one("JSON 100,000 levels deep", "malformed", body(lambda _: _deep())),
    _one("100,000 nodes", "", body(lambda _: _many())),
    _one("a million nodes", "malformed", body(lambda _: _wide())),
    _one(
        "100 and 103 before the answer",
        "",
        framed(lambda a: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + a.whole()),
    ),
    _one("101, a switch to another protocol", "malformed", acts.bare(101, "Upgrade: websocket", "Connection: Upgrade")),
    _one("204", "malformed", acts.bare(204)),
    _one("304", "malformed", acts.bare(304)),
    _one("204 with a body", "malformed", framed(lambda a: a.head(status=204) + a.body)),
    _one("304 with a body", "malformed", framed(lambda a: a.head(status=304) + a.body)),
    _one("302 to another host", "auth", acts.elsewhere(302)),
    _one("307 to another host", "auth", acts.elsewhere(307)),
    _one("200 with an empty body", "malformed", body(lambda _: b"")),
    _one("200 with a login page", "auth", body(lambda _: b"<!DOCTYPE html><html>login</html>")),
    _one("500 with a web page", "server", body(lambda _: b"<html>nginx</html>", status=500)),
)

TLS = (
    _all("an authority that is not trusted", tls.served_with(tls.of_a_stranger), "tls", system="gsekit"),
    _all("a certificate for another host", tls.served_with(tls.for_another_host), "tls", system="gsekit"),
    _all("an expired certificate", tls.served_with(tls.expired), "tls", system="gsekit"),
    _all("TLS 1.1 and nothing newer", tls.refused_with(tls.outdated), "tls", system="gsekit"),
    _all(
        "a client certificate is demanded, TLS 1.2",
        tls.refused_with(tls.wanting_a_certificate(ssl.TLSVersion.TLSv1_2)),
        "tls",
        system="gsekit",
    ),
    _all(
        "a client certificate is demanded, TLS 1.3",
        tls.refused_with(tls.wanting_a_certificate(ssl.TLSVersion.TLSv1_3)),
        *("connect", "tls"),  # the server says it after the handshake, and our request may come in between
        system="gsekit",
    ),
    _all("an alert in place of an answer", misbehaving("gsekit", acts.alert), "tls", "connect", system="gsekit"),
    _none("idle connections ended with an alert", acts.idle_alerted),
    _all("no TLS behind an https URL", tls.served_with(lambda _: None), "tls", system="gsekit"),
    _all("TLS behind an http URL", tls.served_with(lambda stage: stage.server_context(), "bkflow"), "connect"),
)

_LIMIT = json.dumps({"result": False, "code": 1642903, "data": None, "message": "rate limit exceeded"}).encode()
_RESET = "X-Bkapi-RateLimit-Reset: 1"


def _throttled(status: int) -> Fault:
    act = body(lambda _: _LIMIT, _RESET, status=status)
    says = f"throttled with a reset time, HTTP {status}"
    return replace(_all(says, misbehaving("bkflow", act), "throttled"), lasts=True)


THROTTLING = (
    _one("429 without a reset time", "throttled", body(lambda _: _LIMIT, status=429)),
    _one("throttled inside HTTP 200, without a reset time", "throttled", body(lambda _: _LIMIT)),
    _throttled(429),
    _throttled(200),
)

BULK = (
    _all("bulk calls are reset", _bulk(raw(b"", then="reset")), "connect", system="sops"),
    _none("a bulk answer is cut off", _bulk(framed(lambda a: a.whole()[:-20], then="close"))),
    _none("a bulk answer is garbage", _bulk(body(lambda _: b"garbage"))),
    _none("bulk calls answer 500", _bulk(body(lambda _: b"<html>nginx</html>", status=500))),
    _none("bulk calls answer 404", _bulk(body(lambda _: b'{"code": 1640401, "result": false}', status=404))),
    _none("a bulk call hangs beyond the page's deadline", _bulk(raw(b"", then="hang"))),
    _none("a list of tasks hangs", _list(raw(b"", then="hang"))),
    _none("a list of tasks is cut off", _list(framed(lambda a: a.whole()[:-20], then="close"))),
    _none("a list of tasks is a million rows", _list(body(lambda _: _wide()))),
)

FLAPPING = (
    _none("every third request is reset", misbehaving("nodeman", acts.every(3, raw(b"", then="reset")))),
    _none("every third answer is a 502", misbehaving("nodeman", acts.every(3, body(lambda _: b"", status=502)))),
    _none("our clock steps a day ahead", acts.clock_stepped(86400)),
    _none("our clock steps a day back", acts.clock_stepped(-86400)),
)

FAULTS: Mapping[str, Sequence[Fault]] = {
    "Connections": CONNECTION,
    "One task's answer, on the wire": WIRE,
    "One task's answer, as it was read": ANSWER,
    "TLS": TLS,
    "Throttling": THROTTLING,
    "Bulk calls and lists": BULK,
    "Flapping, and clocks": FLAPPING,
}
