"""The harness itself, on small pages."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.real import programs, servers
from tests.real.programs import Monitoring
from tests.real.servers import AlertmanagerServer, Page, PrometheusServer, Sample, Webhook
from tools.processes import free_port

pytestmark = pytest.mark.real

StartPrometheus = Callable[[Mapping[str, Any]], PrometheusServer]
StartAlertmanager = Callable[[Mapping[str, Any]], AlertmanagerServer]

FAILED = '# HELP bk_task_state State.\n# TYPE bk_task_state gauge\nbk_task_state{task_id="10",state="failed"} %d\n'
QUICK = {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"}


def scraping(page: Page, **more: Any) -> dict[str, Any]:
    job = {"job_name": "page", "static_configs": [{"targets": [page.address]}]}
    return {"global": QUICK, "scrape_configs": [job], **more}


def test_prometheus_scrapes_a_page(start_prometheus: StartPrometheus, page: Page) -> None:
    """A page is scraped, its series can be asked for, and a change is seen by the next scrape."""
    page.text = FAILED % 1
    prometheus = start_prometheus(scraping(page))
    labels = {"task_id": "10", "state": "failed", "instance": page.address, "job": "page"}
    assert prometheus.wait_for("bk_task_state") == [Sample(labels | {"__name__": "bk_task_state"}, 1)]
    assert [target["health"] for target in prometheus.targets()] == ["up"]

    page.text = FAILED % 0
    assert prometheus.wait_for("bk_task_state == 0")


def test_a_page_that_does_not_parse(start_prometheus: StartPrometheus, page: Page) -> None:
    """A page that Prometheus refuses is a target that is down, and what it says of it is in the failure of wait_for."""
    page.text = "bk_task_state{ 1\n"
    prometheus = start_prometheus(scraping(page))
    prometheus.wait_for("up == 0")
    with pytest.raises(TimeoutError, match=r"bk_task_state: not within 0.1 s.*last errors: \['.+'\]"):
        prometheus.wait_for("bk_task_state", timeout=0.1)


def test_alert_reaches_the_webhook_and_is_resolved(
    start_prometheus: StartPrometheus,
    start_alertmanager: StartAlertmanager,
    page: Page,
    webhook: Webhook,
    tmp_path: Path,
) -> None:
    """The chain from a page over a rule and Alertmanager to a receiver works, in both directions."""
    alertmanager = start_alertmanager(
        {
            "route": {"receiver": "hook", "group_wait": "100ms", "group_interval": "200ms"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": webhook.url, "send_resolved": True}]}],
        }
    )
    rule = {"alert": "TaskFailed", "expr": 'bk_task_state{state="failed"} == 1', "annotations": {"summary": "failed"}}
    servers.written(tmp_path / "rules.yml", {"groups": [{"name": "tasks", "rules": [rule]}]})
    page.text = FAILED % 1
    prometheus = start_prometheus(
        scraping(
            page,
            rule_files=["rules.yml"],
            alerting={"alertmanagers": [{"static_configs": [{"targets": [alertmanager.address]}]}]},
        )
    )

    firing = webhook.wait_for(lambda notification: notification["status"] == "firing")
    assert firing["commonLabels"]["alertname"] == "TaskFailed"
    assert [alert["state"] for alert in prometheus.alerts()] == ["firing"]
    assert [alert["labels"]["task_id"] for alert in alertmanager.alerts()] == ["10"]

    page.text = FAILED % 0
    assert webhook.wait_for(lambda notification: notification["status"] == "resolved")["alerts"][0]["endsAt"]


def test_reload_shows_why_it_was_refused(start_prometheus: StartPrometheus, page: Page, tmp_path: Path) -> None:
    """A configuration that Prometheus refuses fails the test with Prometheus' own words; a good one does not."""
    prometheus = start_prometheus(scraping(page))
    prometheus.reload()
    servers.written(tmp_path / "prometheus.yml", {"no_such_section": {}})
    with pytest.raises(AssertionError, match="no_such_section"):
        prometheus.reload()


def test_promtool_lints_a_page(monitoring: Monitoring) -> None:
    """A good page passes promtool without a word, a bad one does not."""
    for text, code in ((FAILED % 1, 0), ("# TYPE a_total gauge\na_total 1\n", 3)):
        lint = subprocess.run(
            [monitoring.promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False
        )
        assert (lint.returncode, lint.stdout + lint.stderr == "") == (code, code == 0), lint


def test_amtool_reads_a_configuration(monitoring: Monitoring, tmp_path: Path) -> None:
    """Amtool accepts what Alertmanager accepts."""
    config = servers.written(tmp_path / "am.yml", {"route": {"receiver": "a"}, "receivers": [{"name": "a"}]})
    check = [monitoring.amtool, "check-config", str(config)]
    assert "SUCCESS" in subprocess.run(check, capture_output=True, text=True, check=True).stdout


def test_chromium_draws_a_page(chromium: str, tmp_path: Path) -> None:
    """The browser starts without a display and runs a page's script."""
    (tmp_path / "page.html").write_text("<p id=p></p><script>p.textContent = 6 * 7</script>", "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [chromium, *flags, "--dump-dom", f"file://{tmp_path / 'page.html'}"]
    assert '<p id="p">42</p>' in subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    """A server that cannot start fails the test with what it said."""
    command = [sys.executable, "-c", "raise SystemExit('no such flag')"]
    with (
        pytest.raises(AssertionError, match="ended with 1:\nno such flag"),
        servers.running(command, ready_url=f"http://127.0.0.1:{free_port()}", log=tmp_path / "log"),
    ):
        pytest.fail("it cannot be ready")


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_program(ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is missing skips the test, with its name and the cure; where CI is true it fails."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"no-such-program is missing: run \.ci/run"):
        programs.find("no-such-program")
