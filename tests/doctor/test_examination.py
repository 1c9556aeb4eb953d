"""The doctor names in words what was broken on purpose."""

from __future__ import annotations

import json
from email.utils import formatdate

import httpx
import pytest

from exporter.demo.simulator import Simulator
from exporter.doctor.causes import CAUSES
from exporter.doctor.text import text as shown
from exporter.errors import Reason
from tests.doctor.surgery import GATEWAY, doctored, flow, job, only, sops, text, wrong
from tests.support import BlueKing, good, refusal, tree
from tests.virtual_time import Clock

SOPS = f'url: "{GATEWAY["sops"]}"'
BKFLOW = f'url: "{GATEWAY["bkflow"]}"'
ESB = 'url: "http://bk", route: esb'


def test_a_healthy_site_is_well() -> None:
    """All four systems, their lists and their tasks; nothing is wrong, and nothing is to be looked at."""
    listings = "discover:\n  - {system: sops, bk_biz_id: 2}\n  - {system: bkflow, space_id: 1}\n"
    tasks = [*sops(1, 2, 3), *flow(1, 2), *job("nodeman", 1, 2), *job("gsekit", 1, 2)]
    report = doctored(text(*tasks, more=listings, sops=SOPS, bkflow=BKFLOW, nodeman=ESB, gsekit=ESB))
    assert report.result == "ok", shown(report, {})
    assert shown(report, {}).endswith("All is well.\n")
    assert {finding.system for finding in report.findings} == {"sops", "bkflow", "nodeman", "gsekit"}
    assert {finding.check for finding in report.findings} >= {"address", "credentials", "list", "tasks", "times"}


@pytest.mark.parametrize(("route", "entry"), [("apigw", SOPS), ("esb", ESB)])
@pytest.mark.parametrize(
    ("auth", "cause"),
    [
        ("bk_app_code: task-exporter, bk_app_secret: wrong-word, bk_username: admin", "secret"),
        ("bk_app_code: nobody, bk_app_secret: wrong-word, bk_username: admin", "app"),
        ("bk_app_code: plain-app, bk_app_secret: plain-secret, bk_username: admin", "user_not_verified"),
        ("bk_app_code: plain-app, bk_app_secret: plain-secret, bk_token: old-token", "user_token"),
        ("access_token: old-token", "access_token"),
        ("bk_app_code: stranger-app, bk_app_secret: stranger-secret, bk_token: demo-token", "api_not_granted"),
    ],
)
def test_credentials(route: str, entry: str, auth: str, cause: str) -> None:
    """Which of them, on either route, with BlueKing's own words and no secret."""
    finding = only(doctored(text(*sops(1, 2, 3), auth=auth, sops=entry)))
    assert (finding.check, finding.cause) == ("credentials", cause)
    assert finding.code in {"1640001", "1306000", "1640301", "1306403"}
    assert finding.request_id
    told = json.dumps([finding.said, finding.detail])
    assert not [word for word in ("wrong-word", "plain-secret", "old-token", "stranger-secret") if word in told]


def test_no_user_at_all() -> None:
    """bk-sops asks for one."""
    auth = "bk_app_code: task-exporter, bk_app_secret: demo-secret"
    assert only(doctored(text(*sops(1), auth=auth, sops=SOPS))).cause == "user_missing"
    assert doctored(text(*flow(1), auth=auth, bkflow=BKFLOW)).result == "ok"


@pytest.mark.parametrize(
    ("system", "tasks", "entry"),
    [("sops", sops(1, biz=4), SOPS), ("sops", sops(1, biz=4), ESB), ("gsekit", job("gsekit", 90006), ESB)],
)
def test_no_permission(system: str, tasks: list[str], entry: str) -> None:
    """The user may not look into the business."""
    finding = only(doctored(text(*tasks, **{system: entry})))
    assert finding.cause == "permission"
    assert "IAM" in finding.cure


@pytest.mark.parametrize("entry", [SOPS, ESB])
def test_no_such_business(entry: str) -> None:
    """It is told from a task that does not exist, though bk-sops has one code for both."""
    report = doctored(text(*sops(1, 2), *sops(3, 4, 5, biz=77), *sops(99999), sops=entry))
    assert {(finding.cause, finding.place, finding.tasks) for finding in wrong(report)} == {
        ("business", "sops biz 77", 3),
        ("task_unknown", "sops biz 2", 1),
    }


def test_no_such_space() -> None:
    """BKFlow says of an unknown space that it is forbidden."""
    finding = only(doctored(text(*flow(1), *flow(1, space=77), bkflow=BKFLOW)))
    assert (finding.cause, finding.place) == ("business", "bkflow space:77")


@pytest.mark.parametrize(
    ("url", "write"),
    [
        ("http://bk/api/bk-sops/prd", "url: http://bk/api/bk-sops/prod"),
        ("http://bk/api/bk-sops", "url: http://bk/api/bk-sops/prod"),
    ],
)
def test_stage_in_the_address(url: str, write: str) -> None:
    """The one that answers is named, whether another stood there or none."""
    finding = only(doctored(text(*sops(1, 2), sops=f'url: "{url}"')))
    assert finding.cause == "stage"
    assert write in finding.detail


