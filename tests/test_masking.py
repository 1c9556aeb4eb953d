"""What nobody may see."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exporter.config import Credentials, Secret, Setting
from exporter.masking import LAYERS, PAST, Masker, without_failures
from exporter.systems import SYSTEMS
from tests.spelt import CODED, ESCAPED, in_units, inside
from tests.support import system_config

AWKWARD = 'p"ä/s s+\\word'
USUAL = "3f2a1c9e-77aa-4b0e-9b7e-aaaabbbbcccc"


def masker(secret: str, **more: Secret) -> Masker:
    credentials = Credentials(bk_app_code=Setting("app"), bk_app_secret=Secret(secret), **more)
    return Masker([system_config(credentials=credentials)])


@pytest.mark.parametrize("spell", ESCAPED.values(), ids=list(ESCAPED))
@pytest.mark.parametrize("secret", [USUAL, AWKWARD, "long&/secret<?>", "geheim-Geheimnis-秘密😀"])
def test_a_secret_is_hidden_however_it_is_escaped(secret: str, spell: Callable[[str], str]) -> None:
    """In words for people, in a page, in a text of JSON, and in a header."""
    hiding, spelt = masker(secret), spell(secret)
    assert hiding.text(f"it is {spelt}!") == "it is <secret>!"
    assert hiding.body(f"<p>{spelt}</p>".encode()) == b"<p><secret></p>"
    body = json.dumps({spelt: [f"it is {spelt}!", 1.50]}).encode()
    assert hiding.body(body).replace(b": [", b":[") == b'{"<secret>":["it is <secret>!", 1.5]}'
    assert hiding.headers(httpx.Headers([(b"x", spelt.encode())]))["x"] == "<secret>"


@pytest.mark.parametrize("secret", [USUAL, "p+/s s+?>word", "geheim-Geheimnis-秘密"])
@pytest.mark.parametrize("escape", [str, inside, lambda text: text.replace("/", "\\/"), quote])
def test_a_secret_is_hidden_in_hex_and_base64(secret: str, escape: Callable[[str], str]) -> None:
    """Of itself and of what is around it, but for the signs that stand for a part of it only."""
    for name, spell in CODED.items():
        code = spell(secret)
        hidden = masker(secret).text(f"it is {escape(code)}!")
        assert "<secret>" in hidden, name
        behind = hidden.partition("<secret>")[2]
        assert all(code[at : at + 8] not in behind for at in range(len(code) - 8)) or "header" in name


@pytest.mark.parametrize("secret", ["1234567890", "1.23456789"])
def test_a_secret_that_is_a_number_is_hidden_too(secret: str) -> None:
    """JSON stays JSON."""
    assert json.loads(masker(secret).body(f'{{"id": {secret}}}'.encode())) == {"id": "<secret>"}


def test_the_proxys_password_is_a_secret() -> None:
    """It stands in an address of its own, and in what a proxy is sent."""
    hiding = Masker([system_config(proxy_url=Secret("http://user:pr0xy-word@proxy.test:3128"))])
    assert hiding.text("no way through user:pr0xy-word@proxy.test") == "no way through user:<secret>@proxy.test"
    assert hiding.text(base64.b64encode(b"user:pr0xy-word").decode()) == "<secret>"


def test_the_secrets_of_all_systems_are_hidden() -> None:
    """BlueKing is one, and one system may repeat what another was sent."""
    systems = [system_config(name, credentials=Credentials(bk_app_secret=Secret(f"{name}-word"))) for name in SYSTEMS]
    assert Masker(systems).text("sops-word bkflow-word") == "<secret> <secret>"


def test_secrets_from_before_are_hidden_too() -> None:
    """Of before a rotation and of before a reload, the latest of them; what is no secret is not."""
    secret = Secret("word-0")
    hiding = Masker([system_config(credentials=Credentials(bk_app_code=Setting("app"), bk_app_secret=secret))])
    for number in range(1, PAST + 3):
        secret._value = f"word-{number}"  # as its file would do
        hiding.refresh()
    fresh = masker("another-word")
    fresh.succeed(hiding)
    fresh.succeed(hiding)
    shown = fresh.text(" ".join(f"word-{number}." for number in range(PAST + 3)))
    assert shown == f"word-0. word-1. word-2. {' '.join(['<secret>.'] * PAST)}"
    assert fresh.text("app another-word") == "app <secret>"


def test_the_longest_secret_is_hidden_first() -> None:
    """One that begins like another leaves no end behind."""
    assert masker("word", bk_token=Secret("word-and-more")).text("word-and-more word") == "<secret> <secret>"


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


SECRETS = st.text(min_size=8, max_size=20) | st.text('ab%\\"/&#;1nu0\n é秘😀', min_size=8, max_size=12)


@st.composite
def mixtures(draw: st.DrawFn, text: str) -> str:
    """The text as a part of JSON, each character in one of the ways to write it there."""
    spelt = ""
    for sign in text:
        ways = [inside(sign), in_units(sign, str.lower), in_units(sign, str.upper)]
        ways += [sign] * (sign >= " " and sign not in '"\\') + ["\\/"] * (sign == "/")
        spelt += draw(st.sampled_from(ways))
    return spelt


@given(st.data(), SECRETS, st.text(max_size=8), st.text(max_size=8))
def test_any_secret_in_any_escapes_of_json_is_hidden(data: st.DataObject, secret: str, before: str, after: str) -> None:
    """Whatever it consists of and whatever is around it; what was JSON is JSON."""
    assume(secret != "<secret>")
    body = "{" + ", ".join(f'"{data.draw(mixtures(before + secret + after))}": {n}' for n in range(2)) + "}"
    hidden = json.loads(masker(secret).body(body.encode("utf-8", "surrogatepass")), strict=False)
    assert hidden
    assert not any(secret in key for key in hidden)
    assert all("<secret>" in key for key in hidden)


@given(st.data(), st.text("ab1nu0%&;", max_size=6), st.integers(0, len(USUAL) - 1))
def test_what_holds_no_secret_is_not_changed(data: st.DataObject, around: str, at: int) -> None:
    """Not even by a character, also where all of a secret but one character stands in it."""
    almost = USUAL[:at] + "+" + USUAL[at + 1 :]
    document = f'{{"{data.draw(mixtures(around + almost + around))}": "{data.draw(mixtures(almost))}"}}'.encode()
    assert masker(USUAL).body(document) is document
    assert masker(AWKWARD).body(document) is document


@given(st.binary(max_size=60) | st.text('ab"\\ /%&#;x0', max_size=40).map(str.encode))
def test_what_is_anything_else_is_not_changed(document: bytes) -> None:
    """No text is read in a way that adds or loses something."""
    assert masker(USUAL).body(document) is document
    assert masker(AWKWARD).body(document) is document
    text = document.decode("utf-8", "surrogateescape")
    assert masker(AWKWARD).text(text) is text


def test_escapes_within_escapes_are_undone_for_some_layers() -> None:
    """Not for as many as somebody likes to write."""
    spelt = f"%{'25' * 100_000}41{'%25' * 100_000}{USUAL}"
    assert USUAL not in masker(USUAL).text(spelt)
    inner = "3%66" + USUAL[2:]
    for _ in range(LAYERS - 1):
        inner = inner.replace("%", "%25")
    assert masker(USUAL).text(inner) == "<secret>"
    assert masker(USUAL).text(inner.replace("%", "%25")) != "<secret>"


@pytest.mark.parametrize("part", ['"', '\\"', "\\", "%25", "&#", "&#0", "\\u00", '"\\', "1e", "[", '"a",', "&amp;"])
def test_an_answer_that_is_a_mile_long_is_read_once(part: str) -> None:
    """Quotes without an end and the like do not make it look again from each of them."""
    document = (part * 200_000 + USUAL).encode()
    assert USUAL.encode() not in masker(USUAL).body(document)
