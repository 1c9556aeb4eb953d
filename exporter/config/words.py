"""How problems are put into words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: A quoted value is cut to this many characters.
SHOWN = 40


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


def shown(value: str) -> str:
    """A value between quotes, in one line, shortened."""
    return repr(value if len(value) <= SHOWN else value[: SHOWN - 1] + "…")


def meant(word: str, known: Iterable[str]) -> str:
    """What the word was perhaps meant to be; empty where it is like none of them."""
    close = difflib.get_close_matches(word[:100], [*known], n=1)
    return f"did you mean {close[0]}?" if close else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """What the word was perhaps meant to be, or all that it can be."""
    words = [*known]
    return meant(word, words) or f"known: {', '.join(words)}"