def test_route() -> None:
    """The address of the PaaS, where only ESB answers."""
    finding = only(doctored(text(*sops(1), sops='url: "http://bk"')))
    assert (finding.cause, finding.detail) == ("route", "This answers: url: http://bk, route: esb")


def test_an_address_with_a_path_for_esb() -> None:
    """ESB's own path is added by us."""
    finding = only(doctored(text(*sops(1), sops='url: "http://bk/esb", route: esb')))
    assert finding.cause == "address"
    assert "http://bk" in finding.detail


@pytest.mark.parametrize(
    ("release", "api", "other"), [("2.x", "get_task_info", "job_details"), ("legacy", "job_details", "get_task_info")]
)
def test_nodeman_api_version(release: str, api: str, other: str) -> None:
    """The version that this site has answers, and is named."""
    config = text(*job("nodeman", 1, 2), nodeman=f"{ESB}, api: {api}")
    finding = only(doctored(config, options={"nodeman": release}))
    assert (finding.cause, finding.detail) == ("api_version", f"This answers: api: {other}")


@pytest.mark.parametrize("entry", [SOPS, ESB])
def test_a_task_of_another_business(entry: str) -> None:
    """The gateway's bulk call tells it from a deleted one; ESB has none."""
    finding = only(doctored(text(*sops(1, 2, 90002), sops=entry)))
    assert finding.cause == ("task_of_another_business" if entry is SOPS else "task_elsewhere_or_deleted")
    assert finding.task_ids == ("90002",)
    assert finding.code == "3599999"


def test_a_deleted_task() -> None:
    """Bulk still knows it."""
    assert only(doctored(text(*sops(1, 2, 90003), sops=SOPS))).cause == "task_deleted"


def test_a_task_of_another_space() -> None:
    """BKFlow's engine says so without a code."""
    assert only(doctored(text(*flow(1, 90002), bkflow=BKFLOW))).cause == "task_of_another_business"


@pytest.mark.parametrize("api", ["get_task_info", "job_details"])
def test_a_job_of_another_business(api: str) -> None:
    """Nodeman answers whatever the business; its hosts say theirs."""
    report = doctored(text(*job("nodeman", 1), *job("nodeman", 2, biz=3), nodeman=f"{ESB}, api: {api}"))
    finding = only(report)
    assert (finding.cause, finding.place, finding.task_ids) == ("task_of_another_business", "nodeman biz 3", ("2",))
    assert "business 2" in finding.detail


def test_a_gsekit_job_of_another_business() -> None:
    """Gsekit has one code for it and for an unknown one."""
    assert only(doctored(text(*job("gsekit", 1), *job("gsekit", 2, biz=3), gsekit=ESB))).cause == "task_unknown"


def test_time_zone() -> None:
    """Times without offset that lie in the future are read in the wrong zone; the right one is named."""
    config = text(*job("nodeman", 1, 2, 6), nodeman=ESB, more="collect: {time_zone: America/New_York}\n")
    finding = only(doctored(config))
    assert finding.cause == "time_zone"
    assert "+0" in finding.detail


def test_times_with_an_offset_are_not_a_matter_of_zone() -> None:
    """A task that starts tomorrow is the system's own clock."""
    site = BlueKing(lambda _: good(tree(start_time="2026-11-23 09:00:00 +0800")))
    report = doctored(text(*sops(1), sops=SOPS), transport=lambda _: site)
    assert only(report).cause == "future"


def test_the_zone_of_times_without_offset_is_told() -> None:
    """Times that are too old look well; only a person can tell."""
    report = doctored(text(*job("nodeman", 1), nodeman=ESB, more="collect: {time_zone: UTC}\n"))
    assert [f.message for f in report.findings if f.check == "times" and "because it has no offset" in f.message] or (
        only(report).cause == "time_zone"
    )


@pytest.mark.parametrize(("seconds", "cause"), [(3600, "clock"), (-3600, "clock"), (3, "")])
def test_clock(seconds: int, cause: str) -> None:
    """By the `Date` of the answers."""

    def site(clock: Clock) -> BlueKing:
        def answer(_: httpx.Request) -> httpx.Response:
            reply = good(tree(start_time="2026-11-20 09:00:00 +0800"))
            reply.headers["Date"] = formatdate(clock.wall() + seconds, usegmt=True)
            return reply

        return BlueKing(answer)

    report = doctored(text(*sops(1), sops=SOPS), transport=site)
    assert [finding.cause for finding in report.findings if finding.check == "clock"] == [cause]
    if cause:
        assert ("ahead of ours" in only(report).detail) == (seconds > 0)
        assert "59 min" in only(report).detail or "1 h" in only(report).detail


