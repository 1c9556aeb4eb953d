"""`/probe`: one task by its parameters, and the story of how it was read."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter import live as live_module
from exporter.config import loads
from exporter.demo.configuration import demo_config
from exporter.demo.simulator import Simulator
from exporter.demo.trouble import TROUBLE
from exporter.errors import Reason
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.telemetry import Telemetry
from tests.support import SECRET, BlueKing, good, refusal, sops_site, tree
from tests.ui.site import Exporter, exporter, sops
from tests.virtual_time import Clock, run

ASKED = "/probe?system=sops&bk_biz_id=2&task_id="


def probing(
    test: Callable[[Exporter, BlueKing, Clock], Awaitable[None]],
    site: BlueKing | None = None,
    *configured: str,
    more: str = "probe: {allow: [{system: sops, bk_biz_id: 2}]}\n",
) -> None:
    bk = site or sops_site(lambda _: tree())

    async def main(clock: Clock) -> None:
        exporting = exporter(clock, {"sops": bk}, *configured, more=more)
        await test(exporting, bk, clock)
        await exporting.live.aclose()

    run(main)


def values(page: str, name: str) -> list[str]:
    return [line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(name + "{")]


def test_one_task_and_nothing_else() -> None:
    """The page has the task that was asked for, no other one, and nothing of the exporter itself."""

    async def test(exporting: Exporter, _: BlueKing, __: Clock) -> None:
        answer = await exporting.get(ASKED + "10")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
        assert values(answer.text, "bk_task_up") == ["1.0"]
        assert 'task_id="10"' in answer.text
        for other in ('task_id="1"', "bk_task_exporter_", "process_", "python_"):
            assert other not in answer.text

    probing(test, None, *sops(1))


def test_openmetrics_and_gzip_as_the_client_takes_them() -> None:
    """The same negotiation as on /metrics."""

    async def test(exporting: Exporter, _: BlueKing, __: Clock) -> None:
        answer = await exporting.get(ASKED + "10", accept="application/openmetrics-text", accept_encoding="gzip")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        families = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
        assert "bk_task_up" in {family.name for family in families}

    probing(test)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "system: missing"),
        ("system=sops&task_id=1", "bk_biz_id: missing (sops needs bk_biz_id and task_id)"),
        ("system=sops&bk_biz_id=2&task_id=", "task_id: must be a whole number, got ''"),
        ("system=sops&bk_biz_id=2&task_id=abc", "task_id: "),
        ("system=sops&bk_biz_id=2&task_id=0", "task_id: "),
        ("system=sops&bk_biz_id=2&task_id=1&job_id=3", "job_id: unknown parameter"),
        ("system=sops&bk_biz_id=2&task_id=1&task_id=2", "task_id: given twice"),
        ("system=sops&system=sops&system=sops&bk_biz_id=2&task_id=1", "system: given 3 times"),
        ("system=nosuch&bk_biz_id=2", "system: "),
        ("system=gsekit&bk_biz_id=2&job_id=1", "system: gsekit is not configured here, only sops"),
        ("system=sops&bk_biz_id=2&task_id=1&nodes=some", "nodes: must be all, unfinished or none, not 'some'"),
        ("system=sops&bk_biz_id=2&task_id=1&debug=maybe", "debug: must be true or false, not 'maybe'"),
        ("system=sops&bk_biz_id=2&task_id=1&scope=cmdb", "scope: "),
        ("system=sops&bk_biz_id=2&task_id=1&subprocess_id=../../x", "subprocess_id: "),
        ("system=sops&bk_biz_id=2&task_id=1&url=http://evil.test/", "url: unknown parameter"),
        ("system=sops&bk_biz_id=2&task_id=1&target=http://evil.test/", "target: unknown parameter"),
        ("system=sops&bk_biz_id=http://evil.test/&task_id=1", "bk_biz_id: "),
        ("system=sops&bk_biz_id=2&task_id=1@evil.test", "task_id: "),
        ("&".join(["a=1"] * 5000), "a: given 5000 times"),
    ],
)
def test_what_is_wrong_with_a_query_is_named(query: str, said: str) -> None:
    """400 and one line that names the parameter; BlueKing hears nothing of it."""

    async def test(exporting: Exporter, bk: BlueKing, _: Clock) -> None:
        answer = await exporting.get(f"/probe?{query}")
        assert answer.status_code == 400
        assert answer.text.startswith(said)
        assert answer.text.count("\n") == 1
        assert bk.asked == []

    probing(test)


def test_a_business_that_is_not_allowed_is_refused() -> None:
    """403 says which, and where to allow it; a project is not the business of the same number."""

    async def test(exporting: Exporter, bk: BlueKing, _: Clock) -> None:
        for query, place in (("bk_biz_id=3", "sops biz 3"), ("bk_biz_id=2&scope=project", "sops project:2")):
            answer = await exporting.get(f"/probe?system=sops&task_id=1&{query}")
            assert (answer.status_code, place in answer.text, "probe.allow" in answer.text) == (403, True, True)
        assert bk.asked == []

    probing(test)


def test_businesses_with_tasks_are_allowed_where_nothing_else_is_said() -> None:
    """A configured task allows its whole business."""

    async def test(exporting: Exporter, _: BlueKing, __: Clock) -> None:
        assert (await exporting.get(ASKED + "77")).status_code == 200

    probing(test, None, *sops(1), more="")


def test_an_unreadable_task_is_down_with_200() -> None:
    """Prometheus keeps `bk_task_up 0`, and does not take the exporter for dead."""

    async def test(exporting: Exporter, _: BlueKing, __: Clock) -> None:
        answer = await exporting.get(ASKED + "404")
        assert (answer.status_code, values(answer.text, "bk_task_up")) == (200, ["0.0"])
        assert values(answer.text, "bk_task_state") == []

    probing(test, sops_site(lambda _: None))


def test_nodes_may_be_overridden() -> None:
    """`nodes=none` leaves single nodes out, whatever the configuration says, and costs no request."""
    child = {"id": "c", "name": "step", "state": "RUNNING", "children": {}}

    async def test(exporting: Exporter, _: BlueKing, __: Clock) -> None:
        shown = [
            values((await exporting.get(f"{ASKED}10{nodes}")).text, "bk_task_node_state")
            for nodes in ("", "&nodes=none", "&nodes=unfinished")
        ]
        assert shown == [["1.0"], [], ["1.0"]]

    probing(test, sops_site(lambda _: tree(children={"c": child})))


def test_answers_are_shared_with_metrics() -> None:
    """What a scrape has just fetched is not asked for again, nor what a probe has."""

    async def test(exporting: Exporter, bk: BlueKing, _: Clock) -> None:
        await exporting.get("/metrics")
        await exporting.get(ASKED + "1")
        assert len(bk.asked) == 1
        await exporting.get(ASKED + "9")
        await exporting.get(ASKED + "9")
        assert len(bk.asked) == 2

    probing(test, None, *sops(1))


def test_probes_at_once_share_one_request() -> None:
    """Two Prometheus servers cost BlueKing what one costs."""

    async def test(exporting: Exporter, bk: BlueKing, _: Clock) -> None:
        answers = await asyncio.gather(*[exporting.get(ASKED + "9") for _ in range(5)])
        assert [values(answer.text, "bk_task_up") for answer in answers] == [["1.0"]] * 5
        assert len(bk.asked) == 1

    probing(test, sops_site(lambda _: tree(), latency=1.0))


def test_the_scrapers_deadline_is_kept() -> None:
    """The page is there before the scraper gives up, with the task down."""

    async def test(exporting: Exporter, _: BlueKing, clock: Clock) -> None:
        began = clock.now
        answer = await exporting.get(ASKED + "9", x_prometheus_scrape_timeout_seconds="3")
        assert values(answer.text, "bk_task_up") == ["0.0"]
        assert 2.4 <= clock.now - began <= 2.6

    probing(test, sops_site(lambda _: tree(), latency=60.0))


def test_a_crowd_of_refused_probes_asks_little() -> None:
    """Credentials that BlueKing refuses are tried a few times in ten seconds, not once for each of a hundred probes."""

    async def test(exporting: Exporter, bk: BlueKing, clock: Clock) -> None:
        for task_id in range(100):
            await exporting.get(f"{ASKED}{task_id + 1}")
        assert len(bk.asked) == 3
        clock.now += 11
        assert values((await exporting.get(ASKED + "7")).text, "bk_task_up") == ["0.0"]
        assert len(bk.asked) == 4
        assert "nothing was sent" not in (await exporting.get(ASKED + "7&debug=true")).text  # somebody looks
        assert len(bk.asked) == 5

    probing(test, BlueKing(lambda _: refusal(1640001, status=400)))


def test_the_log_tells_of_tasks_that_only_probes_ask_for(caplog: pytest.LogCaptureFixture) -> None:
    """One line when a known task becomes unreadable, and one when that ends; of others a stranger could fill the log."""

    async def test(exporting: Exporter, _: BlueKing, clock: Clock) -> None:
        for status in (500, 500, 200):
            answers[0] = status
            clock.now += 11
            for task_id in (1, 7):
                await exporting.get(f"{ASKED}{task_id}")

    answers = [500]
    site = sops_site(lambda _: httpx.Response(500) if answers[0] == 500 else tree())
    with caplog.at_level(logging.INFO, "exporter.incidents"):
        probing(test, site, *sops(1))
    said = [(record.message, record.fields["task_id"]) for record in caplog.records if hasattr(record, "fields")]
    assert said == [("task cannot be read", "1"), ("task can be read again", "1")]


def test_an_unknown_state_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often, in whatever way it is asked for, and after a reload."""

    async def test(exporting: Exporter, _: BlueKing, clock: Clock) -> None:
        for _again in range(2):
            for query in ("", "&nodes=none", "&debug=true"):
                await exporting.get(f"{ASKED}1{query}")
            async with exporting.live.setup() as setup:
                config = setup.config
            await exporting.live.swap(config)
            clock.now += 11

    with caplog.at_level(logging.INFO, "exporter.keeper"):
        probing(test, sops_site(lambda _: tree("ODDWORD")), *sops(1))
    assert [record.message for record in caplog.records] == ["unknown state"]


