"""A real Prometheus runs the jobs of docs/discovery.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter.demo.configuration import demo_config
from exporter.demo.simulator import Simulator
from tests import simulated
from tests.documents import blocks
from tests.processes import Exporter, serving
from tests.real.servers import PrometheusServer

pytestmark = pytest.mark.real

Start = Callable[[Mapping[str, Any]], PrometheusServer]

JOBS = {
    job["job_name"]: job for block in blocks("docs/discovery.md", "scrape_configs") for job in block["scrape_configs"]
}
TIMES = {"global": {"scrape_interval": "5s", "scrape_timeout": "5s"}}


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    """An exporter on a simulated BlueKing, whose tasks are all scraped through /probe."""
    with simulated.serving(Simulator(seed=4)) as url:
        config = tmp_path / "config.yaml"
        text = demo_config(url, discover=True)
        config.write_text(text.replace("collect:\n", "collect:\n  metrics: none\n"), "utf-8")
        with serving(config) as running:
            yield running


def run(start: Start, exporter: Exporter, *names: str, **changes: Any) -> PrometheusServer:
    """Run jobs of the document, with this exporter's address in place of the document's."""
    text = json.dumps([JOBS[name] | changes for name in names])
    address = exporter.url.removeprefix("http://")
    assert "bk-task-exporter:9840" in text
    return start(TIMES | {"scrape_configs": json.loads(text.replace("bk-task-exporter:9840", address))})


def test_every_task_is_a_target_that_is_up(exporter: Exporter, start_prometheus: Start) -> None:
    """With one job and no id that was written by hand; the exporter's own page shows none of them."""
    prometheus = run(start_prometheus, exporter, "bk-tasks", "bk-task-exporter")
    known = exporter.get("/sd").json()
    instances = {group["labels"]["__meta_bk_target"] for group in known}
    assert {target.partition("/")[0] for target in instances} == {"sops", "bkflow", "nodeman", "gsekit"}
    up = prometheus.wait_for('up{job="bk-tasks"} == 1', lambda samples: len(samples) >= len(instances))
    assert {sample.labels["instance"] for sample in up} >= instances
    assert prometheus.query('up{job="bk-tasks"} == 0') == []
    shown = prometheus.query("count by (instance) (bk_task_up)")
    assert {sample.labels["instance"]: sample.value for sample in shown} == {s.labels["instance"]: 1 for s in up}
    assert prometheus.wait_for('count(bk_task_exporter_targets{job="bk-task-exporter"})')
    assert prometheus.query('bk_task_up{job="bk-task-exporter"}') == []


def test_tasks_are_chosen_by_what_lists_tell(exporter: Exporter, start_prometheus: Start) -> None:
    """Only tasks of two templates, and their nodes are left out."""
    prometheus = run(start_prometheus, exporter, "bk-releases", scrape_interval="5s")
    known = exporter.get("/sd?system=sops&bk_biz_id=2").json()
    wanted = {g["labels"]["__meta_bk_target"] for g in known if g["labels"].get("__meta_bk_kind") in ("7", "8")}
    assert 0 < len(wanted) < len(known)
    up = prometheus.wait_for("up == 1", lambda samples: len(samples) >= len(wanted))
    assert {sample.labels["instance"] for sample in up} >= wanted
    assert prometheus.query("bk_task_state")
    assert prometheus.query("bk_task_node_state") == []


def test_tasks_by_hand(exporter: Exporter, start_prometheus: Start) -> None:
    """As with blackbox_exporter: targets are ids, and relabelling makes parameters of them."""
    prometheus = run(start_prometheus, exporter, "bk-task-probe")
    up = prometheus.wait_for("bk_task_up == 1", lambda samples: len(samples) == 2)
    assert {(sample.labels["instance"], sample.labels["task_id"]) for sample in up} == {("1", "1"), ("10", "10")}
