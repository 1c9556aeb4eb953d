"""A further system is a module beside the others and a line in SYSTEMS: everything else knows it by itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from exporter.systems.base import System
from tests import plans
from tests.answers import LISTINGS
from tests.pages import parsed
from tools.generate import ROOT

#: mypy holds the module to what a system is.
PLANS: System = plans
LABELS = {"system": "plans", "bk_biz_id": "", "scope": "team:5"}


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What the exporter says of plans, door by door."""
    command = [sys.executable, "-m", "tests.fifth"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(("door", "plan", "state"), [("metrics", "7", "failed"), ("probe", "8", "finished")])
def test_its_tasks_have_metrics(said: dict[str, str], door: str, plan: str, state: str) -> None:
    """... configured or probed, with its own states."""
    samples = [each for each in parsed(said[door]) if each.name == "bk_task_state"]
    assert [each.labels["state"] for each in samples if each.value] == [state]
    assert [each.labels["state"] for each in samples] == list(PLANS.STATES)
    for each in samples:
        assert each.labels == {**LABELS, "task_id": plan, "state": each.labels["state"]}


def test_its_tasks_are_targets(said: dict[str, str]) -> None:
    """... with the parameters that /probe takes."""
    (target,) = json.loads(said["sd"])
    given = {name: value for name, value in target["labels"].items() if name.startswith("__param_")}
    assert given == {"__param_system": "plans", "__param_team": "5", "__param_plan_id": "7"}


def test_its_tasks_have_pages(said: dict[str, str]) -> None:
    """... which say its state and lead to each other."""
    assert 'href="task?system=plans&amp;team=5&amp;plan_id=7"' in said["overview"]
    assert "s-failed" in said["task"]
    assert "{system: plans, team: 5, plan_id: 7, name: moving}" in said["config"]


def test_its_configuration_is_checked_and_described(said: dict[str, str]) -> None:
    """By its own parameters; a system without lists cannot be discovered."""
    assert said["refused"].splitlines() == [
        "config.yaml:4: tasks[0].plan_id: missing (plans needs team and plan_id)",
        "config.yaml:4: tasks[0].job_id: unknown key (known: team, plan_id, name)",
        f"config.yaml:5: discover[0].system: unknown value 'plans' (known: {', '.join(LISTINGS)})",
    ]
    assert "plan_id" in said["schema"]
    assert "`system: plans` (Plans)" in said["reference"]


def test_the_doctor_examines_it(said: dict[str, str]) -> None:
    """... without a list that would tell more of a place."""
    assert "tasks: 2 can be read" in said["doctor"]
    assert "WRONG   tasks in plans team:6:" in said["doctor"]
