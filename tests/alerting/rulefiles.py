"""The rules and their promtool tests, read."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.generate import ROOT

FOLDER = ROOT / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
TESTS = sorted((FOLDER / "tests").glob("*.yml"))


@functools.cache
def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def rules(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rules of a file."""
    for group in _read(path)["groups"]:
        yield from group["rules"]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerting rules by name."""
    return {rule["alert"]: rule for path in RULES for rule in rules(path) if "alert" in rule}


def cases(alert: str) -> Iterator[list[tuple[float, list[dict[str, Any]]]]]:
    """Yield, for each promtool test of an alert, when (in minutes) which alerts are expected, in order of time."""
    for path in TESTS:
        for test in _read(path)["tests"]:
            told = [each for each in test.get("alert_rule_test", ()) if each["alertname"] == alert]
            if told:
                yield sorted(
                    ((float(each["eval_time"].removesuffix("m")), each["exp_alerts"]) for each in told),
                    key=lambda each: each[0],
                )
