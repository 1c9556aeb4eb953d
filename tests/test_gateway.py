"""One request: credentials, limits, the one retry, and each fault of the wire by its reason."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.config import Credentials, Secret, Setting
from exporter.errors import Reason, TaskError
from exporter.gateway import Clocks, Gateway
from exporter.systems.base import Request
from exporter.unpack import MAX_BODY
from tests.support import SECRET, BlueKing, Handler, Meter, good, refusal, system_config
from tests.virtual_time import Clock, run

READ = Request("get_task_status", "GET", "/get_task_status/10/2/")
WRITES = Request("job_details", "POST", "/api/job/1/details/", body={"page": 1}, idempotent=False)


def ask(handler: Handler, request: Request = READ, **config: Any) -> tuple[Any, BlueKing, Meter]:
    """The data or the error of one request."""
    site, meter = BlueKing(handler), Meter()

    async def main(clock: Clock) -> Any:
        clocks = Clocks(clock.wall, clock.steady)
        gateway = Gateway(system_config(**config), site, meter, clocks=clocks, jitter=lambda: 0.5)
        try:
            return json.loads(await gateway.ask(request))
        except TaskError as error:
            return error
        finally:
            await gateway.aclose()

    return run(main), site, meter


def test_credentials_go_into_the_header_and_nowhere_else():
    """Never into the URL or the body, where logs would find them."""
    _, site, _ = ask(lambda _: good(1), WRITES)
    sent = site.asked[0]
    assert json.loads(sent.headers["X-Bkapi-Authorization"]) == {"bk_app_code": "app", "bk_app_secret": SECRET}
    assert SECRET not in str(sent.url)
    assert SECRET.encode() not in sent.read()
    assert json.loads(sent.read()) == {"page": 1}
    assert site.closed


def test_the_query_is_encoded():
    """Values cannot leave their place."""
    _, site, _ = ask(lambda _: good(1), Request("x", "GET", "/x/", {"subprocess_id": "a&b=c#d/../"}))
    assert str(site.asked[0].url) == "http://sops.test/x/?subprocess_id=a%26b%3Dc%23d%2F..%2F"


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (httpx.ConnectError("refused"), Reason.CONNECT),
        (httpx.ReadError("reset"), Reason.CONNECT),
        (httpx.RemoteProtocolError("no HTTP"), Reason.MALFORMED),
        (httpx.ProxyError("407"), Reason.CONNECT),
        (httpx.ReadTimeout("late"), Reason.TIMEOUT),
    ],
)
def test_faults_of_the_wire(raised: httpx.TransportError, reason: Reason):
    """Each has its reason, and is counted under it."""

    def handle(_: httpx.Request) -> httpx.Response:
        raise raised

    error, _, meter = ask(handle)
    assert error.reason is reason
    assert meter.requests[-1] == ("sops", "get_task_status", reason)


def test_a_certificate_that_is_not_trusted_is_tls():
    """Also when it is the cause of a connection error."""

    def handle(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no") from ssl.SSLCertVerificationError("self-signed")

    assert ask(handle)[0].reason is Reason.TLS


def test_an_answer_that_never_comes_ends_at_the_timeout():
    """... of the configuration."""

    async def handle(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    error, _, _ = ask(handle, timeout=3.0)
    assert (error.reason, error.message) == (Reason.TIMEOUT, "no whole answer within 3s")


def test_a_body_that_never_ends_is_cut_off():
    """A stream of a gigabyte is not read into memory."""

    class Endless(httpx.AsyncByteStream):
        read = 0

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                Endless.read += 1 << 20
                yield b" " * (1 << 20)

    error, _, _ = ask(lambda _: httpx.Response(200, stream=Endless()))
    assert error.reason is Reason.MALFORMED
    assert Endless.read <= MAX_BODY + (1 << 20)


@pytest.mark.parametrize("failure", [httpx.Response(502), httpx.Response(500), httpx.ReadError("reset")])
def test_what_may_pass_is_tried_once_more(failure: httpx.Response | httpx.TransportError):
    """A read only, and only once."""
    answers: list[httpx.Response | httpx.TransportError] = [failure, good({"a": 1})]

    def handle(_: httpx.Request) -> httpx.Response:
        answer: httpx.Response | httpx.TransportError = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    data, site, meter = ask(handle)
    assert data == {"a": 1}
    assert (len(site.asked), meter.retries) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        (refusal(3540400), READ),
        (refusal(1640001, status=400), READ),
        (refusal(1642902, status=429), READ),
        (httpx.Response(200, text="garbage"), READ),
        (httpx.Response(502), WRITES),
        (refusal(1306203), READ),
        (httpx.Response(508), READ),
    ],
)
def test_what_a_retry_cannot_change_is_not_retried(answer: httpx.Response, request_: Request):
    """Nor is a read that writes."""
    _, site, meter = ask(lambda _: answer, request_)
    assert (len(site.asked), meter.retries) == (1, 0)


def test_a_rotated_secret_is_read_again_and_tried_at_once(tmp_path: Path):
    """A refusal of the old one is not shown to anybody."""
    file = tmp_path / "secret"
    file.write_text("old")
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret.from_file(file))

    def handle(request: httpx.Request) -> httpx.Response:
        if "old" in request.headers["X-Bkapi-Authorization"]:
            file.write_text("new one")
            return refusal(1640001, status=400)
        return good("fine")

    data, site, _ = ask(handle, credentials=credentials)
    assert (data, len(site.asked)) == ("fine", 2)


def test_a_secret_file_that_vanishes_leaves_the_old_one_in_use(tmp_path: Path):
    """... and the gateway says so."""
    file = tmp_path / "secret"
    file.write_text("old")
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret.from_file(file))
    file.unlink()

    async def main(clock: Clock) -> tuple[bytes, str | None]:
        gateway = Gateway(
            system_config(credentials=credentials),
            BlueKing(lambda request: good(request.headers["X-Bkapi-Authorization"])),
            Meter(),
            clocks=Clocks(clock.wall, clock.steady),
        )
        gateway.begin_page()
        return await gateway.ask(READ), gateway.credentials_problem

    data, problem = run(main)
    assert b"old" in data
    assert problem is not None
    assert str(file) in problem


def test_an_echoed_secret_is_masked():
    """BlueKing repeats in its messages what we sent."""
    error, _, _ = ask(lambda _: refusal(f"X-{SECRET}", f"secret {SECRET} is wrong"))
    assert SECRET not in f"{error} {error.code} {error!r} {error.args}"
    assert "<secret>" in error.message


@pytest.mark.parametrize("padding", range(270, 310, 3))
def test_a_secret_is_hidden_before_a_message_is_cut(padding: int):
    """No beginning of it is left at the end of a long message."""
    error, _, _ = ask(lambda _: refusal(1, "x" * padding + SECRET))
    assert SECRET[:6] not in str(error)


@pytest.mark.parametrize("secret", ["sh0rt", "a-secret-of-some-length"])
@pytest.mark.parametrize("padding", [20, 38, 60, 290])
def test_nothing_is_cut_before_a_secret_is_hidden(secret: str, padding: int):
    """Neither a code nor a request id, nor what the wire says, and also of a secret that good data may hold."""
    said = "1" * padding + secret
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret(secret))

    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ProxyError(said)

    for handler in (lambda _: refusal(said, said, headers={"X-Bkapi-Request-Id": said}), fail):
        error, _, _ = ask(handler, credentials=credentials)
        assert secret[:3] not in f"{error!r} {error} {error.code} {error.request_id} {error.args}"


def test_a_secret_in_good_data_is_hidden():
    """It may come back as a task's name."""
    data, _, _ = ask(lambda request: good({"name": request.headers["X-Bkapi-Authorization"]}))
    assert SECRET not in str(data)
    assert "<secret>" in data["name"]


