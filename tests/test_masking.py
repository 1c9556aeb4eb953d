"""What nobody may see."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from exporter.config import Credentials, Secret, Setting
from exporter.masking import hide, secrets_of, without_failures
from tests.support import system_config

AWKWARD = 'p"ä/s s+\\word'


@pytest.mark.parametrize("spell", [str, json.dumps, quote, quote_plus, lambda text: quote(text, safe="")])
def test_a_secret_is_hidden_in_every_spelling(spell) -> None:
    """As it is, in JSON, and in an address."""
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret(AWKWARD))
    secrets = secrets_of(system_config(credentials=credentials))
    assert hide(f"<{spell(AWKWARD)}>", secrets).strip('"<>').strip('"') == "secret"


def test_the_proxys_password_is_a_secret() -> None:
    """It stands in an address of its own."""
    config = system_config(proxy_url=Secret("http://user:pr0xy-word@proxy.test:3128"))
    assert hide("no way through user:pr0xy-word@proxy.test", secrets_of(config)).count("pr0xy-word") == 0


def test_what_was_sent_before_a_rotation_is_a_secret_too() -> None:
    """App code and user are none."""
    sent = json.dumps({"bk_app_code": "app", "bk_app_secret": "old-word", "bk_username": "admin"})
    assert hide(f"admin of app: {sent}", secrets_of(system_config(), sent)).startswith("admin of app")
    assert "old-word" not in hide(sent, secrets_of(system_config(), sent))


def test_the_longest_secret_is_hidden_first() -> None:
    """One that begins like another leaves no end behind."""
    credentials = Credentials(bk_app_secret=Secret("word"), bk_token=Secret("word-and-more"))
    assert hide("word-and-more word", secrets_of(system_config(credentials=credentials))) == "<secret> <secret>"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"ex_data": {"n": "x"}, "state": "FAILED"}', ["<failure data>", "FAILED"]),
        ('{"a": [{"exc_trace": "x"}], "exc": null}', ["<failure data>", "null"]),
        ('{"extra_data__failed_reason": "x"}', ["<failure data>"]),
        ('{"job_info": {"extra_data": {}}}', ["{}"]),
        ('{"state": "FAILED", "ex_data": "x', ["FAILED", "<failure data>"]),
        ("<html>", ["<html>"]),
        ("[" * 100_000, ["[["]),
        ('{"a":' * 100_000 + '{"ex_data": "x"}' + "}" * 100_000, ["<failure data>"]),
        ('{"bad": "\ud800"}', ["bad"]),
        ("", []),
    ],
)
def test_failure_data_is_left_out(body: str, shown: list[str]) -> None:
    """Of JSON the values, of anything else the rest."""
    told = without_failures(body)
    assert '"x' not in told
    assert [word for word in shown if word not in told] == []
