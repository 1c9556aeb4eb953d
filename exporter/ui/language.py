"""Which language a reader gets. Source: RFC 9110 section 12.5.4, with RFC 4647's lookup by prefix."""

from __future__ import annotations

from typing import Literal

from exporter.acceptance import accepted

Language = Literal["en", "zh"]


def negotiate(accept_language: str | None) -> Language:
    """The language for this `Accept-Language`; English where it is missing, unreadable or names neither of ours."""
    liking = {"en": 0.0, "zh": 0.0}
    rest = 0.0
    for item in accepted(accept_language):
        language = item.name.partition("-")[0]  # `zh` of `zh-Hans-CN`
        if language in liking:
            liking[language] = max(liking[language], item.quality)
        elif language == "*":
            rest = item.quality
    named = {language: quality or rest for language, quality in liking.items()}
    return "zh" if named["zh"] > named["en"] else "en"
