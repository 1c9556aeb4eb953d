"""What a client likes better, as headers such as `Accept` say it. Source: RFC 9110 section 12.4.2 (q-values)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: What is beyond is not read: no client has so much to say.
_MAX_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Accepted:
    """One item of such a header, in lower case: `text/plain;version=0.0.4;q=0.5`, `gzip;q=0`, or `zh-Hans`."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0


def accepted(header: str | None) -> list[Accepted]:
    """The items of a header in its order; what is no q-value is 0, so that garbage is never preferred."""
    return [_item(text) for text in (header or "")[:_MAX_HEADER].split(",")]


def _item(text: str) -> Accepted:
    name, *rest = (part.strip().lower() for part in text.split(";"))
    parameters = {key.strip(): value.strip().strip('"') for key, _, value in (part.partition("=") for part in rest)}
    return Accepted(name, parameters, _quality(parameters.pop("q", "1")))


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
