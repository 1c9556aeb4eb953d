"""Tries out every fault and writes the table into docs/reliability.md: ``python -m tests.faults``."""

import sys
import tempfile
from pathlib import Path

from tests.faults.catalogue import FAULTS, PREPARED
from tests.faults.report import table
from tests.faults.stage import stage
from tests.faults.trial import try_out
from tools.generate import ROOT, Generated, write


def main() -> int:
    for make in PREPARED:
        make()
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as built:
        parts = {part: [try_out(built, fault) for fault in faults] for part, faults in FAULTS.items()}
    write(ROOT, Generated("docs/reliability.md", lambda: table(parts), "faults"))
    problems = [
        f"{trial.fault.says}: {problem}"
        for trials in parts.values()
        for trial in trials
        for problem in trial.problems()
    ]
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
