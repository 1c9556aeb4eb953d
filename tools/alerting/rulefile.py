"""The alerting rules as YAML."""

from typing import Any

import yaml

from tools.alerting.alerts import ALERTS, Alert

HEAD = """\
# What somebody must be told of. Written by `make docs` from tools/alerting; change it there.
#
# Needs recording.yml and thresholds.yml. Each alert says what it has to say in English (`summary`, `description`) and
# in Chinese (`summary_zh`, `description_zh`); `title` and `title_zh` are what several of them are called. `runbook` and
# `dashboard` are paths: whoever sends messages puts the address before them (see ../templates). `{{ . }}` and the like
# are Prometheus' own templates.
"""

_TASK = "".join(
    f"&var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in ("system", "bk_biz_id", "scope", "task_id")
)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def dashboard(alert: Alert) -> str:
    """The path of the dashboard that shows more, in Grafana."""
    if alert.task:
        return f"/d/bk-task/bk-task?{_TASK[1:]}"
    return "/d/bk-task-exporter/bk-task-exporter"


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
            "dashboard": dashboard(alert),
        },
    }


def alerts_yaml() -> str:
    """The text of prometheus/rules/alerts.yml."""
    groups = [{"name": "bk-task-alerts", "rules": [rule(alert) for alert in ALERTS]}]
    dumped: str = yaml.dump(
        {"groups": groups}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, indent=2
    )
    return HEAD + dumped
