"""README.zh-CN.md says what README.md says: what can be compared without knowing Chinese is the same in both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from exporter.advice import REASONS
from exporter.errors import Reason
from exporter.owncatalogue import ENGLISH
from tests.markdown import blocks, prose
from tools import chinese
from tools.generate import ROOT

PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
#: Words of the code, which stand in both languages as they are: names of metrics, keys, states.
IDENTIFIER = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9_]+")


def sections(text: str) -> list[str]:
    return re.split(r"^#+ .*$", text, flags=re.MULTILINE)


ASPECTS: dict[str, Callable[[str], list[Any]]] = {
    "headings": lambda text: re.findall(r"^#+ ", text, re.MULTILINE),
    "links and pictures, section by section": lambda text: [
        re.findall(r"(!?)\[[^]]*\]\(([^)]*)\)", section) for section in sections(text)
    ],
    "addresses": lambda text: re.findall(r"https?://[\w.:/-]*\w", text),
    "tables": lambda text: [line.count("|") for line in text.splitlines() if line.startswith("|")],
    "points of lists": lambda text: [len(re.findall(r"^- ", section, re.MULTILINE)) for section in sections(text)],
    "generated parts": lambda text: re.findall(r"^<!-- .* -->$", text, re.MULTILINE),
    "code between words": lambda text: [Counter(re.findall(r"`([^`]+)`", section)) for section in sections(text)],
}


@pytest.mark.parametrize("aspect", ASPECTS)
def test_both_have_the_same(aspect: str) -> None:
    """The same, in the same order; the one name that differs is that of the other page."""
    english, translated = (
        ASPECTS[aspect](prose(page).replace(other, "OTHER"))
        for page, other in zip(PAGES, ("README.zh-CN.md", "README.md"), strict=True)
    )
    assert english
    assert translated == english


def test_code_blocks_are_the_same_to_the_byte() -> None:
    """What is to be copied is no matter of language."""
    english, translated = ([(block.info, block.text) for block in blocks(page)] for page in PAGES)
    assert english
    assert translated == english


def test_every_meaning_is_translated() -> None:
    """All families and reasons, and nothing that is gone; none is left in English."""
    assert list(chinese.MEANINGS) == list(ENGLISH.meanings)
    assert list(chinese.REASONS) == list(Reason)
    texts = [
        *chinese.MEANINGS.values(),
        *(text for advice in chinese.REASONS.values() for text in (advice.means, advice.cure)),
    ]
    assert [text for text in texts if not re.search(r"[\u4e00-\u9fff]", text)] == []


@pytest.mark.parametrize("name", ENGLISH.meanings)
def test_a_meaning_names_the_same_metrics_and_keys(name: str) -> None:
    """A name that is added to the English text is missing in the Chinese until it is there too."""
    assert set(IDENTIFIER.findall(chinese.MEANINGS[name])) == set(IDENTIFIER.findall(ENGLISH.meanings[name]))


@pytest.mark.parametrize("reason", Reason)
def test_an_advice_names_the_same_keys_and_codes(reason: Reason) -> None:
    """What stands between backticks, and BlueKing's error codes."""
    code = re.compile(r"`[^`]+`|\b\d{7}\b", re.ASCII)
    english, translated = REASONS[reason], chinese.REASONS[reason]
    for one, other in ((english.means, translated.means), (english.cure, translated.cure)):
        assert Counter(code.findall(other)) == Counter(code.findall(one))


def test_each_links_to_the_other_at_its_top() -> None:
    """... so that whoever opens the wrong one finds the right one."""
    english, translated = (page.read_text("utf-8").splitlines()[2] for page in PAGES)
    assert "[简体中文](README.zh-CN.md)" in english
    assert "[English](README.md)" in translated
