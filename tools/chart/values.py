"""values.schema.json of the chart: its own values, and the exporter's configuration inside them (draft-07)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from exporter.config import json_schema
from exporter.logs import LEVELS

Schema: TypeAlias = dict[str, Any]

NAME = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"
DURATION = r"^([0-9]+(ms|s|m|h|d|w|y))+$"

TEXT: Schema = {"type": "string"}
SWITCH: Schema = {"type": "boolean"}
#: Passed on to Kubernetes, which has schemas of its own.
FREE: Schema = {"type": "object"}
FREE_LIST: Schema = {"type": "array", "items": {"type": "object"}}
LABELS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
OBJECT_NAME: Schema = {"type": "string", "pattern": NAME, "maxLength": 253}


def words(*choices: str) -> Schema:
    """One of some words."""
    return {"enum": [*choices]}


def number(least: int, most: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def section(properties: Mapping[str, Schema]) -> Schema:
    """Keys of which no others may be given."""
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def list_of(item: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": item}


def values_schema() -> str:
    """The text of the chart's `values.schema.json`."""
    configuration = _as_go_reads(json_schema.schema())
    definitions = configuration.pop("definitions")
    for key in ("$schema", "title"):
        del configuration[key]
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart bk-task-exporter",
        **section({**_values(), "config": {"type": "object", "if": {"minProperties": 1}, "then": configuration}}),
        "definitions": definitions,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _values() -> dict[str, Schema]:
    return {
        "image": section(
            {
                "repository": {"type": "string", "minLength": 1},
                "tag": TEXT,
                "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
                "pullPolicy": words("Always", "IfNotPresent", "Never"),
                "pullSecrets": list_of(section({"name": OBJECT_NAME})),
            }
        ),
        "replicas": number(1, 100),
        "shards": number(1, 1000),
        "existingConfigMap": OBJECT_NAME,
        "secret": section(
            {
                "existing": OBJECT_NAME,
                "data": {
                    "type": "object",
                    "propertyNames": {"pattern": "^[-._a-zA-Z0-9]+$"},
                    "additionalProperties": {"type": "string", "minLength": 1},
                },
            }
        ),
        "webConfig": section({"existingSecret": OBJECT_NAME}),
        "logLevel": words(*LEVELS),
        "logFormat": words("logfmt", "json"),
        "extraArgs": list_of(TEXT),
        "env": FREE_LIST,
        "envFrom": FREE_LIST,
        "extraVolumes": FREE_LIST,
        "extraVolumeMounts": FREE_LIST,
        "service": section({"port": number(1, 65535), "annotations": LABELS}),
        **_monitoring(),
        "networkPolicy": section({"enabled": SWITCH, "from": FREE_LIST, "to": FREE_LIST}),
        "podDisruptionBudget": section(
            {"enabled": SWITCH, "maxUnavailable": {"type": ["integer", "string"], "pattern": "^[0-9]+%$", "minimum": 1}}
        ),
        "resources": section({"requests": FREE, "limits": FREE, "claims": FREE_LIST}),
        "serviceAccount": section({"create": SWITCH, "name": OBJECT_NAME, "annotations": LABELS}),
        "podAnnotations": LABELS,
        "podLabels": LABELS,
        "nodeSelector": LABELS,
        "tolerations": FREE_LIST,
        "affinity": FREE,
        "topologySpreadConstraints": FREE_LIST,
        "priorityClassName": OBJECT_NAME,
        "nameOverride": OBJECT_NAME,
        "fullnameOverride": OBJECT_NAME,
        "global": FREE,
    }


def _monitoring() -> dict[str, Schema]:
    duration: Schema = {"type": "string", "pattern": DURATION}
    return {
        "serviceMonitor": section(
            {
                "enabled": SWITCH,
                "labels": LABELS,
                "interval": duration,
                "scrapeTimeout": duration,
                "scheme": words("http", "https"),
                "tlsConfig": FREE,
                "basicAuth": FREE,
                "relabelings": FREE_LIST,
                "metricRelabelings": FREE_LIST,
            }
        ),
        "prometheusRule": section({"enabled": SWITCH, "labels": LABELS, "thresholds": FREE_LIST}),
        "dashboards": section({"enabled": SWITCH, "labels": LABELS, "annotations": LABELS}),
    }


def _as_go_reads(schema: Any) -> Any:
    """The schema without look-ahead in its patterns, which Helm's regular expressions do not have."""
    if isinstance(schema, dict):
        return {key: _pattern(value) if key == "pattern" else _as_go_reads(value) for key, value in schema.items()}
    return [_as_go_reads(each) for each in schema] if isinstance(schema, list) else schema


def _pattern(pattern: str) -> str:
    return pattern.replace(r"(?=\d)", "")
