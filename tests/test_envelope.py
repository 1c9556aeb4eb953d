"""Every shape of answer in BlueKing's error tables, and what is made of it."""

from __future__ import annotations

import json

import pytest

from exporter.envelope import MAX_MESSAGE, MAX_RETRY_AFTER, Reply, data_of
from exporter.errors import Reason, TaskError

JSON = {"content-type": "application/json; charset=utf-8"}
HTML = {"content-type": "text/html; charset=utf-8"}


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers if headers is not None else JSON, raw)


def error(body: object, status: int = 200, headers: dict[str, str] | None = None) -> TaskError:
    with pytest.raises(TaskError) as raised:
        data_of(reply(body, status, headers))
    return raised.value


def refused(code: object, **more: object) -> dict[str, object]:
    return {"result": False, "code": code, "data": None, "message": "no", **more}


@pytest.mark.parametrize(
    "envelope",
    [
        {"result": True, "data": {"a": 1}, "code": 0, "message": ""},
        {"result": True, "data": {"a": 1}, "message": ""},
        {"result": True, "data": {"a": 1}, "code": "0"},
        {"result": True, "data": {"a": 1}, "code": "OK", "message": "success"},
        {"result": True, "data": {"a": 1}, "exc": None, "exc_trace": None},
    ],
)
def test_result_true_is_success_whatever_the_code(envelope: dict[str, object]):
    """The code may be 0, "0", "OK" or absent."""
    assert json.loads(data_of(reply(envelope))) == {"a": 1}


def test_more_objects_than_any_answer_has_are_malformed():
    """A million nodes in 10 MB would be a gigabyte in memory, and hold up every page."""
    told = error(b'{"result": true, "data": [' + b"{}," * 600_000 + b"1]}")
    assert (told.reason, told.message) == (
        Reason.MALFORMED,
        "answered with more than 500,000 objects, or values without end",
    )


@pytest.mark.parametrize("body", [b'{"a":' * 100_000, b'{"result": true, "data": NaN, "a":' + b"[" * 100_000])
def test_json_that_is_too_deep_is_malformed(body: bytes):
    """Whichever reader meets it, and it says so."""
    assert (error(body).reason, error(body).message) == (
        Reason.MALFORMED,
        "answered with JSON that is nested too deeply",
    )


def test_a_byte_order_mark_does_not_matter():
    """JSON should have none, and some have it."""
    assert data_of(reply(b'\xef\xbb\xbf {"result": true, "data": 1}')) == b"1"