def test_probes_of_ever_new_tasks_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What probes leave in memory is bounded; configured tasks keep their answers."""
    monkeypatch.setattr(live_module, "VISITORS", 5)

    async def test(exporting: Exporter, bk: BlueKing, _: Clock) -> None:
        await exporting.get("/metrics")
        for task_id in range(1000, 1030):
            await exporting.get(f"{ASKED}{task_id}")
        assert len(exporting.live._store) == 6
        asked = len(bk.asked)
        await exporting.get(ASKED + "1")
        await exporting.get(ASKED + "1029")
        assert len(bk.asked) == asked

    probing(test, None, *sops(1))


# --- debug=true ------------------------------------------------------------------------------------------------------


def told(site: BlueKing, *, query: str = "", **headers: str) -> str:
    stories: list[str] = []

    async def test(exporting: Exporter, _: BlueKing, __: Clock) -> None:
        answer = await exporting.get(f"{ASKED}10&debug=true{query}", **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        stories.append(answer.text)

    probing(test, site)
    return stories[0]


def test_a_story_has_request_answer_reading_and_metrics() -> None:
    """Method, address, credentials without secrets, status, body, what was read, what it became, and how long it took."""
    story = told(sops_site(lambda _: tree("FAILED", name="Deploy"), latency=0.25))
    assert "[   0.000 s] asked\n    GET http://sops.test/get_task_status/10/2/\n" in story
    assert '"bk_app_code": "app", "bk_app_secret": "<secret>", "bk_username": "admin"' in story
    assert "[   0.250 s] answered HTTP 200, after 0.250 s" in story
    assert '"state": "FAILED"' in story
    assert "state       failed" in story
    assert "} 1.0\n" in story.partition("became these metrics")[2]
    assert SECRET not in story


def test_a_story_asks_anew_and_keeps_nothing() -> None:
    """Whoever debugs sees the wire, also right after a scrape; the next scrape has its own answer."""

    async def test(exporting: Exporter, bk: BlueKing, _: Clock) -> None:
        await exporting.get("/metrics")
        for _again in range(2):
            assert "asked\n    GET" in (await exporting.get(ASKED + "1&debug=true")).text
        assert [request.method for request in bk.asked] == ["GET"] * 3
        assert len(exporting.live._store) == 1

    probing(test, None, *sops(1))


def test_a_story_shows_the_retry() -> None:
    """A first answer that failed and the second that did not are both told."""
    answers = iter([httpx.Response(502, text="<html>bad gateway</html>"), good(tree())])
    story = told(BlueKing(lambda _: next(answers)))
    assert story.count("] asked\n") == 2
    assert "answered HTTP 502" in story
    assert "<html>bad gateway</html>" in story
    assert "answered HTTP 200" in story


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(1640001, "bk_app_code or bk_app_secret is incorrect", 400), Reason.AUTH),
        (refusal(1640301, status=403), Reason.FORBIDDEN),
        (refusal(3540400), Reason.NOT_FOUND),
        (refusal(1640401, status=404), Reason.BAD_URL),
        (refusal(3599999), Reason.REFUSED),
        (httpx.Response(200, content=b'{"result": true, "data": [1]}'), Reason.MALFORMED),
        (httpx.Response(302, headers={"location": "http://login.test/?c_url=x"}), Reason.AUTH),
    ],
)
def test_a_story_of_a_failure_says_why_and_what_to_do(answer: httpx.Response, reason: Reason) -> None:
    """Reason, BlueKing's own code and words, and the next step."""
    story = told(BlueKing(lambda _: answer))
    assert f"the reason is {reason.value}." in story
    assert "What to do next: " in story
    assert "bk_task_up{" in story.partition("became these metrics")[2]


