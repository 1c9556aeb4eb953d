"""What an answer of BlueKing says: its data, or why there is none. Pure: bytes in, bytes or TaskError out.

Success is `result` true and nothing else: HTTP 200 carries most failures, and `code` may be 0, "0", "OK", absent, or
0 beside a failure. Codes are those of blueking-apigateway (bk-core/errorx.lua), its ESB (esb/common/errors.py) and
the applications (gcloud/err_code.py, apps/exceptions.py); messages are localised and never parsed, but for one
English literal of BKFlow that has no code.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from exporter.errors import Reason, TaskError
from exporter.lenient import MAX_CONTAINERS, cleaned, overcrowded

#: Longest time for which a throttling answer is obeyed without asking again; sites have sent nonsense.
MAX_RETRY_AFTER = 300.0

MAX_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, read to its end; headers are looked up by lower case names.

    `hide` takes out of its words what nobody may see, before they are cut: half of it would not be found.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    hide: Callable[[str], str] = str


class _Envelope(msgspec.Struct, gc=False):
    result: Any = None
    code: Any = None
    message: Any = None
    exc: Any = None
    request_id: Any = None
    data: msgspec.Raw = msgspec.Raw()


_decoder = msgspec.json.Decoder(_Envelope)

_GATEWAY: Mapping[int, Reason] = {
    1640001: Reason.AUTH,  # every fault of credentials
    1640004: Reason.AUTH,
    1640100: Reason.AUTH,
    1640101: Reason.AUTH,
    1640102: Reason.AUTH,
    1640301: Reason.FORBIDDEN,
    1640302: Reason.FORBIDDEN,
    1640303: Reason.FORBIDDEN,
    1640304: Reason.FORBIDDEN,
    1640401: Reason.BAD_URL,
    1642901: Reason.THROTTLED,
    1642902: Reason.THROTTLED,
    1642903: Reason.THROTTLED,
    1642904: Reason.THROTTLED,
    1650000: Reason.SERVER,
    1650001: Reason.SERVER,
    1650002: Reason.SERVER,
    1650200: Reason.SERVER,
    1650201: Reason.SERVER,
    1650300: Reason.SERVER,
    1650401: Reason.SERVER,
    1650801: Reason.SERVER,
}

_ESB: Mapping[int, Reason] = {
    1306000: Reason.AUTH,  # the catch-all, but nearly always credentials
    1306401: Reason.AUTH,
    1306402: Reason.FORBIDDEN,
    1306403: Reason.FORBIDDEN,
    1306404: Reason.BAD_URL,
    1306405: Reason.BAD_URL,
    1306408: Reason.AUTH,
    1306429: Reason.THROTTLED,
    1306201: Reason.SERVER,
    1306203: Reason.SERVER,
    1306206: Reason.SERVER,
    1306207: Reason.SERVER,
    1306208: Reason.SERVER,
    1306209: Reason.BAD_URL,
}

_APPLICATIONS: Mapping[int, Reason] = {
    9900403: Reason.FORBIDDEN,  # IAM
    3540100: Reason.FORBIDDEN,  # bk-sops
    3540400: Reason.NOT_FOUND,
    3801012: Reason.NOT_FOUND,  # nodeman
    3800018: Reason.AUTH,  # not by way of the gateway
    3800401: Reason.AUTH,
    3800403: Reason.FORBIDDEN,
    3800404: Reason.BAD_URL,
    3800405: Reason.BAD_URL,
    3800429: Reason.THROTTLED,
    3800500: Reason.SERVER,
    4102005: Reason.NOT_FOUND,  # gsekit
    500: Reason.SERVER,  # BKFlow, uncaught
    50000: Reason.SERVER,  # the framework under all of them, uncaught
}

#: Troubles of a server that asking again does not end: what stands in ESB's and the gateway's own configuration.
_SETTLED = frozenset(
    {
        1306203,  # SSL
        1306206,  # the host is not configured
        1306207,  # blocked
        1306208,  # a format that ESB does not know
        1650801,  # a loop
    }
)
_LOOP = 508

CODES: Mapping[int, Reason] = {**_GATEWAY, **_ESB, **_APPLICATIONS}

_STATUSES: Mapping[int, Reason] = {
    401: Reason.AUTH,
    403: Reason.FORBIDDEN,
    404: Reason.BAD_URL,
    405: Reason.BAD_URL,
    429: Reason.THROTTLED,
    499: Reason.FORBIDDEN,  # bk-sops up to 3.30 where IAM refuses
    501: Reason.BAD_URL,  # a server that does not know the method, and will not tomorrow
}

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: BKFlow's own words, not localised, when its engine service answered with an HTTP error; there is no code.
_ENGINE_STATUS = re.compile(r"Request API error, status_code: (\d{3})")
_ENGINE_DOWN = "Request API error"


def data_of(reply: Reply) -> bytes:
    """The raw JSON of `data` of a good answer; raises TaskError for every other answer."""
    if reply.status in _REDIRECTS:
        raise _error(Reason.AUTH, reply, "answered with a redirect, as an expired login does; it is not followed")
    envelope = _open(reply)
    if envelope is None:
        raise _not_json(reply)
    if envelope.result is True and reply.status < 500:
        return bytes(envelope.data) or b"null"
    raise _refusal(reply, envelope)


def _open(reply: Reply) -> _Envelope | None:
    """The envelope, also of JSON that only a lenient reader takes; None where the body is no JSON object."""
    body = reply.body.removeprefix(codecs.BOM_UTF8)
    if body.lstrip()[:1] != b"{":
        return None
    if overcrowded(body):
        raise _error(
            Reason.MALFORMED, reply, f"answered with more than {MAX_CONTAINERS:,} objects, or values without end"
        )
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise _error(Reason.MALFORMED, reply, "answered with JSON that is nested too deeply") from None
    try:
        return _decoder.decode(cleaned(body))
    except RecursionError:
        raise _error(Reason.MALFORMED, reply, "answered with JSON that is nested too deeply") from None
    except (ValueError, msgspec.MsgspecError):
        return None


def _not_json(reply: Reply) -> TaskError:
    """HTML and plain text: login pages, the web server's own errors, a framework's empty 405."""
    markup = "html" in reply.headers.get("content-type", "") or reply.body.lstrip()[:1] == b"<"
    if reason := CODES.get(_header_code(reply)) or _STATUSES.get(reply.status):
        return _error(reason, reply, f"answered HTTP {reply.status}")
    if reply.status >= 500:
        return _error(Reason.SERVER, reply, f"answered HTTP {reply.status}")
    if reply.status >= 400:
        return _error(Reason.REFUSED, reply, f"answered HTTP {reply.status}")
    if markup:
        return _error(Reason.AUTH, reply, "answered with a web page, as a login page is, in place of JSON")
    return _error(Reason.MALFORMED, reply, f"answered HTTP {reply.status} with what is not a JSON object")


def _refusal(reply: Reply, envelope: _Envelope) -> TaskError:
    code = _code(envelope.code)
    reason = (
        (CODES.get(code) if code else None)
        or (Reason.NOT_FOUND if envelope.code == "not_found" else None)
        or CODES.get(_header_code(reply))
        or _STATUSES.get(reply.status)
        or (Reason.SERVER if reply.status >= 500 else None)
        or _engine_reason(envelope)
        or (Reason.MALFORMED if envelope.result is None and envelope.code is None else Reason.REFUSED)
    )
    return _error(reason, reply, _said(reply, envelope), code=_shown(envelope.code), envelope=envelope)


def _engine_reason(envelope: _Envelope) -> Reason | None:
    """BKFlow's interface speaks for its engine, without a code: what the engine said, or that it did not answer."""
    message = envelope.message if isinstance(envelope.message, str) else ""
    if status := _ENGINE_STATUS.match(message):
        return _STATUSES.get(int(status[1])) or (Reason.SERVER if status[1] >= "500" else None)
    return Reason.SERVER if envelope.exc or message.startswith(_ENGINE_DOWN) else None


