"""A configuration as it is in use, for people: YAML in the shape of a file, and no secret in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from exporter import duration
from exporter.config import zones
from exporter.config.credentials import Credentials
from exporter.config.fields import fields_of
from exporter.config.schema import CollectFile, SystemEntry
from exporter.config.secret import MASK, Secret
from exporter.config.tls import Tls
from exporter.config.types import Config, SystemConfig

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def masked(config: Config) -> str:
    """The running configuration: `bkapi` merged into each system, defaults filled in, secrets masked."""
    shown = {
        "systems": {name: _system(system) for name, system in config.systems.items()},
        "collect": _written(CollectFile, {**_attributes(CollectFile, config.collect), "time_zone": _zone(config)}),
        "tasks": [_entry(task) for task in config.tasks],
        "discover": [_entry(listing) for listing in config.discover],
        "probe": {} if config.probe.given is None else {"allow": [_entry(place) for place in config.probe.given]},
    }
    text: str = yaml.dump(
        shown, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120
    )
    return text


def _system(system: SystemConfig) -> dict[str, Any]:
    return _written(
        SystemEntry,
        {
            "url": system.url,
            "route": system.site.route,
            "api": system.site.api,
            "auth": _auth(system.credentials),
            "timeout": system.timeout,
            "max_connections": system.max_connections,
            "requests_per_second": system.requests_per_second,
            "tls": _tls(system.tls),
            "proxy_url": None if system.proxy_url is None else str(system.proxy_url),
        },
    )


def _auth(credentials: Credentials) -> dict[str, str]:
    shown = {}
    for key, setting in credentials.given():
        if setting.file is not None:
            shown[f"{key}_file"] = str(setting.file)
        else:
            shown[key] = MASK if isinstance(setting, Secret) else str(setting)
    return shown


def _tls(tls: Tls) -> dict[str, Any]:
    return {key: getattr(tls, key) for key in ("ca_file", "cert_file", "key_file", "insecure_skip_verify")}


def _zone(config: Config) -> str:
    return zones.written(config.collect.time_zone)


def _entry(params: msgspec.Struct) -> dict[str, Any]:
    """An entry of a list, without what is neither given nor has a default."""
    struct = type(params)
    given = {key: value for key, value in _attributes(struct, params).items() if value not in (None, "", ())}
    return {"system": str(params.__struct_config__.tag), **_written(struct, given)}


def _attributes(struct: type, values: object) -> dict[str, Any]:
    return {key: getattr(values, key) for key in fields_of(struct)}


def _written(struct: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a file has them."""
    fields = fields_of(struct)
    return {key: _value(value, fields[key].written) for key, value in values.items()}


def _value(value: Any, written: str) -> Any:
    if written == "duration":
        return duration.written(value)
    return list(value) if isinstance(value, tuple) else value
