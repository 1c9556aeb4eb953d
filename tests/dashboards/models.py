"""Holds values of grafana-foundation-sdk to the types that their classes declare, which it does not do itself."""

import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any


def misfits(value: Any, declared: Any, path: str = "") -> Iterator[str]:
    """Yield where the value is not of the declared type, or one below it."""
    if declared in {Any, object}:
        return
    if isinstance(value, dict) and hasattr(declared, "from_json"):
        value = declared.from_json(value)  # the models leave some of what they hold as they found it
    if typing.get_origin(declared):
        yield from _generic(value, declared, path)
    elif not _is(value, declared):
        yield f"{path}: {value!r} is no {declared}"
    elif hasattr(declared, "from_json") and not isinstance(value, Enum):
        for name, hint in typing.get_type_hints(declared).items():
            yield from misfits(getattr(value, name), hint, f"{path}.{name}")


def _generic(value: Any, declared: Any, path: str) -> Iterator[str]:
    """The same for a union, a literal, a list or a dictionary."""
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if origin in {typing.Union, types.UnionType}:
        fits = any(not list(misfits(value, each, path)) for each in arguments)
    elif origin is typing.Literal:
        fits = value in arguments
    else:
        fits = isinstance(value, origin)
        inside = value if isinstance(value, dict) else dict(enumerate(value)) if fits else {}
        for key, each in inside.items():
            yield from misfits(each, arguments[-1], f"{path}[{key!r}]")
    if not fits:
        yield f"{path}: {value!r} is no {declared}"


def _is(value: Any, declared: type) -> bool:
    """Numbers are no truth values, a whole number is a number, and `from_json` leaves words of enumerations alone."""
    if issubclass(declared, Enum):
        return value in {member.value for member in declared}
    if declared in {int, float}:
        return type(value) is int or (declared is float and type(value) is float)
    return isinstance(value, declared)
