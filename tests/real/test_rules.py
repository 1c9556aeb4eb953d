"""The rules, configurations and message templates of prometheus/, read by the programs that they are for."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import markdown
from tests.alerting.rulefiles import FOLDER, RULES, TESTS, cases
from tests.commands import PAGES
from tests.documents import blocks
from tests.real.programs import Monitoring
from tests.real.servers import AlertmanagerServer
from tools.generate import ROOT
from tools.processes import until

pytestmark = pytest.mark.real

StartAlertmanager = Callable[[Mapping[str, Any]], AlertmanagerServer]

STARTS, ENDS = "2026-01-02T03:04:05.123Z", "2026-01-02T04:16:07Z"


def said(*command: str | Path) -> str:
    """Run a tool that must succeed; return what it printed."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_promtool_proves_the_rules(monitoring: Monitoring, path: Path) -> None:
    """Every alert fires, does not fire, resolves and reads as its promtool test says."""
    assert "SUCCESS" in said(monitoring.promtool, "test", "rules", path)


def test_the_configurations_are_read(monitoring: Monitoring) -> None:
    """Prometheus takes the example configuration with all rules, Alertmanager takes its own with the templates."""
    told = said(monitoring.promtool, "check", "config", FOLDER / "prometheus.yml")
    assert "FAILED" not in told
    assert all(path.name in told for path in RULES)
    assert "1 templates" in said(monitoring.amtool, "check-config", FOLDER / "alertmanager.yml")


@pytest.mark.parametrize("document", ["README.md", "docs/monitoring.md", "docs/discovery.md", "docs/web-config.md"])
def test_documented_jobs_are_read(monitoring: Monitoring, document: str, tmp_path: Path) -> None:
    """Prometheus takes what the documents tell people to put into its configuration."""
    config = tmp_path / "prometheus.yml"
    found = blocks(document, "scrape_configs")
    assert found
    for block in found:
        config.write_text(json.dumps(block), "utf-8")
        said(monitoring.promtool, "check", "config", "--syntax-only", config)


def test_documented_expressions_are_read(monitoring: Monitoring, tmp_path: Path) -> None:
    """Prometheus takes the expressions of the documents, those in the table for bkmonitor included."""
    texts = [block.text for page in PAGES for block in markdown.blocks(page, "promql")]
    lines = [line for text in texts for line in text.splitlines()]
    lines += re.findall(r"^\| [^|]* \| `(.*)` \|$", markdown.prose(ROOT / "docs/bkmonitor.md"), re.MULTILINE)
    assert len(lines) > len(texts) > 1
    rules = [{"record": f"documented:{number}", "expr": line} for number, line in enumerate(lines)]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "documents", "rules": rules}]}), "utf-8")
    assert f"{len(rules)} rules" in said(monitoring.promtool, "check", "rules", path)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [(["severity=critical"], "chat"), (["severity=warning", "system=sops"], "chat"), (["severity=info"], "nobody")],
)
def test_alerts_are_routed(monitoring: Monitoring, labels: list[str], receiver: str) -> None:
    """What is urgent reaches the chat, what is not stays in Alertmanager."""
    config = f"--config.file={FOLDER / 'alertmanager.yml'}"
    assert said(monitoring.amtool, "config", "routes", "test", config, *labels).strip() == receiver


def alerts_of(name: str) -> list[dict[str, Any]]:
    """Return what promtool expects of an alert, as Alertmanager hands it to templates."""
    expected = [alert for case in cases(name) for _, alerts in case for alert in alerts]
    return [
        {
            "status": "firing",
            "labels": {"alertname": name} | alert["exp_labels"],
            "annotations": alert["exp_annotations"],
            "startsAt": STARTS,
            "endsAt": "0001-01-01T00:00:00Z",
        }
        for alert in expected
    ]


def inhibitions() -> list[tuple[dict[str, Any], str]]:
    """Return each alert that mutes others, with the rule that says so."""
    config = yaml.safe_load((FOLDER / "alertmanager.yml").read_text("utf-8"))
    return [(rule, name) for rule in config["inhibit_rules"] for name in sorted(names(rule["source_matchers"]))]


def names(matchers: list[str]) -> set[str]:
    """Return the names of alerts that stand in matchers."""
    return set(re.findall(r"Bk\w+", " ".join(matchers)))


@pytest.mark.parametrize(("rule", "source"), inhibitions())
def test_an_alert_mutes_what_follows_from_it(
    start_alertmanager: StartAlertmanager, rule: dict[str, Any], source: str
) -> None:
    """Each alert that is to mute others does so with those named, all with labels that promtool proves them to have."""
    targets = names(rule["target_matchers"]) or {"BkTaskUnreadable"}
    nobody = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    alertmanager = start_alertmanager(nobody | {"inhibit_rules": [rule]})
    fired = [alert for name in {source, *targets} for alert in alerts_of(name)]
    alertmanager.post(*({"labels": alert["labels"]} for alert in fired))
    until(alertmanager.muted, lambda muted: muted == targets - {source}, 30)


def resolved(alert: dict[str, Any]) -> dict[str, Any]:
    return alert | {"status": "resolved", "endsAt": ENDS}


def rendered(monitoring: Monitoring, folder: Path, alerts: list[dict[str, Any]], language: str) -> str:
    """Return title and text of a message, as amtool writes it."""
    common = {
        f"common{each.title()}": dict(set.intersection(*(set(alert[each].items()) for alert in alerts)))
        for each in ("labels", "annotations")
    }
    status = "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved"
    data = folder / "data.json"
    data.write_text(json.dumps({"status": status, "alerts": alerts} | common), "utf-8")
    templates = [f'{{{{ template "bk_task.{part}.{language}" . }}}}' for part in ("title", "text")]
    return said(
        monitoring.amtool,
        "template",
        "render",
        f"--template.glob={FOLDER / 'templates/*.tmpl'}",
        f"--template.text={chr(10).join(templates)}",
        f"--template.data={data}",
    ).rstrip("\n")


