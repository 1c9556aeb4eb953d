"""A real Prometheus of each release line scrapes the demo."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import plain
from tests.real import servers
from tests.real.programs import Monitoring
from tests.real.servers import PrometheusServer
from tools.processes import free_port

pytestmark = pytest.mark.real

SYSTEMS = {"sops", "bkflow", "nodeman", "gsekit"}
TASK = "system, bk_biz_id, scope, task_id"
TEXT = {"Accept": "text/plain;version=0.0.4"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo, as the installed command runs it; returns its ``host:port``."""
    address = f"127.0.0.1:{free_port()}"
    command = [str(Path(sys.executable).with_name("bk-task-exporter")), "demo", "--web.listen-address", address]
    log = tmp_path_factory.mktemp("demo") / "log"
    with servers.running([*command, "--seed", "7"], ready_url=f"http://{address}/-/ready", log=log):
        yield address


@pytest.fixture(scope="module")
def prometheus(
    monitoring: Monitoring, demo: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusServer]:
    """Run a Prometheus of each release line, which has scraped the demo."""
    job = {"job_name": "demo", "static_configs": [{"targets": [demo]}]}
    config = {"global": {"scrape_interval": "4s", "scrape_timeout": "4s"}, "scrape_configs": [job]}
    with servers.prometheus(monitoring.prometheus, config, tmp_path_factory.mktemp("prometheus")) as server:
        server.wait_for("up == 1")
        yield server


def test_the_target_is_up(prometheus: PrometheusServer) -> None:
    """Prometheus reads the whole page without an error."""
    (target,) = prometheus.targets()
    assert (target["health"], target["lastError"]) == ("up", "")


def test_all_systems_have_tasks_that_could_be_read(prometheus: PrometheusServer) -> None:
    """Each of the four systems has tasks that are up, each in exactly one state."""
    up = prometheus.query("count by (system) (bk_task_up == 1)")
    assert {sample.labels["system"] for sample in up} == SYSTEMS
    states = prometheus.query(f"sum by ({TASK}) (bk_task_state)")
    assert {sample.value for sample in states} == {1}
    assert prometheus.query(f"(bk_task_up == 1) unless on ({TASK}) (bk_task_state == 1)") == []


@pytest.mark.parametrize(
    ("family", "systems"),
    [
        ("bk_task_info", SYSTEMS),
        ("bk_task_elapsed_seconds", SYSTEMS),
        ("bk_task_start_timestamp_seconds", SYSTEMS),
        ("bk_task_last_success_timestamp_seconds", SYSTEMS),
        ("bk_task_nodes", {"sops", "bkflow"}),
        ("bk_task_node_state", {"sops", "bkflow"}),
        ("bk_task_nodeman_hosts", {"nodeman"}),
        ("bk_task_gsekit_job_tasks", {"gsekit"}),
        ("bk_task_exporter_api_requests_total", SYSTEMS),
        ("bk_task_exporter_api_request_duration_seconds_count", SYSTEMS),
    ],
)
def test_families_have_series(prometheus: PrometheusServer, family: str, systems: set[str]) -> None:
    """Families have series of the systems that they are about, and of no other."""
    assert {sample.labels["system"] for sample in prometheus.query(f"count by (system) ({family})")} == systems


def test_every_family_of_the_page_arrives(prometheus: PrometheusServer, demo: str) -> None:
    """Each metric that the page declares, and has series of, is known to Prometheus with its type and help."""
    page = plain.get(f"http://{demo}/metrics", headers=TEXT).text
    declared = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE bk_task")}
    known = {name: entries[0] for name, entries in prometheus.get("metadata").items()}
    lost = {name for name in declared if not {name, name.removesuffix("_total")} & set(known)}
    assert lost == set()
    assert [name for name, entry in known.items() if name.startswith("bk_task") and not entry["help"]] == []


def test_promtool_is_silent(monitoring: Monitoring, demo: str) -> None:
    """Promtool's linter finds nothing to say about the page."""
    page = plain.get(f"http://{demo}/metrics", headers=TEXT).text
    lint = subprocess.run(
        [monitoring.promtool, "check", "metrics"], input=page, text=True, capture_output=True, check=False
    )
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")
