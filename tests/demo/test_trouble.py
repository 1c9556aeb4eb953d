"""Special task ids and misbehaving systems answer as the table in exporter/demo/trouble.py says."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from exporter.demo.credentials import HEADER
from exporter.demo.site import Options
from exporter.demo.trouble import TROUBLE
from tests.demo.conftest import ESB, GOOD, Client

NUMBERS = {trouble.word: number for number, trouble in TROUBLE.items()}
JSON_ERRORS = [
    # word, gateway's status and code, the ESB's status and code
    ("unknown", 200, 3540400, 200, 3540400),
    ("other-business", 200, 3599999, 200, 3599999),
    ("deleted", 200, 3599999, 200, 3599999),
    ("not-granted", 403, 1640301, 200, 1306403),
    ("forbidden", 200, 3599999, 200, 3599999),
    ("forbidden-old", 200, 9900403, 200, 1306201),
    ("throttled", 429, 1642903, 200, 1306429),
    ("throttled-200", 200, 1642903, 200, 1642903),
    ("engine", 200, 3599999, 200, 3599999),
    ("timeout-200", 200, 1650401, 200, 1650401),
    ("timeout", 504, 1650401, 200, 1306201),
    ("crashed", 500, "50000", 200, 1306201),
    ("object-message", 200, 3546100, 200, 3546100),
    ("wrong-credentials", 400, 1640001, 200, 1306000),
    ("no-resource", 404, 1640401, 404, None),
    ("dead", 502, 1650200, 200, 1306201),
]


@pytest.mark.parametrize(("word", "status", "code", "esb_status", "esb_code"), JSON_ERRORS)
def test_errors_in_json(client: Client, word: str, status: int, code: Any, esb_status: int, esb_code: Any) -> None:
    """Errors that are JSON have their status and code on either route, and `result` is false."""
    gateway, esb = client.sops(NUMBERS[word]), client.sops_esb(NUMBERS[word])
    assert (gateway.status_code, gateway.json()["result"], gateway.json()["code"]) == (status, False, code)
    assert (esb.status_code, esb.json()["result"], esb.json().get("code")) == (esb_status, False, esb_code)


@pytest.mark.parametrize(
    ("word", "status", "media", "size"),
    [
        ("login-page", 200, "text/html; charset=utf-8", 1 << 20),
        ("redirect", 302, "text/html; charset=utf-8", 0),
        ("error-page", 500, "text/html; charset=utf-8", 84),
        ("garbage", 200, "application/json", 41),
        ("plain-text", 403, "text/plain; charset=utf-8", 9),
    ],
)
def test_answers_that_are_no_json(client: Client, word: str, status: int, media: str, size: int) -> None:
    """Pages, redirects and garbage are served as they are, on either route."""
    for answer in (client.sops(NUMBERS[word]), client.sops_esb(NUMBERS[word])):
        assert (answer.status_code, answer.headers["content-type"], len(answer.content)) == (status, media, size)
        with pytest.raises(ValueError, match=r"."):
            json.loads(answer.content)


def test_throttling_says_until_when(client: Client) -> None:
    """The gateway's throttling carries its reset time, also inside HTTP 200, and no Retry-After."""
    for word in ("throttled", "throttled-200"):
        headers = client.over(options=Options(reset=7)).sops(NUMBERS[word]).headers
        assert headers["X-Bkapi-RateLimit-Reset"] == "7"
        assert "Retry-After" not in headers


def test_every_row_of_the_table_answers(client: Client) -> None:
    """Every id of the table gets an answer in every system, except the one that never answers."""
    client.over(options=Options(slow=0.0))
    for number in set(TROUBLE) - {NUMBERS["hangs"]}:
        for answer in (client.sops(number), client.bkflow(number), client.nodeman(number), client.gsekit(number)):
            assert answer.status_code in {200, 302, 400, 403, 404, 429, 500, 502, 504}


def test_healthy_tasks_of_the_table(client: Client) -> None:
    """The slow, the moody and the strange task are good answers."""
    client.over(options=Options(slow=0.0))
    for word in ("slow", "moody", "new-state", "expired"):
        assert client.sops(NUMBERS[word]).json()["result"] is True
    assert client.sops(NUMBERS["expired"]).json()["data"] == {"state": "EXPIRED", "name": "已归档"}
    assert client.sops(NUMBERS["new-state"]).json()["data"]["state"] == "HIBERNATING"


def test_moods_pass(client: Client) -> None:
    """The moody task is throttled in the last minute of every ten."""
    client.clock.now += 555
    assert client.sops(NUMBERS["moody"]).status_code == 429
    client.clock.now += 60
    assert client.sops(NUMBERS["moody"]).status_code == 200


def test_permission_errors_of_each_system(client: Client) -> None:
    """Each system refuses a user in its own way."""
    number = NUMBERS["forbidden"]
    assert client.bkflow(number).status_code == 403
    assert set(client.bkflow(number).json()) == {"result", "message"}
    assert client.nodeman(number).json()["code"] == "9900403"
    assert {"permission", "apply_url"} <= set(client.gsekit(number).json()["data"])
    assert "permission" in client.sops(NUMBERS["forbidden-old"]).json()
    assert "permission" in client.over(options=Options(sops_release="3.30")).sops(number).json()