def test_a_story_of_no_connection() -> None:
    """There is no answer to show, but what the system said."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    story = told(BlueKing(refuse))
    assert "no answer, after 0.000 s: Connection refused" in story
    assert "the reason is connect." in story


def test_a_story_that_ends_at_the_deadline() -> None:
    """It says what was under way, and is told in time."""
    story = told(sops_site(lambda _: tree(), latency=60.0), x_prometheus_scrape_timeout_seconds="2")
    assert "[   1.500 s] no answer, after 1.500 s: given up" in story
    assert "the reason is timeout." in story


def test_failure_data_and_secrets_never_stand_in_a_story() -> None:
    """Not in the tree, not in an error's traceback, not in JSON that is broken, not in an echo of the secret."""
    data = tree("FAILED", ex_data={"n1": "password=hunter2"}, extra_data={"failed_reason": "hunter2"})
    bodies = [
        json.dumps({"result": True, "data": data}).encode(),
        json.dumps({"result": False, "message": "x", "exc": "E()", "exc_trace": "Traceback hunter2"}).encode(),
        b'{"result": true, "data": {"state": "FAILED", "ex_data": {"n1": "hunter2"',
        json.dumps({"result": False, "code": 1640001, "message": f"wrong secret {SECRET}"}).encode(),
    ]
    for body in bodies:
        for headers, sent in (({}, body), ({"content-encoding": "gzip"}, gzip.compress(body))):
            answer = httpx.Response(200, headers=headers, stream=httpx.ByteStream(sent))
            story = told(BlueKing(lambda _, answer=answer: answer))  # type: ignore[misc]
            assert "answered HTTP 200" in story
            assert "hunter2" not in story
            assert SECRET not in story
            assert ("<failure data>" in story) == (b"hunter2" in body)