def _code(code: object) -> int | None:
    """A code as a number: they come as 3540400, "4102005", "OK"."""
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    return int(code) if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 10 else None


def _header_code(reply: Reply) -> int:
    """The code of an answer that the gateway itself made; 0 where it did not."""
    return _code(reply.headers.get("x-bkapi-error-code")) or 0


def _shown(code: object) -> str:
    return code if isinstance(code, str) else str(code) if isinstance(code, int) and abs(code) < 10**12 else ""


def _said(reply: Reply, envelope: _Envelope) -> str:
    """A message may be an object: Django's errors by field."""
    message = envelope.message
    said = message if isinstance(message, str) else msgspec.json.encode(message).decode() if message else ""
    return said if said.strip() else _unsaid(reply.status, envelope.result)


def _unsaid(status: int, result: object) -> str:
    if result is True:
        return f"answered HTTP {status}, and yet that all is well"
    if result is None:
        return "answered with JSON that has no result, as every answer of BlueKing has"
    return "refused without a message" if result is False else "answered with a result that is neither true nor false"


def one_line(said: str) -> str:
    """A text of somebody else as one short line."""
    line = " ".join(said.split())
    return line[: MAX_MESSAGE - 1] + "…" if len(line) > MAX_MESSAGE else line


def _error(
    reason: Reason, reply: Reply, message: str, *, code: str = "", envelope: _Envelope | None = None
) -> TaskError:
    request_id = envelope.request_id if envelope else None
    codes = {_header_code(reply), _code(envelope.code) if envelope else None}
    return TaskError(
        reason,
        one_line(reply.hide(message)),
        code=reply.hide(code)[:40],
        request_id=reply.hide(
            request_id if isinstance(request_id, str) else reply.headers.get("x-bkapi-request-id", "")
        )[:64],
        retry_after=_retry_after(reply) if reason is Reason.THROTTLED else None,
        explicit=envelope is not None,
        settled=reply.status == _LOOP or not codes.isdisjoint(_SETTLED),
    )


def _retry_after(reply: Reply) -> float | None:
    """Seconds until the limit's window ends, if the gateway said so and it makes sense."""
    try:
        reset = float(reply.headers.get("x-bkapi-ratelimit-reset", ""))
    except ValueError:
        return None
    return min(reset, MAX_RETRY_AFTER) if reset > 0 else None
