"""The texts of both languages."""

import re
import string
from importlib import resources

import pytest

from exporter.errors import Reason
from exporter.model import State
from exporter.ui.chinese import CHINESE
from exporter.ui.english import ENGLISH
from exporter.ui.health import Health

TEMPLATES = {
    path.name: path.read_text("utf-8")
    for path in (resources.files("exporter.ui") / "templates").iterdir()
    if path.name.endswith(".html")
}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_in_the_same_order():
    """A text that is added to one is missing in the other until it is there too."""
    assert list(ENGLISH) == list(CHINESE)


def test_both_languages_have_the_same_places():
    """What a template fills in is said in both languages; English plurals may say one in a word."""
    assert {key: places(text) for key, text in ENGLISH.items()} == {key: places(text) for key, text in CHINESE.items()}


def test_no_text_is_empty_and_chinese_is_chinese():
    """... but for names and signs."""
    same = {key for key in ENGLISH if ENGLISH[key] == CHINESE[key]}
    assert same == {"version", "unknown", "part", "node.span"}
    assert all(ENGLISH.values())
    assert all(CHINESE.values())


@pytest.mark.parametrize("prefix", ["reason.", "cure."])
def test_every_reason_is_explained(prefix: str):
    """What went wrong, and what to do."""
    assert {key for key in ENGLISH if key.startswith(prefix)} == {prefix + reason for reason in Reason}


def test_every_state_and_health_has_a_word():
    """The closed vocabularies, `unreadable` and `attention`."""
    states = {key.removeprefix("state.") for key in ENGLISH if key.startswith("state.")}
    assert states == {*State, "unreadable", "attention"}
    assert {key.removeprefix("health.") for key in ENGLISH if key.startswith("health.")} == {*Health}


def test_every_text_is_used_and_every_text_that_is_used_exists():
    """Keys that templates put together begin with one of these."""
    built = ("state.", "reason.", "cure.", "health.", "unit.", "bar.none.", "refused.")
    literal = {key for text in TEMPLATES.values() for key in re.findall(r"""["']([a-z]+(?:[._][a-z_]+)*)["']""", text)}
    plural = {key.rpartition(".")[0] for key in ENGLISH if key.endswith((".one", ".many"))}
    in_code = {"now", "ago", "node", "host", "job_task"}
    unused = [
        key
        for key in ENGLISH
        if key not in literal | in_code
        and not key.startswith(built)
        and key.rpartition(".")[0] not in plural & (literal | in_code)
    ]
    assert unused == []
    asked = {key for text in TEMPLATES.values() for key in re.findall(r"""\bsay\(["']([^"']+)["'][,)]""", text)}
    assert asked - set(ENGLISH) == set()
    counted = {key for text in TEMPLATES.values() for key in re.findall(r"""say\.count\(["']([^"']+)["']""", text)}
    assert counted - plural == set()
