"""Soaks the exporter in load: ``python -m tests.soak [--share 0.1] [PART ...]``.

Whole runs are kept in tests/soak/runs.json, and stand in the table of docs/reliability.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.soak.parts import PARTS
from tests.soak.report import RUNS, Row
from tools.generate import rewrite


def soak(part: str, share: float) -> Iterator[Row]:
    """Do one part in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for row in PARTS[part](share, Path(folder)):
            sys.stdout.write(str(row))
            sys.stdout.flush()
            yield row


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Load and soak.")
    parser.add_argument("--share", type=float, default=1.0, help="how much of each part (default: all of it)")
    parser.add_argument("parts", nargs="*", default=[*PARTS], metavar="PART", help=f"one of {', '.join(PARTS)}")
    arguments = parser.parse_args(argv)
    bad = False
    for part in arguments.parts:
        rows = list(soak(part, arguments.share))
        bad |= not all(row.fine for row in rows)
        if arguments.share >= 1:
            RUNS.note(part, rows, PARTS)
            rewrite("docs/reliability.md")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