def test_missing_data_is_null():
    """Whoever reads it says what is missing."""
    assert data_of(reply({"result": True})) == b"null"


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, 1640001, Reason.AUTH),
        (400, 1640004, Reason.AUTH),
        (401, 1640100, Reason.AUTH),
        (403, 1640301, Reason.FORBIDDEN),
        (403, 1640302, Reason.FORBIDDEN),
        (404, 1640401, Reason.BAD_URL),
        (413, 1641301, Reason.REFUSED),
        (429, 1642901, Reason.THROTTLED),
        (429, 1642904, Reason.THROTTLED),
        (200, 1642902, Reason.THROTTLED),  # a plugin turned it into HTTP 200
        (500, 1650001, Reason.SERVER),
        (502, 1650200, Reason.SERVER),
        (504, 1650401, Reason.SERVER),
        (200, 1650401, Reason.SERVER),
        (508, 1650801, Reason.SERVER),
        (200, 1306000, Reason.AUTH),
        (200, 1306401, Reason.AUTH),
        (200, 1306402, Reason.FORBIDDEN),
        (200, 1306403, Reason.FORBIDDEN),
        (200, 1306404, Reason.BAD_URL),
        (200, 1306406, Reason.REFUSED),
        (200, 1306429, Reason.THROTTLED),
        (200, 1306201, Reason.SERVER),
        (200, 3540400, Reason.NOT_FOUND),
        (200, 3540100, Reason.FORBIDDEN),
        (200, 3599999, Reason.REFUSED),
        (200, 3540000, Reason.REFUSED),
        (200, 9900403, Reason.FORBIDDEN),
        (200, "9900403", Reason.FORBIDDEN),
        (499, 9900403, Reason.FORBIDDEN),
        (200, "not_found", Reason.NOT_FOUND),
        (200, 3801012, Reason.NOT_FOUND),
        (200, 3800018, Reason.AUTH),
        (200, 3800001, Reason.REFUSED),
        (200, 3800500, Reason.SERVER),
        (200, "4102005", Reason.NOT_FOUND),
        (200, "4100001", Reason.REFUSED),
        (200, 0, Reason.REFUSED),  # gsekit's framework errors
        (500, "50000", Reason.SERVER),
        (200, 500, Reason.SERVER),
        (200, "BRAND_NEW", Reason.REFUSED),
        (200, None, Reason.REFUSED),
        (200, 10**400, Reason.REFUSED),
    ],
)
def test_each_code_has_its_reason(status: int, code: object, reason: Reason):
    """Codes of gateway, ESB and applications, as numbers and as text."""
    assert error(refused(code), status).reason is reason


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason"),
    [
        (302, b"", {"location": "https://login.example.com/"}, Reason.AUTH),
        (301, b"<html>", HTML, Reason.AUTH),
        (200, b"<!DOCTYPE html><title>login</title>", HTML, Reason.AUTH),
        (200, b"\n <html>", {}, Reason.AUTH),
        (401, b"", {}, Reason.AUTH),
        (403, b"request is forbidden by app", {"content-type": "text/plain"}, Reason.FORBIDDEN),
        (404, b"<html>nginx", HTML, Reason.BAD_URL),
        (404, b'{"detail": "no such component"}', JSON, Reason.BAD_URL),
        (405, b"", HTML, Reason.BAD_URL),
        (429, b"", {}, Reason.THROTTLED),
        (501, b"<h1>Unsupported method ('POST')", HTML, Reason.BAD_URL),
        (400, b"", {"x-bkapi-error-code": "1640001"}, Reason.AUTH),
        (200, b"", {"x-bkapi-error-code": "1642901"}, Reason.THROTTLED),
        (418, b"teapot", {}, Reason.REFUSED),
        (500, b"<h1>Server Error</h1>", HTML, Reason.SERVER),
        (502, b"<html>openresty", HTML, Reason.SERVER),
        (500, b'{"result": true, "data": {}}', JSON, Reason.SERVER),
        (204, b"", {}, Reason.MALFORMED),
        (304, b"", {}, Reason.MALFORMED),
        (200, b"", JSON, Reason.MALFORMED),
        (200, b"[]", JSON, Reason.MALFORMED),
        (200, b"null", JSON, Reason.MALFORMED),
        (200, b'{"result": true, "da', JSON, Reason.MALFORMED),
        (200, b"\xff\xfe garbage", JSON, Reason.MALFORMED),
        (200, b'{"hello": "world"}', JSON, Reason.MALFORMED),
        (200, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, JSON, Reason.MALFORMED),
        (403, '{"result": false, "message": "空间不存在，space_id=77"}'.encode(), JSON, Reason.FORBIDDEN),
    ],
)
def test_answers_that_are_no_envelope(status: int, body: bytes, headers: dict[str, str], reason: Reason):
    """Login pages, redirects, the web server's own pages, empty and broken bodies."""
    assert error(body, status, headers).reason is reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Request API error, status_code: 403, {...}", Reason.FORBIDDEN),
        ("Request API error, status_code: 502, ...", Reason.SERVER),
        ("Request API error, exception: HTTPConnectionPool", Reason.SERVER),
        ("Request API error, status_code: 400, ...", Reason.REFUSED),
        ("something else", Reason.REFUSED),
    ],
)
def test_bkflow_speaks_for_its_engine_without_a_code(message: str, reason: Reason):
    """The English literal is BKFlow's own, the only message that is looked into."""
    assert error({"result": False, "data": None, "message": message}).reason is reason


