"""What pages call in need of attention, held against the recording rules that alerts are made of."""

import json
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from exporter.model import Hosts, Identity, JobTasks, NodeCounts, State, Task, needs_attention
from exporter.outcome import Outcome
from exporter.systems import SYSTEMS
from tests.alerting.rulefiles import RULES
from tests.pages import page, parsed
from tests.real.programs import Monitoring

pytestmark = pytest.mark.real

#: The reasons of recording.yml, and the states in which pages call for a person; thresholds are Prometheus's own.
REASONS = {
    "failed|hosts_failed|job_tasks_failed": State.FAILED,
    "waiting": State.SUSPENDED,
    "unknown_state": State.UNKNOWN,
    "runs_too_long|overdue": "",
}


def tasks() -> Iterator[tuple[str, Task]]:
    """Yield each state of each system, with parts that failed, are not understood, wait, or do none of it."""
    for system, (failed, unknown) in product(SYSTEMS, product((0, 3), (0, 2))):
        for state in SYSTEMS[system].STATES:
            counts = dict.fromkeys(SYSTEMS[system].STATES, 1) | {State.FAILED: failed, State.UNKNOWN: unknown}
            words = {"running": 1, "failed": failed}
            match system:
                case "nodeman":
                    yield system, Task(state=state, hosts=Hosts(words, {}, {}))
                case "gsekit":
                    yield system, Task(state=state, job_tasks=JobTasks(words, None))
                case _:
                    yield system, Task(state=state, node_counts=NodeCounts(counts, 0, 0))


def test_pages_and_alerts_agree(monitoring: Monitoring, tmp_path: Path) -> None:
    """A task needs attention on `/` where `bk_task:needs_attention` says so, whatever state it and its parts are in."""
    outcomes = [
        Outcome(Identity(system, "2", "", str(number)), task, None, 1.0, 0.0)
        for number, (system, task) in enumerate(tasks())
    ]
    asked = "bk_task:needs_attention"
    for reasons, state in REASONS.items():
        asked = f'label_replace({asked}, "state", "{state}", "reason", "{reasons}")'
    test = {
        "input_series": [
            {"series": _series(sample.name, sample.labels), "values": f"{sample.value:g}x1"}
            for sample in parsed(page(outcomes))
        ],
        "promql_expr_test": [
            {
                "expr": f"group by (task_id, state) ({asked})",
                "eval_time": "1m",
                "exp_samples": [
                    {"labels": _series("", {"task_id": outcome.identity.task_id, "state": state}), "value": 1}
                    for outcome in outcomes
                    if outcome.kept
                    for state in needs_attention(outcome.kept)
                ],
            }
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"rule_files": [str(rules) for rules in RULES], "tests": [test]}), "utf-8")
    done = subprocess.run([monitoring.promtool, "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _series(name: str, labels: dict[str, str]) -> str:
    return f"{name}{{{', '.join(f'{key}={json.dumps(value)}' for key, value in labels.items())}}}"
