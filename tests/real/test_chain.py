"""From a task that fails in BlueKing to the message that somebody reads, and back: every part of it real but BlueKing."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from exporter.demo.simulator import Simulator
from exporter.demo.world import Population
from tests import simulated
from tests.alerting.rulefiles import FOLDER, RULES
from tests.processes import Exporter, serving
from tests.real.servers import AlertmanagerServer, PrometheusServer, Webhook
from tools.processes import until

pytestmark = [pytest.mark.real, pytest.mark.long]

StartPrometheus = Callable[[Mapping[str, Any]], PrometheusServer]
StartAlertmanager = Callable[[Mapping[str, Any]], AlertmanagerServer]

# 1 goes round and round; 7 has a name with quotes, a line feed, HTML and an emoji.
TASK, ODD = 1, 7
CONFIG = """\
bkapi:
  auth: {{bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}}
  requests_per_second: 100
systems: {{sops: {{url: "{url}/api/bk-sops/prod"}}}}
collect: {{cache_ttl: 0s, final_cache_ttl: 0s}}
discover:
  - {{system: sops, bk_biz_id: 2, created_within: 1h, keep_finished: 1h, refresh: 10s}}
tasks:
  - {{system: sops, bk_biz_id: 2, task_id: {task}}}
  - {{system: sops, bk_biz_id: 2, task_id: {odd}}}