def test_a_message_reads_well(monitoring: Monitoring, tmp_path: Path) -> None:
    """One failed task is one short message that says what, where, for how long, and where to go."""
    failed = alerts_of("BkTaskFailed")[0]
    page = "http://localhost:9840/task?system=sops&bk_biz_id=2&scope=&task_id=10"
    dashboard = "http://localhost:3000/d/bk-task/bk-task?var-system=sops&var-bk_biz_id=2&var-scope=&var-task_id=10"
    assert rendered(monitoring, tmp_path, [failed], "en").splitlines() == [
        "🔴 Task failed: 夜间发布 (sops, business 2)",
        (
            "Task 10 of sops, business 2, has been failed for 3m."
            " Failed nodes: 下发配置, 到三级, 到二级 and 1 more. Started by admin."
        ),
        "https://bk.example.com/sops/10",
        f"Why: {page}",
        f"Dashboard: {dashboard}",
        "Runbook: docs/runbooks/BkTaskFailed.md",
    ]
    assert rendered(monitoring, tmp_path, [failed], "zh").splitlines() == [
        "🔴 任务失败：夜间发布（sops 业务 2）",
        "sops 业务 2 的任务 10 已失败 3分钟。失败节点：下发配置、到三级、到二级 等 4 个。执行人：admin。",
        "https://bk.example.com/sops/10",
        f"原因：{page}",
        f"仪表盘：{dashboard}",
        "处理手册：docs/runbooks/BkTaskFailed.md",
    ]


def test_a_resolution_reads_well(monitoring: Monitoring, tmp_path: Path) -> None:
    """When it is over, the message says what is over and how long it took."""
    over = resolved(alerts_of("BkTaskFailed")[0])
    assert rendered(monitoring, tmp_path, [over], "en").splitlines() == [
        "✅ Resolved: Task failed: 夜间发布 (sops, business 2)",
        "It fired for 1h12m.",
        "https://bk.example.com/sops/10",
    ]
    assert rendered(monitoring, tmp_path, [over], "zh").splitlines() == [
        "✅ 已恢复：任务失败：夜间发布（sops 业务 2）",
        "告警持续 1h12m。",
        "https://bk.example.com/sops/10",
    ]


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "🔴 Tasks failed in sops, business 2: 12 firing, 1 resolved"),
        ("zh", "🔴 任务失败，sops 业务 2：告警 12 条，恢复 1 条"),
    ],
)
def test_many_alerts_are_one_message(monitoring: Monitoring, tmp_path: Path, language: str, title: str) -> None:
    """A group is told of as a list of all its alerts: some in full, one line for each of the others."""
    failed = alerts_of("BkTaskFailed")[0]
    text = rendered(monitoring, tmp_path, [failed] * 12 + [resolved(failed)], language)
    assert text.splitlines()[0] == title
    assert len(re.findall(r"^• ", text, re.MULTILINE)) == 13
    assert 3 <= len(re.findall(r"/d/bk-task/", text)) < 12


@pytest.mark.parametrize(("language", "suffix"), [("en", ""), ("zh", "_zh")])
def test_a_newcomer_is_told_of_first(monitoring: Monitoring, tmp_path: Path, language: str, suffix: str) -> None:
    """Whatever its place among the others, the newest alert is told of first and in full; the oldest come last."""
    failed = alerts_of("BkTaskFailed")[0]
    old, older, newcomer = (
        failed | {"annotations": {**failed["annotations"], f"summary{suffix}": name}, "startsAt": when}
        for name, when in [("old", STARTS), ("older", "2026-01-01T23:00:00Z"), ("newcomer", ENDS)]
    )
    lines = rendered(monitoring, tmp_path, [older, *[old] * 20, newcomer, older], language).splitlines()
    assert lines[1:3] == ["• newcomer", newcomer["annotations"][f"description{suffix}"].splitlines()[0]]
    assert [line for line in lines if line.startswith("• ")] == ["• newcomer", *["• old"] * 20, *["• older"] * 2]


@pytest.mark.parametrize(("language", "more"), [("en", r"and (\d+) more"), ("zh", r"另有 (\d+) 条")])
def test_a_message_is_as_long_as_chats_take_it(
    monitoring: Monitoring, tmp_path: Path, language: str, more: str
) -> None:
    """Hundreds of alerts with long names are a message of some thousand characters, which counts those left out."""
    longest = max(alerts_of("BkTaskFailed"), key=lambda alert: len(alert["annotations"]["summary"]))
    for alerts in ([longest] * 300, [resolved(longest)] * 300, [longest] * 300 + [resolved(longest)] * 300):
        text = rendered(monitoring, tmp_path, alerts, language)
        assert 1_000 < len(text) < 4_000
        assert len(re.findall(r"^• ", text, re.MULTILINE)) + sum(map(int, re.findall(more, text))) == len(alerts)


def test_odd_names_stay_as_they_are(monitoring: Monitoring, tmp_path: Path) -> None:
    """Quotes, HTML, emoji and what looks like a template come out as text, on one line."""
    odd = next(alert for alert in alerts_of("BkTaskFailed") if alert["labels"]["task_id"] == "7")
    lines = rendered(monitoring, tmp_path, [odd], "en").splitlines()
    assert lines[0] == '🔴 Task failed: 发布 "v2"\\beta <script>alert(1)</script> 🚀 {x="1"} (sops, business 2)'
    assert "{{ $x }} %s" in lines[1]
