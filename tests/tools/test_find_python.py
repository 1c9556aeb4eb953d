"""The search for an interpreter, on a PATH made for the test."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.fakes import program
from tools.generate import ROOT

TOO_OLD = "exit 1"
BROKEN_SHIM = "echo no such version >&2; exit 127"
GOOD = "exit 0"
WITHOUT_VENV = 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac'


def find(path: Path, *argument: str, **programs: str) -> subprocess.CompletedProcess[str]:
    for name, body in programs.items():
        program(path, name.replace("_", "."), body)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/find-python"), *argument],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_takes_the_first_good_one(tmp_path: Path) -> None:
    """A broken shim and an old Python are passed over; what follows is taken."""
    found = find(tmp_path, python3_13=BROKEN_SHIM, python3_12=TOO_OLD, python3_11=GOOD, python3=GOOD)
    assert (found.returncode, found.stdout, found.stderr) == (0, "python3.11\n", "")


def test_prefers_the_one_that_is_named(tmp_path: Path) -> None:
    """An interpreter that is named is taken, though PATH has another."""
    assert find(tmp_path, sys.executable, python3_13=GOOD).stdout == f"{sys.executable}\n"


def test_passes_over_one_without_venv(tmp_path: Path) -> None:
    """A Python without its venv module is no use while another is there."""
    assert find(tmp_path, python3_13=WITHOUT_VENV, python3=GOOD).stdout == "python3\n"


def test_says_which_package_is_missing(tmp_path: Path) -> None:
    """Where the only Python lacks its venv module, as Debian's does, the message names the package."""
    found = find(tmp_path, python3=WITHOUT_VENV)
    assert found.returncode == 1
    assert "apt install python3.11-venv" in found.stderr


@pytest.mark.parametrize("programs", [{}, {"python3": TOO_OLD}])
def test_says_that_there_is_none(tmp_path: Path, programs: dict[str, str]) -> None:
    """Without a Python 3.11 the message says so in one line."""
    found = find(tmp_path, **programs)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("no Python 3.11 or newer on PATH")


def test_says_that_the_named_one_is_no_good(tmp_path: Path) -> None:
    """A named interpreter that is no good is an error, and no other is taken in its place."""
    found = find(tmp_path, "python2", python2=TOO_OLD, python3=GOOD)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("PYTHON=python2 is not a Python 3.11")