def test_a_broken_engine_query_is_the_servers_fault_and_its_traceback_is_not_repeated():
    """BKFlow puts a traceback beside the message."""
    said = error({"result": False, "data": None, "message": "boom", "exc": "ValueError", "exc_trace": "Traceback ..."})
    assert said.reason is Reason.SERVER
    assert "Traceback" not in str(said)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"task_id": ["bad"]}, '{"task_id":["bad"]}'),
        (None, "refused without a message"),
        ("", "refused without a message"),
        ("two\n lines\t here", "two lines here"),
        ("x" * 5000, "x" * (MAX_MESSAGE - 1) + "…"),
    ],
)
def test_a_message_is_one_short_line(message: object, shown: str):
    """It may be an object, nothing, long, or broken into lines."""
    assert error({"result": False, "code": 3540000, "message": message}).message == shown


@pytest.mark.parametrize(
    ("envelope", "said"),
    [({"data": {}}, "no result"), ({"result": "true"}, "neither true nor false"), ({"result": 1}, "neither true")],
)
def test_a_result_that_is_no_refusal_is_not_called_one(envelope: dict[str, object], said: str):
    """Whoever reads the message is told what the answer lacks."""
    assert said in error(envelope).message


def test_bluekings_code_and_request_id_are_kept_for_its_support():
    """From the body where ESB puts it, else from the gateway's header."""
    told = error(refused(1306000, request_id="abc"))
    assert (told.code, told.request_id, told.explicit) == ("1306000", "abc", True)
    assert error(refused(1640001), 400, {**JSON, "x-bkapi-request-id": "uuid"}).request_id == "uuid"
    assert not error(b"<html>", 200, HTML).explicit


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30.0),
        ("0.5", 0.5),
        ("315360000", MAX_RETRY_AFTER),
        ("-5", None),
        ("0", None),
        ("nan", None),
        ("inf", MAX_RETRY_AFTER),
        ("soon", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 200])
def test_a_reset_time_is_bounded(reset: str, seconds: float | None, status: int):
    """Ten years, the past and nonsense are not obeyed; HTTP 200 says it too."""
    headers = {**JSON, "x-bkapi-ratelimit-reset": reset}
    assert error(refused(1642902), status, headers).retry_after == seconds


@pytest.mark.parametrize(
    "code",
    [b"NaN", b"-Infinity", b"1e400", b"9" * 10_000, b'"\\ud800"', b'"\xff"'],
    ids=lambda code: code[:8].decode("latin-1"),
)
def test_one_odd_value_does_not_cost_the_answer(code: bytes):
    """What strict JSON cannot hold is blanked, and the rest is read."""
    assert data_of(Reply(200, JSON, b'{"result": true, "code": %b, "data": {"a": 1}}' % code)) in {
        b'{"a": 1}',
        b'{"a":1}',
    }


def test_a_good_result_of_a_server_in_trouble_is_told_as_what_it_is():
    """The status says that the server failed; which of both is true nobody knows."""
    failed = error({"result": True, "data": {}}, status=502)
    assert (failed.reason, failed.message) == (Reason.SERVER, "answered HTTP 502, and yet that all is well")


@pytest.mark.parametrize("code", [1306203, 1306206, 1306207, 1306208, 1650801])
def test_some_troubles_of_a_server_are_settled(code: int):
    """Asking again does not end what is configured so, however the gateway says it."""
    assert error(refused(code)).settled
    assert error(refused(str(code), message="")).settled
    assert error(b"<html>", 502, {**HTML, "x-bkapi-error-code": str(code)}).settled


def test_others_may_pass():
    """A loop is told by its status as well."""
    assert error(b"<html>", 508, HTML).settled
    assert not error(b"<html>", 502, HTML).settled
    assert not error(refused(1306201)).settled
