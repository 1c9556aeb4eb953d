"""What holds of every alert, as it stands in prometheus/."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.systems import SYSTEMS
from tests.alerting.rulefiles import RULES, alerts, cases, rules
from tools.generate import ROOT

ALERTS = alerts()
SPOKEN = ("title", "summary", "description", "title_zh", "summary_zh", "description_zh")


def test_every_alert_has_its_files() -> None:
    """Whoever is paged finds a page that says what to do, every alert has a promtool test, and none is left over."""
    there = {
        str(path.relative_to(ROOT)) for path in (*ROOT.glob("docs/runbooks/*"), *ROOT.glob("prometheus/tests/Bk*"))
    }
    wanted = {rule["annotations"]["runbook"] for rule in ALERTS.values()}
    wanted |= {f"prometheus/tests/{name}.yml" for name in ALERTS}
    missing, left = sorted(wanted - there), sorted(there - wanted)
    assert not missing, f"missing: {', '.join(missing)} (see CONTRIBUTING.md, A new alert)"
    assert not left, f"of no alert: {', '.join(left)}"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_complete(name: str) -> None:
    """An alert waits, says how urgent it is, and speaks both languages; Chinese is Chinese, and English is not."""
    rule = ALERTS[name]
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    texts = [re.sub(r"\{\{.*?\}\}", "", rule["annotations"][spoken]) for spoken in SPOKEN]
    assert all(text.strip() for text in texts)
    assert [bool(re.search(r"[\u4e00-\u9fff]", text)) for text in texts] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_proven_to_fire_to_hold_back_and_to_resolve(name: str) -> None:
    """Promtool proves of every alert that it does not fire too early, that it fires, and that it stops."""
    fired = early = over = False
    for case in cases(name):
        firing = [when for when, expected in case if expected]
        quiet = [when for when, expected in case if not expected]
        fired |= bool(firing)
        early |= any(when < min(firing) for when in quiet if firing)
        over |= any(when > max(firing) for when in quiet if firing)
    proven = {"fires": fired, "does not fire too early": early, "stops": over}
    unproven = [f"that it {what}" for what, shown in proven.items() if not shown]
    assert not unproven, f"prometheus/tests/{name}.yml has yet to prove {', '.join(unproven)}"


@pytest.mark.parametrize("name", [name for name in ALERTS if "page" in ALERTS[name]["annotations"]])
def test_a_task_alert_says_what_the_one_who_is_paged_needs(name: str) -> None:
    """The messages that promtool expects name task and business, for how long, and lead to dashboard and BlueKing."""
    for case in cases(name):
        for alert in (alert for _, expected in case for alert in expected):
            labels, said = alert["exp_labels"], alert["exp_annotations"]
            place = labels.get("scope") or f"business {labels['bk_biz_id']}"
            assert f"Task {labels['task_id']} of {labels['system']}, {place}," in said["description"]
            assert re.search(r"\d+(m|h|d)\b|\d+ minutes", said["description"])
            assert said["description"].endswith(labels.get("url", ""))
            asked = {key: [labels.get(key, "")] for key in ("system", "bk_biz_id", "scope", "task_id")}
            assert parse_qs(urlsplit(said["page"]).query, keep_blank_values=True) == asked
            assert said["dashboard"] == f"/d/bk-task/bk-task?var-{urlsplit(said['page']).query.replace('&', '&var-')}"
            assert all("\n" not in said[each] for each in ("summary", "summary_zh"))
            assert not any("<no value>" in text or "<error" in text for text in said.values())


def test_every_system_has_a_threshold() -> None:
    """Without one BkTaskRunsTooLong would never fire for a task of that system."""
    given = [
        rule
        for rule in rules(ROOT / "prometheus/rules/thresholds.yml")
        if rule["record"] == "bk_task:max_elapsed_seconds:system"
    ]
    lacking = set(SYSTEMS) - {rule["labels"]["system"] for rule in given}
    assert not lacking, f"prometheus/rules/thresholds.yml wants a bk_task:max_elapsed_seconds:system of {lacking}"


def test_a_recorded_name_says_what_it_is_of() -> None:
    """Recording rules are named as Prometheus advises, level and metric with a colon between."""
    recorded = [rule["record"] for path in RULES for rule in rules(path) if "record" in rule]
    assert [name for name in recorded if not re.fullmatch(r"bk_task(:[a-z_]+){1,2}", name)] == []