def test_a_thousand_tasks_with_one_cause_are_one_finding() -> None:
    """And cost BlueKing little more than a page does."""
    asked: list[Simulator] = []
    config = text(*sops(*range(100_001, 101_001)), *sops(1), sops=SOPS)
    finding = only(doctored(config, simulator=asked.append))
    assert (finding.cause, finding.tasks, len(finding.task_ids)) == ("task_unknown", 1000, 20)
    assert sum(asked[0].requests.values()) < 60


def test_no_time() -> None:
    """What hangs does not hang the doctor."""
    report = doctored(text(*sops(1, 2, 3), sops=SOPS), simulator=lambda s: s.misbehave("sops", "hangs"), seconds=5)
    assert only(report).cause == "timeout"


def test_tasks_that_were_not_reached_are_told() -> None:
    """A warning, not a cause."""
    config = text(*job("nodeman", *range(1, 30)), nodeman=f"{ESB}, requests_per_second: 1, max_connections: 4")
    report = doctored(config, seconds=8)
    late = next(finding for finding in report.findings if finding.cause == "not_examined")
    assert (late.level, late.tasks > 5) == ("warning", True)


def test_a_missing_bulk_api_is_worth_a_warning() -> None:
    """It works without, at a price."""
    report = doctored(
        text(*sops(1, 2, 3), sops=SOPS),
        simulator=lambda s: s.misbehave("sops", "no-resource", operation="get_tasks_status"),
    )
    assert (report.result, [f.cause for f in report.findings if f.level != "ok"]) == ("warning", ["bulk"])


def test_a_missing_list() -> None:
    """With what is known of this very list."""
    report = doctored(
        text(*sops(1), sops=SOPS, more="discover: [{system: sops, bk_biz_id: 2}]\n"),
        simulator=lambda s: s.misbehave("sops", "no-resource", operation="get_task_list"),
    )
    assert (only(report).check, only(report).cause) == ("list", "list")


def test_listings_alone_are_enough_to_examine_a_system() -> None:
    """Nobody needs to name a task."""
    more = "discover: [{system: sops, bk_biz_id: 2}, {system: sops, bk_biz_id: 77}]\n"
    finding = only(doctored(text(sops=SOPS, more=more)))
    assert (finding.check, finding.cause, finding.place) == ("list", "business", "sops biz 77")


def test_a_system_without_anything() -> None:
    """There is nothing to ask for."""
    assert [f.cause for f in doctored(text(sops=SOPS)).findings if f.level == "warning"] == ["nothing_to_ask"]


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("login-page", "login_page"),
        ("redirect", "login_page"),
        ("plain-text", "past_gateway"),
        ("not-granted", "api_not_granted"),
        ("throttled", "throttled"),
        ("garbage", "malformed"),
        ("crashed", "server"),
        ("dead", "server"),
        ("no-resource", "address"),
        ("wrong-credentials", "secret"),
    ],
)
def test_a_system_in_trouble_is_one_finding(word: str, cause: str) -> None:
    """Its tasks are not blamed."""
    report = doctored(text(*sops(1, 2, 3, 4), sops=SOPS), simulator=lambda s: s.misbehave("sops", word))
    assert (only(report).cause, only(report).tasks) == (cause, 0)


def test_one_bad_task_does_not_make_a_bad_system() -> None:
    """The first that is asked for may be the one."""
    report = doctored(text(*sops(90010, 1, 2), sops=SOPS))
    assert (only(report).cause, only(report).task_ids) == ("page", ("90010",))


def test_an_unknown_state_is_worth_a_warning() -> None:
    """The word is told."""
    report = doctored(text(*sops(1, 90025), sops=SOPS))
    (finding,) = [finding for finding in report.findings if finding.level != "ok"]
    assert (finding.cause, "HIBERNATING" in finding.detail) == ("unknown_state", True)


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b"\xff", b'{"result": true, "data": {"hosts": [1], "list": 3}}'])
@pytest.mark.parametrize(("system", "tasks"), [("sops", sops(1, 2)), ("nodeman", job("nodeman", 1, 2))])
def test_odd_answers_are_findings(answer: bytes, system: str, tasks: list[str]) -> None:
    """Whatever comes, the doctor has something to say and no traceback."""
    site = BlueKing(lambda _: httpx.Response(200, content=answer))
    report = doctored(text(*tasks, **{system: ESB}), transport=lambda _: site)
    assert report.result == "wrong"


def test_refusals_that_say_nothing_keep_their_reason() -> None:
    """Without evidence there is no guess."""
    site = BlueKing(lambda request: refusal("x1", "no", headers={}) if "list" not in request.url.path else refusal(1))
    assert only(doctored(text(*sops(1), sops=ESB), transport=lambda _: site)).cause == Reason.REFUSED.value


def test_words_of_causes_are_no_reasons() -> None:
    """Both are causes in the JSON, and must not be mistaken for each other."""
    assert not set(CAUSES) & {reason.value for reason in Reason}
