"""Which language a reader gets. Source: RFC 9110 section 12.5.4, with RFC 4647's lookup by prefix."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

#: What is beyond is not read: no reader has so much to say.
_MAX_HEADER = 1024


def negotiate(accept_language: str | None) -> Language:
    """The language for this `Accept-Language`; English where it is missing, unreadable or names neither of ours."""
    liking = {"en": 0.0, "zh": 0.0}
    rest = 0.0
    for item in (accept_language or "")[:_MAX_HEADER].split(","):
        tag, quality = _range(item)
        if tag in liking:
            liking[tag] = max(liking[tag], quality)
        elif tag == "*":
            rest = quality
    named = {tag: quality or rest for tag, quality in liking.items()}
    return "zh" if named["zh"] > named["en"] else "en"


def _range(item: str) -> tuple[str, float]:
    """The first part of the tag (`zh` of `zh-Hans-CN`) and its q-value; what is no q-value is 0."""
    tag, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            quality = _quality(value)
    return tag.partition("-")[0], quality


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
