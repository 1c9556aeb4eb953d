"""The floor under lines and branches."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import coverage_floor
from tools.generate import ROOT


def test_verdict_names_what_is_below() -> None:
    """Lines and branches are held to the floor each on its own; the floor itself is enough."""
    assert coverage_floor.verdict({"lines": 95.0, "branches": 95.0}, 95) == ""
    assert (
        coverage_floor.verdict({"lines": 99.9, "branches": 94.994}, 95)
        == "coverage of branches is 94.99 %, below 95 %\n"
    )


@pytest.mark.parametrize(("floor", "code"), [("50", 0), ("95", 1)])
def test_reads_the_last_run(tmp_path: Path, floor: str, code: int) -> None:
    """The figures come from the data file of the last run, with both arms of a branch counted."""
    (tmp_path / ".coveragerc").write_text("[run]\nbranch = true\n", "utf-8")
    (tmp_path / "half.py").write_text("import sys\nif len(sys.argv) > 5:\n    print()\n", "utf-8")
    subprocess.run([sys.executable, "-m", "coverage", "run", "half.py"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; from tools.coverage_floor import main; sys.exit(main(['{floor}']))"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "lines 66.67 % branches 50.00 %\n"
    assert done.returncode == code, done.stderr
