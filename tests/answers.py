"""Raw answers of BlueKing, as data files: `fixtures/<system>/<case>.json`, documented, captured or after the source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec

from exporter.model import Task
from exporter.outcome import Outcome
from exporter.systems import SYSTEMS
from exporter.systems.base import Reading, TaskParams

FIXTURES = Path(__file__).parent / "fixtures"

#: 2026-11-22 16:00:00 +0800, when every answer is read.
NOW = 1_795_334_400.0
READING = Reading(now=NOW, zone=timezone(timedelta(hours=8)))

PARAMS: Mapping[str, TaskParams] = {
    "sops": msgspec.convert({"system": "sops", "bk_biz_id": 2, "task_id": 10}, SYSTEMS["sops"].Params),
    "bkflow": msgspec.convert({"system": "bkflow", "space_id": 1, "task_id": 3}, SYSTEMS["bkflow"].Params),
    "nodeman": msgspec.convert({"system": "nodeman", "bk_biz_id": 2, "job_id": 187}, SYSTEMS["nodeman"].Params),
    "gsekit": msgspec.convert({"system": "gsekit", "bk_biz_id": 2, "job_id": 1}, SYSTEMS["gsekit"].Params),
}


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


class _Captured(msgspec.Struct):
    json: _Envelope


def cases() -> list[tuple[str, str]]:
    """Every system and case that there is a data file of."""
    answers = [path for path in sorted(FIXTURES.glob("*/*.json")) if not path.name.endswith(".truth.json")]
    return [(path.parent.name, path.stem) for path in answers if path.parent.name in SYSTEMS]


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
