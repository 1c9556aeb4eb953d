"""Compose reads compose.yaml."""

import subprocess

import pytest

from tests.real.programs import find
from tools.generate import ROOT

pytestmark = pytest.mark.real


def test_compose_reads_the_file() -> None:
    """Docker Compose has nothing to say against compose.yaml."""
    command = [find("docker-compose"), "--file", str(ROOT / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
