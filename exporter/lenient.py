"""JSON as BlueKing may send it, made strict: one odd figure or name must not cost a whole answer."""

from __future__ import annotations

import json
import math

#: A tree of 100,000 nodes has less of both. Beyond, what is short on the wire is gigabytes in memory.
MAX_CONTAINERS = 500_000
MAX_COMMAS = 5_000_000

#: More digits are no figure of ours, and turning them into a number is slow by design.
_MAX_DIGITS = 18


def overcrowded(document: bytes) -> bool:
    """Whether it holds more objects, lists or values than any answer; signs within texts count too.

    Side by side, an object takes three bytes and a value two, so what is short is not looked at.
    """
    size = len(document)
    return (size > 3 * MAX_CONTAINERS and document.count(b"{") + document.count(b"[") > MAX_CONTAINERS) or (
        size > 2 * MAX_COMMAS and document.count(b",") > MAX_COMMAS
    )


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
