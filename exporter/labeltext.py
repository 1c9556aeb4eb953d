"""Texts from upstream as label values: nothing in them can break a page, mislead its reader or make a series twice."""

from __future__ import annotations

import functools
import hashlib
import re

#: A label value is cut to this many characters, the last of which then is an ellipsis.
MAX_LENGTH = 200

_ELLIPSIS = "…"
_HASH_LENGTH = 12

#: Control characters but tab and newline, lone surrogates, and controls that turn the direction of what follows.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_URL = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)


def clean(text: str) -> str:
    """A text that can be shown: at most MAX_LENGTH characters, U+FFFD for what no page should hold."""
    if text.isalnum() and len(text) <= MAX_LENGTH:
        return text  # letters and digits of any script need nothing; nearly all ids are such
    return _clean(text)


@functools.lru_cache(maxsize=1 << 12)
def _clean(text: str) -> str:
    if len(text) > MAX_LENGTH:
        text = text[: MAX_LENGTH - 1] + _ELLIPSIS
    return printable(text)


def printable(text: str) -> str:
    """A text of any length with U+FFFD for what no page should hold; tabs and newlines stay."""
    return _UNPRINTABLE.sub("\ufffd", text)


def clean_id(text: str) -> str:
    """A text that tells things apart: what cleaning would change keeps a hash of what it was."""
    cleaned = clean(text)
    if cleaned is text or cleaned == text:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_LENGTH // 2).hexdigest()
    return cleaned[: MAX_LENGTH - _HASH_LENGTH - 1].rstrip(_ELLIPSIS) + _ELLIPSIS + digest


def clean_url(text: str) -> str:
    """A link that can be followed, or nothing: only http and https, and never cut, for half a link leads nowhere."""
    cleaned = clean(text)
    return text if cleaned == text and _URL.match(text) else ""


def escape(text: str) -> str:
    """A clean text as it stands between the quotes of the exposition formats."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
