"""Whatever a file holds, it is a configuration or a ConfigError, soon."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config import loads, masked, parse_task
from exporter.errors import ConfigError, UserError
from exporter.systems import SYSTEMS
from tests.config.conftest import ENVIRON

VALID: dict[str, Any] = {
    "bkapi": {
        "auth": {"bk_app_code": "task-exporter", "bk_app_secret": "${SECRET}", "bk_username": "admin"},
        "timeout": "10s",
        "max_connections": 32,
        "requests_per_second": 10,
        "tls": {"ca_file": None, "insecure_skip_verify": False},
        "proxy_url": "http://u:p@proxy:1",
    },
    "systems": {
        "sops": {"url": "https://bk-sops.example.com/prod"},
        "nodeman": {"url": "https://paas.example.com", "route": "esb", "api": "get_task_info"},
    },
    "collect": {"cache_ttl": "10s", "nodes": "all", "nodes_per_task": 100, "time_zone": "Asia/Shanghai"},
    "tasks": [{"system": "sops", "bk_biz_id": 2, "task_id": 10}, {"system": "nodeman", "bk_biz_id": 2, "job_id": 187}],
    "discover": [{"system": "sops", "bk_biz_id": 2, "created_within": "24h", "template_id": [7, 8]}],
    "probe": {"allow": [{"system": "sops", "bk_biz_id": 2}]},
}

WORDS = [
    "system",
    "sops",
    "nodeman",
    "bk_biz_id",
    "url",
    "auth",
    "<<",
    "${SECRET}",
    "${NOPE}",
    "$${",
    "10s",
    "esb",
    "../x",
    "*a",
    "&a",
    "",
]
#: Two noisy cores need patience.
patient = settings(deadline=None, max_examples=60)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.dates(),
    st.binary(max_size=4),
    st.sampled_from(WORDS),
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def spots(tree: Any) -> list[tuple[Any, Any]]:
    """Every container of the tree with each of its keys."""
    found = []
    members = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for key, value in members:
        found += [(tree, key), *spots(value)]
    return found


def copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return [copied(value) for value in tree] if isinstance(tree, list) else tree


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    """The valid configuration with up to three values replaced, dropped, or given beside."""
    tree = copied(VALID)
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(spots(tree))) if spots(tree) else (None, None)
        match draw(st.sampled_from(["replace", "drop", "add"])):
            case "replace" if holder is not None:
                holder[key] = draw(trees)
            case "drop" if holder is not None:
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(WORDS) | st.text(max_size=6))] = draw(trees)
            case "add" if holder is not None:
                holder.append(draw(trees))
    return tree


def check(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert "s3cret" not in masked(loads(text, "c.yaml", ENVIRON))
    try:
        loads(text, "c.yaml", ENVIRON)
    except ConfigError as error:
        lines = error.lines()
        assert lines
        assert all("\n" not in line and line.startswith("c.yaml:") and "s3cret" not in line for line in lines)


def test_the_unchanged_tree_is_accepted() -> None:
    """The mutants begin at something good."""
    loads(yaml.safe_dump(VALID), "c.yaml", ENVIRON)


@patient
@given(mutants())
def test_a_mutant_is_read_or_refused(tree: Any) -> None:
    """No tree of YAML raises anything but ConfigError, in single lines."""
    check(yaml.safe_dump(tree, allow_unicode=True))


@patient
@given(trees)
def test_any_tree_is_read_or_refused(tree: Any) -> None:
    """So does one that never was a configuration."""
    check(yaml.safe_dump(tree))


@patient
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """And what is no YAML."""
    check(text)


@patient
@given(st.integers(0, 10**6), st.sampled_from(list("{}[]:,&*!|>'\"%@`#-?\n\t \x00\ud800é")))
def test_a_character_more_is_read_or_refused(where: int, character: str) -> None:
    """One wrong key on the keyboard is never a traceback."""
    text = yaml.safe_dump(VALID)
    where %= len(text)
    check(text[:where] + character + text[where:])


@patient
@given(
    st.sampled_from([*SYSTEMS, "", "x"]),
    st.dictionaries(st.sampled_from([*WORDS, "task_id", "job_id"]) | st.text(max_size=9), st.text(max_size=12)),
)
def test_any_parameters_are_read_or_refused(system: str, params: dict[str, str]) -> None:
    """A query names a task, or is refused in one line."""
    message = ""
    try:
        parse_task(system, params)
    except UserError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested more than 32 levels deep"),
        ("{a: " * 100_000, "nested more than 32 levels deep"),
        ("- " * 100_000, "nested more than 32 levels deep"),
        ("? " * 100_000, "nested more than 32 levels deep"),
        ("a: &a [*a]", "an alias (*name) without its anchor (&name) above it"),
        ("a: &a {<<: *a}", "an alias (*name) without its anchor (&name) above it"),
        ("tasks: [{task_id: " + "9" * 100_000 + ", system: sops, bk_biz_id: 2}]", "must be a whole number, got '999"),
        ("x" * 1_000_000 + ": 1", "not YAML"),
        ("? " + "x" * 1_000_000 + "\n: 1", "unknown key"),
        ("bkapi: {timeout: " + "1" * 1_000_000 + "s}", "not a duration: '111"),
    ],
    ids=["lists", "mappings", "sequences", "keys", "self", "self-merge", "digits", "key", "long-key", "duration"],
)
def test_a_bomb_is_refused_soon(text: str, message: str) -> None:
    """Depth and length are bounded, and messages stay short."""
    with pytest.raises(ConfigError) as caught:
        loads(text, "c.yaml", {})
    assert any(message in line for line in caught.value.lines())
    assert all(len(line) < 400 for line in caught.value.lines())


def test_aliases_cannot_multiply_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that stands for a large one is measured by what it stands for."""
    monkeypatch.setattr("exporter.config.reader.MAX_VALUES", 10_000)
    listing = "{system: sops, bk_biz_id: 2, template_id: [" + "7, " * 99 + "7]}"
    text = f"discover:\n- &a {listing}\n" + "- *a\n" * 1000
    with pytest.raises(ConfigError) as caught:
        loads(text, "c.yaml", {})
    assert caught.value.lines() == [
        "c.yaml:2: more than 10,000 values, aliases followed: no configuration is that large"
    ]


def test_merges_cannot_multiply_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a merge brings counts as if it were written."""
    monkeypatch.setattr("exporter.config.tree.MAX_EVENTS", 10_000)
    keys = ", ".join(f"k{number}: 1" for number in range(1000))
    text = f"a: &a {{{keys}}}\nb: [" + "{<<: *a}, " * 100 + "]\n"
    with pytest.raises(ConfigError) as caught:
        loads(text, "c.yaml", {})
    assert caught.value.lines() == ["c.yaml:2: more than 10,000 values: no configuration is that large"]


def test_very_many_problems_are_cut() -> None:
    """A file of another kind is refused without a page of words for each of its lines."""
    for text in ("".join(f"key{number}: 1\n" for number in range(5000)), "a: 1\n" * 5000):
        with pytest.raises(ConfigError) as caught:
            loads(text, "c.yaml", {})
        lines = caught.value.lines()
        assert len(lines) == 1001
        assert lines[-1].endswith("more than 1,000 problems; the rest is not shown")
