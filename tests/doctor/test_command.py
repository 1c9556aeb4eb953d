"""The command over the wire, with everything that a site has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.commands import doctor
from exporter.demo.simulator import Simulator
from exporter.errors import ConfigError
from tests import simulated

CONFIG = """\
bkapi: {{auth: {{bk_app_code: task-exporter, bk_app_secret_file: secret, bk_username: admin}}}}
systems: {{sops: {{url: "{url}/api/bk-sops/prod"}}}}
tasks: [{{system: sops, bk_biz_id: 2, task_id: 1}}, {{system: sops, bk_biz_id: 2, task_id: 90002}}]
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A simulated BlueKing on loopback."""
    with simulated.serving(Simulator(seed=1)) as served:
        yield served


@pytest.mark.parametrize(
    ("word", "causes"), [("demo-secret", ["task_of_another_business"]), ("not-the-secret", ["secret"])]
)
def test_json_over_the_wire(tmp_path: Path, url: str, word: str, causes: list[str]) -> None:
    """Sockets, a secret in a file, a task that is read and one that is not."""
    (tmp_path / "config.yaml").write_text(CONFIG.format(url=url), "utf-8")
    (tmp_path / "secret").write_text(word, "utf-8")
    shown, well = asyncio.run(doctor(str(tmp_path / "config.yaml"), "json", 30.0))
    wrong = [finding["cause"] for finding in json.loads(shown)["findings"] if finding["level"] == "wrong"]
    assert (wrong, well, word in shown) == (causes, False, False)


def test_text_over_the_wire(tmp_path: Path, url: str) -> None:
    """Each system with its address, and the next step where something is wrong."""
    (tmp_path / "config.yaml").write_text(CONFIG.format(url=url), "utf-8")
    (tmp_path / "secret").write_text("demo-secret", "utf-8")
    shown, _ = asyncio.run(doctor(str(tmp_path / "config.yaml"), "text", 30.0))
    assert shown.startswith(f"sops  {url}/api/bk-sops/prod (apigw, get_task_status)\n  ok      address: ")
    assert "What to do: Look for the task in BlueKing" in shown


def test_a_bad_configuration_is_not_examined(tmp_path: Path) -> None:
    """Every problem is told first."""
    (tmp_path / "config.yaml").write_text("systems: {sops: {url: 5}}\n", "utf-8")
    with pytest.raises(ConfigError):
        asyncio.run(doctor(str(tmp_path / "config.yaml"), "text", 30.0))
