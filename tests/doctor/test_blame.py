"""What BlueKing's own words tell of credentials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.config import Credentials, Secret, Setting
from exporter.doctor.blame import cause_of, credential_cause, of_the_system
from exporter.errors import Reason, TaskError

NOBODY = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret("word"))
NAMED = replace(NOBODY, bk_username=Setting("admin"))
TOKEN = replace(NOBODY, bk_token=Secret("t"))
NO_USER = (
    'Parameters error [reason="user authentication failed, please provide a valid user identity, such as '
    'bk_username, bk_token, access_token"]'
)


@pytest.mark.parametrize(
    ("message", "credentials", "cause"),
    [
        ('Parameters error [reason="bk_app_code or bk_app_secret is incorrect"]', NAMED, "secret"),
        ('Parameters error [reason="app secret cannot be longer than 128 characters"]', NAMED, "secret"),
        ('Parameters error [reason="please provide bk_app_secret or bk_signature to verify app"]', NAMED, "secret"),
        (
            "APP Secret verification failed, pelase confirm if the APP Secret and APP Code [bk_app_code=x] match",
            NAMED,
            "secret",
        ),
        ('Parameters error [reason="app not found"]', NAMED, "app"),
        ('Parameters error [reason="app code cannot be empty"]', NAMED, "app"),
        ("APP Code [bk_app_code] cannot be empty", NAMED, "app"),
        (
            'Parameters error [reason="user authentication failed, the user indicated by bk_username is not verified"]',
            NAMED,
            "user_not_verified",
        ),
        (
            "User authentication failed, please provide a valid user identity, such as bk_token, bk_username",
            NAMED,
            "user_not_verified",
        ),
        (
            NO_USER,
            NOBODY,
            "user_missing",
        ),
        (
            NO_USER,
            TOKEN,
            "user_token",
        ),
        ("User authentication failed, please check if the bk_token is valid", TOKEN, "user_token"),
        ('Parameters error [reason="access_token is invalid, url: x, code: 403"]', NAMED, "access_token"),
        ("the access_token is the application type and cannot indicate the user", NAMED, "access_token"),
        ("verify access_token failed, please check if the access_token is valid", NAMED, "access_token"),
        ("request bkauth api error, please try again later", NAMED, "credentials"),
        ("认证失败", NAMED, "credentials"),
        ("", NAMED, "credentials"),
    ],
)
def test_credential_messages(message: str, credentials: Credentials, cause: str) -> None:
    """The literals of gateway and ESB; what is none of them is not guessed at."""
    assert credential_cause(message, credentials) == cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (TaskError(Reason.FORBIDDEN, "", code="1640302", explicit=True), "ip"),
        (TaskError(Reason.AUTH, "", code="3800018", explicit=True), "past_gateway"),
        (TaskError(Reason.AUTH, "a web page"), "login_page"),
        (TaskError(Reason.BAD_URL, "", code="1640401", explicit=True), "address"),
        (TaskError(Reason.TLS, ""), "tls"),
    ],
)
def test_other_errors_of_a_system(error: TaskError, cause: str) -> None:
    """The closest word there is."""
    assert of_the_system(error)
    assert cause_of(error, NAMED) == cause
