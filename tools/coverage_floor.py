"""Fails if the last coverage run is below a floor, in lines or in branches: ``python -m tools.coverage_floor 95``.

coverage's own ``fail_under`` looks at both together, so that many covered lines can hide uncovered branches.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import coverage


def measured() -> dict[str, float]:
    """Return the percentage of covered lines and branches, from the data file of the last run."""
    data = coverage.Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        data.json_report(outfile=str(report))
        totals = json.loads(report.read_text("utf-8"))["totals"]
    keys = {"lines": "percent_statements_covered", "branches": "percent_branches_covered"}
    return {what: totals.get(key, 0.0) for what, key in keys.items()}  # a run without data or branches has none


def verdict(percentages: Mapping[str, float], floor: float) -> str:
    """Return what is below the floor, in words; empty if nothing is."""
    return "".join(
        f"coverage of {what} is {p:.2f} %, below {floor:g} %\n" for what, p in percentages.items() if p < floor
    )


def main(argv: Sequence[str]) -> int:
    """Compare the last run with the floor given as the argument; return the exit code."""
    percentages = measured()
    below = verdict(percentages, float(argv[0]))
    sys.stdout.write(" ".join(f"{what} {p:.2f} %" for what, p in percentages.items()) + "\n")
    sys.stderr.write(below)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