def test_a_business_that_the_user_may_not_see(client: Client) -> None:
    """The last business, and the last space, are there but closed."""
    assert client.sops(35, biz=4).json()["code"] == 3599999
    assert client.sops(35, biz=77).json()["code"] == 3540400
    assert client.bkflow(1, space=9).status_code == 403
    assert client.nodeman(35).json()["code"] == "9900403"
    assert client.gsekit(35, biz=4).json()["code"] == "9900403"


def test_bkflow_engine_trouble(client: Client) -> None:
    """BKFlow shows a traceback for one task, and a null state for it among others."""
    number = NUMBERS["engine"]
    assert "Traceback" in client.bkflow(number).json()["exc_trace"]
    body = {"task_ids": [1, number]}
    states = client.ask("POST", "/api/bkflow/prod/space/1/get_tasks_states/", json=body).json()["data"]
    assert states == {"1": {"state": "RUNNING"}, str(number): {"state": None}}


def test_bkflow_of_another_space(client: Client) -> None:
    """A task of another space is a wrapped 403 without a code."""
    answer = client.bkflow(NUMBERS["other-business"]).json()
    assert answer["message"].startswith("Request API error, status_code: 403")
    assert "code" not in answer


@pytest.mark.parametrize("word", ["dead", "auth-free"])
def test_unknown_words_are_refused(client: Client, word: str) -> None:
    """A system misbehaves only in ways that the table knows."""
    if word == "dead":
        client.simulator.misbehave("sops", word)
        assert client.sops(1).status_code == 502
        assert client.bkflow(1).status_code == 200
        client.simulator.misbehave("sops", None)
        assert client.sops(1).status_code == 200
    else:
        with pytest.raises(ValueError, match="no trouble"):
            client.simulator.misbehave("sops", word)
        with pytest.raises(ValueError, match="no system"):
            client.simulator.misbehave("cmdb", "dead")


def test_one_operation_misbehaves(client: Client) -> None:
    """A single API of a system can fail while its others work, and options can change while it runs."""
    client.simulator.misbehave("sops", "no-resource", operation="get_tasks_status")
    assert client.batch(1).json()["code"] == 1640401
    assert client.sops(1).status_code == 200
    client.simulator.misbehave("sops", None, operation="get_tasks_status")
    assert client.batch(1).status_code == 200
    client.simulator.configure(reset=30)
    assert client.sops(NUMBERS["throttled"]).headers["X-Bkapi-RateLimit-Reset"] == "30"


def test_a_task_id_that_is_no_number(client: Client) -> None:
    """At the gateway a word for a task id fits no route of bk-sops: its home page."""
    answer = client.sops("abc")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert client.bkflow("abc").json()["code"] == "not_found"


def test_one_task_misbehaves_and_mends(client: Client) -> None:
    """Any task can be given a trouble, and any special one can be healed."""
    client.simulator.misbehave("sops", "error-page", task=1)
    client.simulator.misbehave("sops", None, task=NUMBERS["dead"])
    assert client.sops(1).status_code == 500
    assert client.bkflow(1).status_code == 200
    assert client.sops(NUMBERS["dead"]).json()["code"] == 3540400


def test_hanging_ends_when_the_client_leaves(client: Client) -> None:
    """A request that is never answered is given up when its client has gone, and was counted."""

    async def scenario() -> None:
        transport = httpx.ASGITransport(client.simulator.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bk", headers={HEADER: json.dumps(GOOD)}
        ) as http:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(http.get(f"/api/bk-sops/prod/get_task_status/{NUMBERS['hangs']}/2/"), 0.01)

    asyncio.run(scenario())
    assert client.simulator.in_flight == 0
    assert client.simulator.log[-1].status == 0


def test_shares_of_bad_answers(client: Client) -> None:
    """Of many answers about the given share is broken or throttled, and the same ones with the same seed."""

    def bad() -> list[int]:
        client.over(options=Options(broken=0.2, throttled=0.1), seed=5)
        return [i for i in range(100) if not good(client)]

    def good(asking: Client) -> bool:
        answer = asking.sops(1)
        return answer.headers["content-type"] == "application/json" and answer.content[:14] == b'{"result":true'

    first = bad()
    assert 15 <= len(first) <= 45
    assert bad() == first


def test_a_limit_of_requests(client: Client) -> None:
    """Above the limit of one second the gateway throttles; the next second is another one."""
    client.over(options=Options(limit=2))
    assert [client.sops(1).status_code for _ in range(3)] == [200, 200, 429]
    client.clock.now += 1
    assert client.sops(1).status_code == 200


def test_the_esb_hides_what_is_not_json(client: Client) -> None:
    """A backend's page or status never gets through the ESB, except gsekit's JSON."""
    client.over(options=Options(nodeman="2.x"))
    assert client.nodeman(1).json()["code"] == 1306201
    assert client.ask("GET", f"{ESB}/nodeman/2/tasks/1/").json()["code"] == 1306201
    assert client.details(1).json()["result"] is True
    assert client.over(options=Options(nodeman="legacy")).details(1).json()["code"] == 1306201
