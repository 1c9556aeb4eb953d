"""JSON as BlueKing may send it, made strict: one odd figure or name must not cost a whole answer."""

from __future__ import annotations

import json
import math

#: More digits are no figure of ours, and turning them into a number is slow by design.
_MAX_DIGITS = 18


def cleaned(document: bytes) -> bytes:
    """The same document in strict JSON; raises ValueError or RecursionError where it is none at all.

    NaN, infinities, 1e400 and integers of absurd length become null, lone surrogates `?`, bad UTF-8 U+FFFD.
    """
    read = json.loads(
        document.decode("utf-8", "replace"), parse_constant=lambda _: None, parse_float=_float, parse_int=_int
    )
    return json.dumps(read, ensure_ascii=False).encode("utf-8", "replace")


def _float(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None
