"""Raw answers of BlueKing, as data files: `fixtures/<system>/<case>.json`, documented, captured or after the source.

They are those of each system's first task in config.example.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from exporter.model import Task
from exporter.outcome import Outcome
from exporter.systems import SYSTEMS
from exporter.systems.base import DiscoverParams, Reading, TaskParams, where
from exporter.systems.listing import Listing

T = TypeVar("T")

FIXTURES = Path(__file__).parent / "fixtures"

#: 2026-11-22 16:00:00 +0800, when every answer is read.
NOW = 1_795_334_400.0
READING = Reading(now=NOW, zone=timezone(timedelta(hours=8)))


class BySystem(dict[str, T]):
    """Something for each of SYSTEMS; where one is lacking, `wanted` says what to add, and where."""

    def __init__(self, wanted: str, items: Mapping[str, T]) -> None:
        super().__init__(items)
        self._wanted = wanted

    def __missing__(self, system: str) -> T:
        raise AssertionError(self._wanted.format(system=system))


_EXAMPLE = yaml.safe_load((FIXTURES.parent.parent / "config.example.yaml").read_text("utf-8"))
_TASKS = {entry["system"]: entry for entry in reversed(_EXAMPLE["tasks"])}

PARAMS: Mapping[str, TaskParams] = BySystem(
    "config.example.yaml: tasks wants one of {system}; its answers in tests/fixtures/{system}/ are read as that task's",
    {name: msgspec.convert(_TASKS[name], system.Params) for name, system in SYSTEMS.items() if name in _TASKS},
)

#: How each system lists its tasks.
LISTINGS: Mapping[str, Listing] = {name: each.LISTING for name, each in SYSTEMS.items() if each.LISTING is not None}


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


class _Captured(msgspec.Struct):
    json: _Envelope


def cases() -> list[tuple[str, str]]:
    """Every system and case that there is a data file of."""
    answers = [path for path in sorted(FIXTURES.glob("*/*.json")) if not path.name.endswith(".truth.json")]
    return [(path.parent.name, path.stem) for path in answers if path.parent.name in SYSTEMS]


def cases_of(system: str) -> list[str]:
    """The cases of one system."""
    found = [case for name, case in cases() if name == system]
    assert found, f"tests/fixtures/{system}/ wants answers: <case>.json, and the <case>.prom that it must become"
    return found


def discover(system: str, **values: Any) -> DiscoverParams:
    """The parameters of the list that the task of PARAMS is in."""
    place = {"system": system, **where(SYSTEMS[system], PARAMS[system]), **values}
    return msgspec.convert(place, LISTINGS[system].Params)


def data(system: str, case: str) -> bytes:
    """The `data` of an answer, byte for byte. A capture may be wrapped with its request."""
    raw = (FIXTURES / system / f"{case}.json").read_bytes()
    envelope = msgspec.json.decode(raw, type=_Captured).json if b'"http_status"' in raw else None
    return bytes((envelope or msgspec.json.decode(raw, type=_Envelope)).data)


def read(system: str, case: str) -> Task:
    """The task that an answer tells of."""
    return read_data(system, data(system, case))


def read_data(system: str, answer: bytes | Mapping[str, Any]) -> Task:
    """The task that the `data` of an answer tells of."""
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return SYSTEMS[system].read(raw, PARAMS[system], READING)


def outcome(system: str, task: Task | None) -> Outcome[Task]:
    """A task on a page: asked for at NOW, within a quarter of a second."""
    return Outcome(PARAMS[system].identity, task, None, NOW, 0.25)
