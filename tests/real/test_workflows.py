"""The workflows, as their linters see them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real import programs
from tools.generate import ROOT

pytestmark = pytest.mark.real

FOLDER = ROOT / ".github/workflows"
HOSTILE = """\
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A program that came with the packages of the environment."""
    command = [programs.find(program, folder=Path(sys.executable).parent), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    """... and would find an injection."""
    done = run("zizmor", "--offline", FOLDER)
    assert done.returncode == 0, done.stdout
    (tmp_path / "hostile.yml").write_text(HOSTILE, "utf-8")
    assert "template-injection" in run("zizmor", "--offline", tmp_path / "hostile.yml").stdout


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_they_are_workflows(path: Path) -> None:
    """Each fits the schema of GitHub's workflows."""
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)
    assert done.returncode == 0, done.stdout
