"""The list of targets."""

import re
import subprocess
from pathlib import Path

from tools.generate import ROOT

PARTS = {"coverage-floor", "force", "$(CHECKS)"}


def test_bare_make_lists_every_target() -> None:
    """Without a target make lists them all, each with what it does, and does nothing."""
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"^  ([a-z-]+) +\S", listed, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert names == set(phony.split()) - PARTS


def test_every_check_is_made_though_one_fails(tmp_path: Path) -> None:
    """Whoever mends what one check found does not learn of the next only then; the end is a failure all the same."""
    (tmp_path / "bin").mkdir()
    for name, ends in (("python", "false"), ("ruff", "false"), ("mypy", "true")):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit\necho "{name} $*"\n{ends}\n', "utf-8")
        program.chmod(0o755)
    for stamp in (".made", ".dev"):
        (tmp_path / stamp).touch()
    command = ["make", "check", f"VENV={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith(("python ", "ruff ", "mypy "))]
    assert said == ["python -m tools.generate --check", "ruff format --check .", "ruff check .", "mypy "], done.stderr
    assert done.returncode == 2
