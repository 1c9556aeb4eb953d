"""The JSON schema of a configuration file, for editors (draft-07, which yaml-language-server knows best)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import inspect

from exporter import duration
from exporter.config import variables
from exporter.config.fields import Field, Kind, fields_of, unwrapped
from exporter.config.schema import VARIANTS, Auth, Bkapi, CollectFile, File, ProbeFile, SystemEntry, TlsFile
from exporter.systems import SYSTEMS

Schema: TypeAlias = dict[str, Any]

#: How values are written that are text in the file; a variable may always stand in their place.
_PATTERNS: Mapping[str, str] = {"url": "^https?://[^@?#{}]+$", "proxy": "^(https?://.+)?$"}

_VARIABLE: Schema = {"$ref": "#/definitions/variable"}


def schema_json() -> str:
    """The text of `config.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Schema:
    """The schema of a whole file."""
    definitions: Schema = {
        "variable": {"type": "string", "pattern": variables.PATTERN, "description": "A variable of the environment."}
    }
    for variants in VARIANTS.values():
        for name, struct in variants.items():
            definitions[_name(struct)] = _struct(struct, tag=name)
    for section in (Auth, TlsFile, Bkapi, CollectFile, ProbeFile):
        definitions[_name(section)] = {**_struct(section), "type": ["object", "null"]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of bk-task-exporter",
        **_struct(File),
        "definitions": definitions,
    }


def _name(struct: type) -> str:
    return f"{struct.__module__.rpartition('.')[2]}.{struct.__name__}"


def _struct(struct: type, *, tag: str = "") -> Schema:
    fields = fields_of(struct)
    properties = {name: _field(field) for name, field in fields.items()}
    required = [name for name, field in fields.items() if field.required]
    if tag:
        properties = {"system": {"const": tag, "description": SYSTEMS[tag].TITLE}, **properties}
        required = ["system", *required]
    return {
        "type": "object",
        "description": _summary(struct),
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _summary(struct: type) -> str:
    return " ".join((struct.__doc__ or "").partition("\n\n")[0].split())


def _field(field: Field) -> Schema:
    told: Schema = {"description": field.description}
    if field.example:
        told["examples"] = [field.example]
    if not field.required and (value := default_of(field)) is not None:
        told["default"] = value
    return told | _optional(_kind(field.kind, field.written), required=field.required)


def default_of(field: Field) -> Any:
    """The default as a file has it, None where there is none worth a word."""
    if field.written == "duration":
        return duration.written(field.default)
    if isinstance(field.default, float) and field.default.is_integer():
        return int(field.default)
    return field.default if isinstance(field.default, str | int | float) and field.default != "" else None


def _optional(choices: list[Schema], *, required: bool) -> Schema:
    """A key that may be left out may also be left empty. One choice is kept simple: editors explain it better."""
    match choices:
        case [{"type": str(word), **rest}] if not required:
            return {"type": [word, "null"], **rest}
        case [{"$ref": _} as one]:
            return {"allOf": [one]}
        case [one] if required:
            return one
    return {"anyOf": choices if required else [*choices, {"type": "null"}]}


def _kind(kind: Kind, written: str) -> list[Schema]:
    match kind:
        case inspect.StructType() if kind.cls in VARIANTS:
            return [_tagged(VARIANTS[kind.cls])]
        case inspect.StructType():
            return [{"$ref": f"#/definitions/{_name(kind.cls)}"}]
        case inspect.VarTupleType():
            return [_list(kind)]
        case inspect.DictType():
            return [_systems()]
    return _leaf(kind, written)


def _leaf(kind: Kind, written: str) -> list[Schema]:
    match kind:
        case inspect.IntType():
            digits: Schema = {"type": "string", "pattern": "^[+-]?[0-9]+$"}
            return [{"type": "integer", **_limits(kind)}, digits, _VARIABLE]
        case inspect.FloatType() if written == "duration":
            return [{"type": "string", "pattern": duration.PATTERN}, _VARIABLE]
        case inspect.FloatType():
            return [{"type": "number", **_limits(kind)}, _VARIABLE]
        case inspect.BoolType():
            return [{"type": "boolean"}, _VARIABLE]
        case inspect.LiteralType():
            return [{"enum": list(kind.values)}, _VARIABLE]
        case inspect.StrType():
            return _text(kind, _PATTERNS.get(written, kind.pattern))
    raise TypeError(f"the schema has a type that nobody writes: {kind}")


def _text(kind: inspect.StrType, pattern: str | None) -> list[Schema]:
    limits = {"minLength": kind.min_length, "maxLength": kind.max_length, "pattern": pattern}
    text = {"type": "string", **{key: limit for key, limit in limits.items() if limit is not None}}
    return [text, _VARIABLE] if pattern else [text]


def _limits(kind: inspect.IntType | inspect.FloatType) -> Schema:
    limits = {"minimum": kind.ge, "maximum": kind.le}
    return {key: limit for key, limit in limits.items() if limit is not None}


def _list(kind: inspect.VarTupleType) -> Schema:
    item, extra, _ = unwrapped(kind.item_type)
    limit = {} if kind.max_length is None else {"maxItems": kind.max_length}
    return {"type": "array", "items": _optional(_kind(item, extra.get("written", "")), required=True), **limit}


def _tagged(variants: Mapping[str, type]) -> Schema:
    """One branch for each system, so that an editor speaks of the one that is meant."""
    branches = [
        {
            "if": {"required": ["system"], "properties": {"system": {"const": name}}},
            "then": {"$ref": f"#/definitions/{_name(struct)}"},
        }
        for name, struct in variants.items()
    ]
    system = {"enum": list(variants), "description": "The system."}
    return {"type": "object", "required": ["system"], "properties": {"system": system}, "allOf": branches}


def _systems() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {name: _system(name) for name in SYSTEMS},
    }


def _system(name: str) -> Schema:
    """A system's keys, with the routes and APIs that it has; a key of `bkapi` has bkapi's value for its default."""
    routes = SYSTEMS[name].ROUTES
    apis = list(dict.fromkeys(api for offered in routes.values() for api in offered))
    one = _struct(SystemEntry)
    for key, words in (("route", list(routes)), ("api", apis)):
        choice = _optional([{"enum": words}, _VARIABLE], required=False)
        one["properties"][key] = {"description": fields_of(SystemEntry)[key].description, **choice}
    for key in fields_of(Bkapi):
        one["properties"][key].pop("default", None)
    return {**one, "description": f"How {SYSTEMS[name].TITLE} is reached."}
