"""The parts of compose.yaml fit each other: mounts, names, ports, addresses."""

import io
import json
import re
import runpy
from typing import Any

import pytest
import yaml

from exporter.config import loads
from tools.generate import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str) -> None:
    """Every file and folder that a service mounts exists, and is read only."""
    for volume in SERVICES[name].get("volumes", ()):
        source, _, rest = volume.partition(":")
        if source.startswith("./"):
            assert (ROOT / source).exists()
            assert rest.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_reached_from_this_machine_only_and_has_a_version(name: str) -> None:
    """What is for trying out opens no port to the network; images of others are named with their version."""
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "build" in service or ":" in service["image"]


def test_services_know_each_other() -> None:
    """The configurations name services of compose.yaml, by the ports that these listen on."""
    prometheus = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text("utf-8"))
    (scraped,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    (told,) = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    alertmanager = yaml.safe_load((ROOT / "prometheus/alertmanager.yml").read_text("utf-8"))
    chat = alertmanager["receivers"][0]["slack_configs"][0]["api_url"]
    ports = {name: service["ports"][0].split(":")[1] for name, service in SERVICES.items() if "ports" in service}
    asked = SERVICES["grafana"]["environment"]
    assert scraped == f"exporter:{ports['exporter']}"
    assert told == f"alertmanager:{ports['alertmanager']}"
    assert chat == f"http://chat:{ports['chat']}/"
    links = (ROOT / "prometheus/templates/addresses.tmpl").read_text("utf-8")
    assert re.findall(r"http://localhost:(\d+)", links) == [ports["grafana"], ports["exporter"]]
    assert asked["PROMETHEUS_URL"] == f"http://prometheus:{ports['prometheus']}"
    assert asked["ALERTMANAGER_URL"] == f"http://{told}"


def test_the_exporter_asks_the_simulator() -> None:
    """The exporter's configuration is a good one, and all its systems are the simulator."""
    config = loads((ROOT / "deploy/compose/config.yaml").read_text("utf-8"), "config.yaml")
    port = SERVICES["simulator"]["command"][3]
    assert {system.url.split("/")[2] for system in config.systems.values()} == {f"simulator{port}"}
    assert config.discover


def test_grafana_finds_what_is_mounted() -> None:
    """Grafana's provisioning looks where compose.yaml mounts the dashboards."""
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/bk-task-exporter.yml").read_text("utf-8"))
    path = provider["providers"][0]["options"]["path"]
    assert f"./grafana/dashboards:{path}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "grafana/dashboards" / home.removeprefix(f"{path}/")).is_file()


def test_the_chat_shows_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """The stand-in for a chat takes what Alertmanager sends to Slack, shows and prints it, and refuses anything else."""
    chat = runpy.run_path(str(ROOT / "deploy/compose/chat.py"))["Chat"]
    answers: list[tuple[int, str]] = []

    def ask(method: str, body: bytes = b"") -> tuple[int, str]:
        handler = chat.__new__(chat)
        handler.headers, handler.rfile = {"Content-Length": str(len(body))}, io.BytesIO(body)
        handler.answer = lambda status, text: answers.append((status, text))
        getattr(handler, method)()
        return answers[-1]

    assert ask("do_GET")[1].startswith("No message yet")
    assert ask("do_POST", json.dumps({"attachments": [{"title": "失败", "text": "a < b"}]}).encode()) == (200, "ok")
    assert ask("do_POST", b"[]") == (400, "not a message")
    assert ask("do_GET") == (200, "失败\na < b")
    assert capsys.readouterr().out == "失败\na < b\n\n"
