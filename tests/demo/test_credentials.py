"""Gateway and ESB let in whom the real ones let in, and refuse the others in their words."""

from typing import Any

import pytest

from exporter.demo.site import Options
from tests.demo.conftest import ESB, GOOD, Client

PLAIN = {"bk_app_code": "plain-app", "bk_app_secret": "plain-secret"}


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        (None, "bk_app_code"),
        ("not json", "not JSON"),
        ("[]", "not a JSON object"),
        ({}, "bk_app_code"),
        ({**GOOD, "bk_app_code": "nobody"}, "app not found"),
        ({**GOOD, "bk_app_secret": "wrong"}, "bk_app_secret"),
        ({**GOOD, "bk_username": ""}, "user"),
        ({**PLAIN, "bk_username": "admin"}, "not verified"),
        ({**PLAIN, "bk_token": "expired"}, "bk_token"),
        ({"access_token": "expired"}, "access_token"),
        ({"access_token": "app-access-token"}, "user"),
    ],
)
def test_the_gateway_refuses(client: Client, credentials: Any, reason: str) -> None:
    """Every credential fault is HTTP 400 and 1640001 at the gateway; the reason stands in the message."""
    client.credentials = credentials
    answer = client.sops(1)
    assert answer.status_code == 400
    assert answer.json()["code"] == 1640001
    assert answer.json()["code_name"] == "INVALID_ARGS"
    assert answer.headers["X-Bkapi-Error-Code"] == "1640001"
    assert reason in answer.json()["message"]


@pytest.mark.parametrize(
    "credentials",
    [
        GOOD,
        {**PLAIN, "bk_token": "demo-token"},
        {**PLAIN, "bk_ticket": "demo-token"},
        {"access_token": "demo-access-token"},
    ],
)
def test_the_gateway_accepts(client: Client, credentials: Any) -> None:
    """An exempted app with a bare user name, a user's token, or an access token of both will do."""
    client.credentials = credentials
    assert client.sops(1).json()["result"] is True


def test_bkflow_needs_the_app_only(client: Client) -> None:
    """The space APIs of BKFlow need no user; the API by app does."""
    client.credentials = PLAIN
    assert client.bkflow(1).json()["result"] is True
    assert client.ask("GET", "/api/bkflow/prod/task/1/get_task_states_by_app/").status_code == 400
    client.credentials = GOOD
    assert client.ask("GET", "/api/bkflow/prod/task/1/get_task_states_by_app/").json()["result"] is True


def test_the_system_resources_need_the_app_only(client: Client) -> None:
    """bk-sops' app-level resources of multi-tenant sites need no user."""
    client.credentials = PLAIN
    assert client.ask("GET", "/api/bk-sops/prod/system/get_task_status/1/2/").json()["result"] is True


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (None, 1306000),
        ("not json", 1306406),
        ({**GOOD, "bk_app_secret": "wrong"}, 1306000),
        ({**GOOD, "bk_username": ""}, 1306000),
        ({**PLAIN, "bk_username": "admin"}, 1306000),
        ({"bk_app_code": "stranger-app", "bk_app_secret": "stranger-secret", "bk_username": "admin"}, 1306403),
    ],
)
def test_the_esb_refuses(client: Client, credentials: Any, code: int) -> None:
    """The ESB refuses with HTTP 200, whatever is wrong."""
    client.credentials = credentials
    answer = client.sops_esb(1)
    assert answer.status_code == 200
    assert (answer.json()["result"], answer.json()["code"]) == (False, code)
    assert len(answer.json()["request_id"]) == 32


def test_the_esb_reads_parameters_after_the_header(client: Client) -> None:
    """Without a header the ESB takes credentials from the query, under old names too; the header wins."""
    old: dict[str, Any] = {"app_code": "task-exporter", "app_secret": "demo-secret", "username": "admin"}
    client.credentials = None
    assert client.sops_esb(1, **old).json()["result"] is True
    client.credentials = {**GOOD, "bk_app_secret": "wrong"}
    assert client.sops_esb(1, **old).json()["code"] == 1306000


def test_the_gateway_does_not_read_the_query(client: Client) -> None:
    """Credentials in a query are nothing to the gateway, unless it was told to read them."""
    client.credentials = None
    assert client.sops(1, **dict[str, Any](GOOD)).status_code == 400
    client.over(options=Options(query_credentials=True))
    assert client.sops(1, **dict[str, Any](GOOD)).status_code == 200


def test_an_app_without_permission(client: Client) -> None:
    """An app that was not granted the API gets 403 and 1640301 at the gateway."""
    client.credentials = {"bk_app_code": "stranger-app", "bk_app_secret": "stranger-secret", "bk_username": "admin"}
    answer = client.sops(1)
    assert (answer.status_code, answer.json()["code"]) == (403, 1640301)


def test_unknown_paths(client: Client) -> None:
    """A wrong path, method or stage is 1640401 at the gateway, and a 404 without a code at the ESB."""
    for method, path in (("GET", "/api/bk-sops/prod/nothing/"), ("POST", "/api/bk-sops/prod/get_task_status/1/2/")):
        assert client.ask(method, path).json()["code"] == 1640401
    assert client.ask("GET", "/api/bk-sops/test/get_task_status/1/2/").status_code == 404
    assert client.ask("GET", "/elsewhere").json()["code"] == 1640401
    answer = client.ask("GET", f"{ESB}/sops/nothing/")
    assert answer.status_code == 404
    assert "code" not in answer.json()


def test_the_esb_insists_on_what_fills_the_path(client: Client) -> None:
    """A parameter that the ESB moves into the backend's path must be there: 1306406."""
    assert client.ask("GET", f"{ESB}/sops/get_task_status/", params={"task_id": 1}).json()["code"] == 1306406
    assert client.ask("POST", f"{ESB}/gsekit/api/job/job_status/", json={"bk_biz_id": 2}).json()["code"] == 1306406


def test_a_body_that_is_no_json(client: Client) -> None:
    """A malformed body is 1306000 at the ESB, and each system's own parameter error behind the gateway."""
    bad = {"content": b"{", "headers": {"content-type": "application/json"}}
    assert client.ask("POST", f"{ESB}/gsekit/api/job/job_status/", **bad).json()["code"] == 1306000
    assert client.ask("POST", "/api/bk-sops/prod/get_tasks_status/2/", **bad).json()["code"] == 3540000
    assert client.ask("POST", "/api/bkflow/prod/space/1/get_tasks_states/", **bad).status_code == 400
    assert client.ask("POST", "/api/bk-nodeman/prod/api/job/job_list/", **bad).json()["code"] == 3800400
    assert client.ask("POST", "/api/bk-nodeman/prod/api/job/job_list/", content=b"[]").json()["code"] == 3800400
