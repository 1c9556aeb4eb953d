"""The alerting rules as YAML."""

from typing import Any

import yaml

from exporter.catalogue import IDENTITY
from tools.alerting.alerts import ALERTS, Alert

HEAD = """\
# What somebody must be told of. Written by `make docs` from tools/alerting; change it there.
#
# Needs recording.yml and thresholds.yml. Each alert says what it has to say in English (`summary`, `description`) and
# in Chinese (`summary_zh`, `description_zh`); `title` and `title_zh` are what several of them are called. `runbook`,
# `dashboard` and `page` (the exporter's own, of a task) are paths: whoever sends messages puts the address before them
# (see ../templates). `{{ . }}` and the like are Prometheus' own templates.
"""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _asking(prefix: str = "") -> str:
    """The task's identity as the query of an address."""
    return "&".join(f"{prefix}{label}={{{{ $labels.{label} | urlquery }}}}" for label in IDENTITY)


def paths(alert: Alert) -> dict[str, str]:
    """Where more is shown: the dashboard in Grafana, and the exporter's page of the task."""
    if alert.task:
        return {"dashboard": f"/d/bk-task/bk-task?{_asking('var-')}", "page": f"/task?{_asking()}"}
    return {"dashboard": "/d/bk-task-exporter/bk-task-exporter"}


def rule(alert: Alert) -> dict[str, Any]:
    """One alert as Prometheus reads it."""
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary.en,
            "description": alert.description.en,
            "summary_zh": alert.summary.zh,
            "description_zh": alert.description.zh,
            "title": alert.title.en,
            "title_zh": alert.title.zh,
            "runbook": f"docs/runbooks/{alert.name}.md",
        }
        | paths(alert),
    }


def alerts_yaml() -> str:
    """The text of prometheus/rules/alerts.yml."""
    groups = [{"name": "bk-task-alerts", "rules": [rule(alert) for alert in ALERTS]}]
    dumped: str = yaml.dump(
        {"groups": groups}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, indent=2
    )
    return HEAD + dumped
