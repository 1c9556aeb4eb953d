"""docs/doctor.schema.json: the shape of what `doctor --format json` writes."""

from __future__ import annotations

import json

import msgspec

from exporter.doctor.causes import CAUSES
from exporter.doctor.findings import Report
from exporter.errors import Reason


def schema_json() -> str:
    """The JSON Schema of a report."""
    schema = msgspec.json.schema(Report)
    words = ["", *CAUSES, *(reason.value for reason in Reason)]
    schema["$defs"]["Finding"]["properties"]["cause"]["examples"] = words
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "bk-task-exporter doctor", **schema}
    return json.dumps(whole, indent=2) + "\n"