def test_a_secret_that_was_rotated_is_still_hidden(tmp_path: Path):
    """An answer may repeat what was sent before."""
    file = tmp_path / "secret"
    file.write_text("first-secret", "utf-8")
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret.from_file(file))

    def handle(request: httpx.Request) -> httpx.Response:
        if "first-secret" in request.headers["X-Bkapi-Authorization"]:
            file.write_text("second-secret", "utf-8")
            return refusal(1640001, "first-secret is wrong", 400)
        return refusal(1640001, "first-secret was, second-secret is wrong", 400)

    error, _, _ = ask(handle, credentials=credentials)
    assert error.message == "<secret> was, <secret> is wrong"


def test_the_last_requests_are_remembered_for_whoever_looks():
    """One that went well and one that failed, with its time, its length and its masked error; given up is too late."""

    async def main(clock: Clock) -> list[Any]:
        latency = [0.0]

        async def handle(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(latency[0])
            return good(1) if latency[0] < 5 else refusal(3599999, f"no {SECRET}")

        clocks = Clocks(clock.wall, clock.steady)
        gateway = Gateway(system_config(), BlueKing(handle), Meter(), clocks=clocks, jitter=lambda: 0.5)
        seen: list[Any] = [(gateway.last_good, gateway.last_bad)]
        for latency[0], given_up_after in ((2.0, 60.0), (6.0, 60.0), (9.0, 3.0)):
            with contextlib.suppress(TaskError, TimeoutError):
                async with asyncio.timeout(given_up_after):
                    await gateway.ask(READ)
            good_, bad = gateway.last_good, gateway.last_bad
            assert good_ is not None
            seen.append((good_.seconds, bad and (bad.seconds, bad.when - good_.when, bad.error and str(bad.error))))
        return seen

    assert run(main) == [
        (None, None),
        (2.0, None),
        (2.0, (6.0, 6.0, "no <secret> (code 3599999)")),
        (2.0, (3.0, 9.0, "no answer before the page's deadline")),
    ]