def test_a_long_body_is_cut() -> None:
    """A megabyte of login page does not drown the rest."""
    page = httpx.Response(200, text="<html>" + "x" * (3 << 20), headers={"content-type": "text/html"})
    story = told(BlueKing(lambda _: page))
    assert len(story) < 20_000
    assert "characters more" in story
    assert "3,145,734 bytes" in story


def test_every_trouble_of_the_simulator_has_a_story() -> None:
    """Whatever BlueKing does, the story is told, and holds no secret."""

    async def main(clock: Clock) -> None:
        transport = httpx.ASGITransport(Simulator(clock=clock.wall).app)
        live = Live(
            loads(demo_config("http://bk")),
            Telemetry(CollectorRegistry(), version="1", revision="r"),
            make_transport=lambda _: transport,
            clocks=Clocks(clock.wall, clock.steady),
        )
        exporting = Exporter(live, clock, {})
        for number in TROUBLE:
            for query in ("system=sops&bk_biz_id=2&task_id", "system=gsekit&bk_biz_id=2&job_id"):
                clock.now += 400
                answer = await exporting.get(f"/probe?debug=true&{query}={number}")
                assert answer.status_code == 200
                assert "became these metrics" in answer.text
                assert "demo-secret" not in answer.text
                assert "secret-in-a-trace" not in answer.text

    run(main)
