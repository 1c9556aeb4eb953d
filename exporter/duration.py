"""Durations as people write them in configurations: `10s`, `1h30m`, `500ms`."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Marks a field of a configuration struct: its seconds are written as a duration.
DURATION: Mapping[str, str] = {"written": "duration"}

UNITS: Mapping[str, float] = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

#: Each unit once, the largest first, as in Prometheus' own configuration.
PATTERN = r"^(?=\d)" + "".join(rf"(\d{{1,9}}{unit})?" for unit in UNITS) + "$"

_PATTERN = re.compile(PATTERN, re.ASCII)
_PART = re.compile(r"(\d+)([a-z]+)")


def parse(text: str) -> float:
    """The seconds of a duration; raises ValueError with the cure."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        raise ValueError(f"a duration needs a unit, such as {text}s")
    if not _PATTERN.fullmatch(text):
        raise ValueError(f"not a duration: {text[:40]!r} (such as 10s, 1h30m or 7d)")
    return round(sum(int(count) * UNITS[unit] for count, unit in _PART.findall(text)), 3)


_GO_UNITS: Mapping[str, float] = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_GO_PART = re.compile(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(h|ms|m|s|us|µs|ns)")
_GO = re.compile(rf"[+-]?(?:{_GO_PART.pattern})+")


def parse_go(text: str) -> float:
    """The seconds of a duration as Go reads it (`1.5h`, `1m30s`, `-2s`, `0`)."""
    if text in {"0", "+0", "-0"}:
        return 0.0
    if not _GO.fullmatch(text):
        raise ValueError(f"not a duration: {text[:40]!r} (such as 500ms, 1s or 1m30s)")
    seconds = sum(float(count) * _GO_UNITS[unit] for count, unit in _GO_PART.findall(text))
    return -seconds if text.startswith("-") else seconds


def written(seconds: float) -> str:
    """A text that `parse` reads as these seconds, to the millisecond."""
    left = round(seconds * 1000)
    parts = []
    for unit, size in UNITS.items():
        count, left = divmod(left, round(size * 1000)) if unit != "w" else (0, left)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
