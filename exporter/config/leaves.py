"""Single values: text of the file -> value, or what is wrong with it and the cure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import inspect

from exporter import duration
from exporter.config import addresses, zones
from exporter.config.fields import Kind
from exporter.config.nodes import Scalar, Style
from exporter.config.words import listed, shown, suggestion

#: Texts that are checked by reading them; whoever needs the result reads them again.
_CHECKS: Mapping[str, Callable[[str], object]] = {
    "url": addresses.base_url,
    "proxy": addresses.proxy_url,
    "zone": zones.parse,
}

#: What is wrong with these is said without showing them.
_QUIET = frozenset({"secret", "url", "proxy"})

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_NUMBER = re.compile(
    r"[+-]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][+-]?[0-9]+)?|0[ox][0-9a-fA-F]+|[+-]?\.(inf|nan)", re.ASCII
)
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
#: What the YAML library of Prometheus' own programs takes too.
_FLAGS_OF_GO = _FLAGS | {
    word: value
    for words, value in ((("y", "yes", "on"), True), (("n", "no", "off"), False))
    for plain in words
    for word in (plain, plain.capitalize(), plain.upper())
}

#: Numbers as that library reads them, its underscores taken out.
_NUMBER_OF_GO = re.compile(
    r"[+-]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][+-]?[0-9]+)?)", re.ASCII
)
_OCTAL = re.compile(r"^([+-]?0)([0-7]+)$", re.ASCII)


def read(scalar: Scalar, kind: Kind, written: str) -> object:
    """The value of a scalar; raises ValueError with the cure."""
    try:
        value = _parsed(scalar, kind, written)
    except ValueError:
        # What a variable holds may be a secret in the wrong place.
        if scalar.style is not Style.SUBSTITUTED or written in _QUIET:
            raise
        raise ValueError(f"must be {expected(kind, written)}, which the variable's value is not") from None
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        _check_range(value, kind, written)
    return value


def _parsed(scalar: Scalar, kind: Kind, written: str) -> Any:
    match kind:
        case inspect.IntType():
            return _whole_of_go(scalar) if written == "go-whole" else _whole(scalar)
        case inspect.FloatType():
            return _DURATIONS[written](scalar) if written in _DURATIONS else _number(scalar)
        case inspect.BoolType():
            return _flag(scalar, _FLAGS_OF_GO if written == "go-flag" else _FLAGS)
        case inspect.LiteralType():
            return one_of(scalar.text, map(str, kind.values))
        case inspect.StrType():
            return _text(scalar, kind, written)
    raise TypeError(f"the schema has a type that nobody reads: {kind}")


_EXPECTED: Mapping[type[Kind], str] = {
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.StrType: "text",
    inspect.VarTupleType: "a list",
    inspect.StructType: "a mapping",
    inspect.DictType: "a mapping",
}
_EXPECTED_WRITTEN: Mapping[str, str] = {"duration": "a duration such as 10s or 1h30m", "zone": "a time zone"}


def expected(kind: Kind, written: str) -> str:
    """What such a value is, in words."""
    if isinstance(kind, inspect.LiteralType):
        return listed(map(str, kind.values), "or")
    return _EXPECTED_WRITTEN.get(written) or _EXPECTED[type(kind)]


def one_of(word: str, known: Iterable[str]) -> str:
    """The word, if it is known; raises ValueError with the cure."""
    words = [*known]
    if word not in words:
        raise ValueError(f"unknown value {shown(word)} ({suggestion(word, words)})")
    return word


def _whole(scalar: Scalar) -> int:
    if not _WHOLE.fullmatch(scalar.text):
        raise ValueError(f"must be a whole number{_got(scalar)}")
    return int(scalar.text)


def _whole_of_go(scalar: Scalar) -> int:
    number = _number_of_go(scalar)
    if number is None:
        quoted = scalar.style is Style.QUOTED and _WHOLE.fullmatch(scalar.text)
        raise ValueError(f"must be a whole number{' without quotes' if quoted else _got(scalar)}")
    return number


def _duration_of_go(scalar: Scalar) -> float:
    """A plain number is nanoseconds."""
    number = _number_of_go(scalar)
    return duration.parse_go(scalar.text) if number is None else number / 1e9


_DURATIONS: Mapping[str, Callable[[Scalar], float]] = {
    "duration": lambda scalar: duration.parse(scalar.text),
    "go-duration": _duration_of_go,
}


def _number_of_go(scalar: Scalar) -> int | None:
    """A plain number without its fraction, as Go's YAML library reads it; None if it is none of 64 bits."""
    text = scalar.text.replace("_", "")
    if scalar.style is not Style.PLAIN or not _NUMBER_OF_GO.fullmatch(text):
        return None
    try:
        number = int(_OCTAL.sub(r"\1o\2", text), 0)
    except ValueError:
        number = int(max(-1e19, min(1e19, float(text))))
    return number if -(2**63) <= number < 2**63 else None


def _number(scalar: Scalar) -> float:
    try:
        number = float(scalar.text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or not _NUMBER.fullmatch(scalar.text):
        raise ValueError(f"must be a number{_got(scalar)}")
    return number


def _flag(scalar: Scalar, flags: Mapping[str, bool]) -> bool:
    flag = flags.get(scalar.text)
    if flag is None or scalar.style is Style.QUOTED:
        quoted = " without quotes" if flag is not None else ""
        raise ValueError(f"must be true or false{quoted}{'' if quoted else _got(scalar)}")
    return flag


def _text(scalar: Scalar, kind: inspect.StrType, written: str) -> str:
    text = "" if scalar.null else scalar.text
    if (
        scalar.style is Style.PLAIN
        and written not in {"zone", "go-text"}
        and (_NUMBER.fullmatch(text) or text in _FLAGS)
    ):
        raise ValueError("must be text: put it in quotes")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not UTF-8 text") from None
    if written in _CHECKS and (text or kind.min_length):  # an optional one may be empty: then there is none
        _CHECKS[written](text)
    _check_text(text, kind)
    return text


def _check_text(text: str, kind: inspect.StrType) -> None:
    if not text and kind.min_length:
        raise ValueError("empty")
    if kind.max_length is not None and len(text) > kind.max_length:
        raise ValueError(f"longer than {kind.max_length} characters")
    if kind.pattern is not None and not re.search(kind.pattern, text):
        raise ValueError(f"must match {kind.pattern}, got {shown(text)}")


def _check_range(value: float, kind: inspect.IntType | inspect.FloatType, written: str) -> None:
    if kind.ge is not None and value < kind.ge:
        raise ValueError(f"must be at least {number(kind.ge, written)}")
    if kind.le is not None and value > kind.le:
        raise ValueError(f"must be at most {number(kind.le, written)}")


def number(value: float, written: str) -> str:
    """A number as it is written."""
    if written == "duration":
        return duration.written(value)
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def _got(scalar: Scalar) -> str:
    return f", got {shown(scalar.text)}"
