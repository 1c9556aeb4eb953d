"""What nobody may see."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import httpx
import pytest

from exporter.config import Credentials, Secret, Setting
from exporter.masking import Masker, hide, secrets_of, without_failures
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


def masker(secret: str, **more: Secret) -> Masker:
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret(secret), **more)
    return Masker(secrets_of(system_config(credentials=credentials)))


def test_an_answer_is_masked_where_it_repeats_a_secret() -> None:
    """What is good JSON stays good JSON; what repeats nothing stays what it is."""
    secret = 'long "and\\ awkwärd'
    body = json.dumps({"message": json.dumps({"bk_app_secret": secret}), "name": secret}).encode()
    masked = json.loads(masker(secret).body(body))
    assert masked == {"message": '{"bk_app_secret": "<secret>"}', "name": "<secret>"}
    clean = b'{"name": "x"}'
    assert masker(secret).body(clean) is clean


def test_headers_are_masked() -> None:
    """All of them, in their order."""
    headers = httpx.Headers([("X-A", "1"), ("X-B", "it is long-secret!"), ("X-B", "2")])
    assert masker("long-secret").headers(headers).multi_items() == [
        ("x-a", "1"),
        ("x-b", "it is <secret>!"),
        ("x-b", "2"),
    ]
    assert masker("another-secret").headers(headers) is headers


def test_a_short_secret_does_not_spoil_answers() -> None:
    """The letters of a word that nobody should use as a secret stand everywhere; it is hidden in messages only."""
    short = masker("data")
    assert short.body(b'{"data": 1}') == b'{"data": 1}'
    assert short.text("no data") == "no <secret>"


@pytest.mark.parametrize("secret", ["3f2a1c9e-77aa-4b0e-9b7e-aaaabbbbcccc", "a.b_c~d-1"])
def test_a_usual_secret_has_one_spelling(secret: str) -> None:
    """... so that looking for it costs one search."""
    assert secrets_of(system_config(credentials=Credentials(bk_app_secret=Secret(secret)))) == [secret]
