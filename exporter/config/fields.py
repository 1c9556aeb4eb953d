"""The keys of a struct of the schema, read once from its annotations."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

#: What a key's value may be, `None` and annotations put aside.
Kind = inspect.Type


@dataclass(frozen=True, slots=True)
class Field:
    """One key: its type, how its values are written ("duration", "secret", ..., or ""), and what people are told."""

    name: str
    kind: Kind
    written: str
    description: str
    example: str
    required: bool
    default: Any


@functools.cache
def fields_of(struct: type) -> Mapping[str, Field]:
    """The keys of a struct in the order of its definition."""
    info = inspect.type_info(struct)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{struct} is no struct")
    return {field.encode_name: _field(field) for field in info.fields}


def _field(field: inspect.Field) -> Field:
    kind, extra, told = unwrapped(field.type)
    factory = field.default_factory
    return Field(
        name=field.encode_name,
        kind=kind,
        written=extra.get("written", ""),
        description=told.get("description", ""),
        example=next(iter(told.get("examples") or ()), ""),
        required=field.required,
        default=factory() if callable(factory) else None if field.default is msgspec.NODEFAULT else field.default,
    )


def unwrapped(kind: Kind) -> tuple[Kind, Mapping[str, Any], Mapping[str, Any]]:
    """A type without its annotations and without `None`, our annotations, and those of JSON schema."""
    extra: dict[str, Any] = {}
    told: dict[str, Any] = {}
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            extra = {**(kind.extra or {}), **extra}
            told = {**(kind.extra_json_schema or {}), **told}
            kind = kind.type
        else:
            (kind,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind, extra, told
