"""How times, durations and counts are said to one reader at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from exporter.moments import moment
from exporter.ui.chinese import CHINESE
from exporter.ui.english import ENGLISH
from exporter.ui.language import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Speech:
    """One language, and `now` (seconds since the epoch) and the zone in which times are shown."""

    language: Language
    now: float
    zone: tzinfo

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its places filled in; raises KeyError for a key that no language has."""
        text = TEXTS[self.language][key]
        return text.format(**values) if values else text

    def state(self, word: str) -> str:
        """How a state is called; the word itself where there is no better one."""
        return TEXTS[self.language].get(f"state.{word}", word)

    def count(self, key: str, number: int) -> str:
        """`1 task`, `2,000 tasks`: the text `key.one` or `key.many`."""
        return self(f"{key}.{'one' if number == 1 else 'many'}", n=f"{number:,}")

    def duration(self, seconds: float | None) -> str:
        """`3 d 4 h`, `12 min 5 s`, `850 ms`: the two largest units; a dash where it is not known."""
        if seconds is None:
            return self("unknown")
        if 0 < seconds < 1:
            return self("unit.ms", n=max(1, round(seconds * 1000)))
        left = round(seconds)
        parts: list[str] = []
        for unit, size in _UNITS:
            number, left = divmod(left, size)
            if number or parts:
                parts.append(self(f"unit.{unit}", n=f"{number:,}") if number else "")
            if len(parts) == 2:
                break
        return " ".join(filter(None, parts)) or self("unit.s", n=0)

    def ago(self, when: float) -> str:
        """`12 s ago`; `now` within a second, and for what a clock puts into the future."""
        age = self.now - when
        return self("now") if age < 1 else self("ago", duration=self.duration(age))

    def clock(self, when: float, beside: float | None = None) -> str:
        """`2026-11-22 09:00:00`, in the configured zone; without the date where it is that of `beside`."""
        shown = moment(when, self.zone)
        if beside is not None and shown.date() == moment(beside, self.zone).date():
            return shown.strftime("%H:%M:%S")
        return shown.strftime("%Y-%m-%d %H:%M:%S")

    def machine(self, when: float) -> str:
        """The same moment for `<time datetime>`."""
        return moment(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def offset(self) -> str:
        """`UTC+08:00`: how the zone of all times is called now."""
        text = moment(self.now, self.zone).strftime("%z")
        return f"UTC{text[:3]}:{text[3:5]}"