"""


@dataclass(frozen=True)
class Chain:
    """All that runs, between the simulated BlueKing at one end and the receiver at the other."""

    simulator: Simulator
    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer
    webhook: Webhook

    def message(self, status: str, alert: str, task: int) -> dict[str, Any]:
        """Wait for a notification of this status about this alert of this task; return the alert in it."""

        def about(told: dict[str, Any]) -> bool:
            return bool(told["status"] == status and told["labels"].items() >= wanted.items())

        wanted = {"alertname": alert, "task_id": str(task)}
        notification = self.webhook.wait_for(lambda told: any(map(about, told.get("alerts", ()))), timeout=60)
        return next(filter(about, notification["alerts"]))

    def chat(self, *parts: str) -> str:
        """Wait for a chat message that has all these parts; return its title, text and link."""
        told = self.webhook.wait_for(lambda told: all(part in written(told) for part in parts), timeout=60)
        return written(told)


def written(told: Mapping[str, Any]) -> str:
    """Return title, text and link of a chat message, nothing for any other notification."""
    return "".join(f"{each['title']}\n{each['text']}{each['title_link']}" for each in told.get("attachments", ()))


@pytest.fixture
def simulator() -> Iterator[tuple[Simulator, str]]:
    """A simulated BlueKing and its address."""
    simulator = Simulator(seed=5, population=Population(arrivals=False))
    world = simulator.world
    for other in set(world.ids("sops", 0)) - {TASK, ODD}:  # what fails by itself would stand in the same message
        world.set_mark("sops", other, "deleted")
    with simulated.serving(simulator) as url:
        yield simulator, url


@pytest.fixture
def exporter(simulator: tuple[Simulator, str], tmp_path: Path) -> Iterator[Exporter]:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url=simulator[1], task=TASK, odd=ODD), "utf-8")
    with serving(path) as running:
        yield running


@pytest.fixture
def chain(
    simulator: tuple[Simulator, str],
    exporter: Exporter,
    webhook: Webhook,
    start_prometheus: StartPrometheus,
    start_alertmanager: StartAlertmanager,
    tmp_path: Path,
) -> Chain:
    """The example configurations and rules as they are, but for addresses, and in seconds instead of minutes."""
    alertmanager = start_alertmanager(alertmanager_config(webhook, tmp_path))
    prometheus = start_prometheus(prometheus_config(exporter, alertmanager, tmp_path))
    prometheus.wait_for(f'bk_task_info{{task_id="{TASK}", url!=""}}', timeout=90)
    return Chain(simulator[0], prometheus, alertmanager, webhook)


def alertmanager_config(webhook: Webhook, folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((FOLDER / "alertmanager.yml").read_text("utf-8"))
    copytree(FOLDER / "templates", folder / "templates")
    config["route"] |= {"group_wait": "500ms", "group_interval": "1s"}
    (chat,) = (receiver for receiver in config["receivers"] if receiver["name"] == "chat")
    chat["slack_configs"][0]["api_url"] = webhook.url
    chat["webhook_configs"] = [{"url": webhook.url, "send_resolved": True}]
    return config


def prometheus_config(exporter: Exporter, alertmanager: AlertmanagerServer, folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "500ms"}
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager.address]}]}]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [exporter.url.removeprefix("http://")]}]
    (folder / "rules").mkdir()
    for path in RULES:
        rules = yaml.safe_load(path.read_text("utf-8"))
        for rule in (rule for group in rules["groups"] for rule in group["rules"] if "for" in rule):
            rule["for"] = "3s"
        (folder / "rules" / path.name).write_text(json.dumps(rules), "utf-8")
    return config


def test_a_failed_task_is_told_of_and_so_is_its_end(chain: Chain) -> None:
    """A task fails: the message names task, business, node and link. It is retried and finishes: that is told too."""
    world = chain.simulator.world
    world.fail("sops", TASK)
    alert = chain.message("firing", "BkTaskFailed", TASK)
    nodes = chain.prometheus.query(f'bk_task_node_state{{task_id="{TASK}", state="failed"}}')
    link = f"https://bk-sops.example.com/taskflow/execute/7/?instance_id={TASK}"
    assert alert["labels"].items() >= {"bk_biz_id": "2", "system": "sops", "severity": "critical"}.items()
    assert alert["annotations"]["summary"] == "Task failed: 每小时巡检 (sops, business 2)"
    assert alert["annotations"]["summary_zh"] == "任务失败：每小时巡检（sops 业务 2）"
    description = alert["annotations"]["description"]
    assert description.startswith(f"Task {TASK} of sops, business 2, has been failed for ")
    assert f"Failed nodes: {nodes[0].labels['node_name']}" in description
    assert description.endswith(f"\n{link}")
    chat = chain.chat("🔴 Task failed: 每小时巡检 (sops, business 2)\n", f"\n{link}\n")
    identity = f"system=sops&bk_biz_id=2&scope=&task_id={TASK}"
    dashboard = f"http://localhost:3000/d/bk-task/bk-task?var-{identity.replace('&', '&var-')}"
    assert f"\nWhy: http://localhost:9840/task?{identity}\nDashboard: {dashboard}\nRunbook: " in chat
    assert chat.endswith(f"docs/runbooks/BkTaskFailed.md\n{dashboard}")

    world.retry("sops", TASK)
    world.finish("sops", TASK)
    assert chain.message("resolved", "BkTaskFailed", TASK)["endsAt"]
    chain.chat("✅ Resolved: Task failed: 每小时巡检 (sops, business 2)\nIt fired for ", link)


def test_odd_names_arrive_as_text(chain: Chain) -> None:
    """Quotes, a line feed, HTML and an emoji in a task's name come out of the whole chain as text on one line."""
    chain.simulator.world.fail("sops", ODD)
    summary = chain.message("firing", "BkTaskFailed", ODD)["annotations"]["summary"]
    assert summary == 'Task failed: 发布 "v2"\\beta <script>alert(1)</script> 🚀 {x="1"} (sops, business 2)'


def test_a_system_that_is_down_mutes_its_tasks_and_ends_none_of_their_alerts(chain: Chain) -> None:
    """One message says that the system cannot be read. Failed tasks are still failed, and no others are told of."""
    chain.simulator.world.fail("sops", TASK)
    chain.message("firing", "BkTaskFailed", TASK)
    chain.simulator.misbehave("sops", "engine")
    chain.chat("🔴 BlueKing system unreadable: sops\n")
    until(chain.alertmanager.muted, {"BkTaskUnreadable", "BkTaskFailed"}.issubset, 30)

    chain.simulator.misbehave("sops", None)
    chain.chat("✅ Resolved: BlueKing system unreadable: sops\n")
    told = [told for told in chain.webhook.received if told.get("status") == "resolved"]
    assert [each for each in told if each["commonLabels"]["alertname"] == "BkTaskFailed"] == []
