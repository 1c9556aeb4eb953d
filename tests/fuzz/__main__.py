"""Fuzzes every target, one after the other: ``python -m tests.fuzz [--runs 1000000] [TARGET ...]``.

A finding ends its target's run; its input lies in tests/fixtures/fuzz from then on, and the tests try it as well.
A run that finds nothing is kept in tests/fuzz/runs.json, and stands in the table of docs/reliability.md.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fuzz.report import RUNS, Run, row
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import FINDINGS, TARGETS, findings
from tools.generate import rewrite

#: An input that takes longer, in seconds, or more memory, in MiB, is a finding too.
SECONDS, MEMORY = 10, 2048
LENGTH = 20_000


def fuzz(target: str, runs: int, folder: Path) -> Run | str:
    """Run libFuzzer on one target; a word where it ended with a finding."""
    corpus = folder / target
    corpus.mkdir()
    for number, seed in enumerate((*seeds(target), *findings(target))):
        (corpus / str(number)).write_bytes(seed)
    artifacts = folder / f"{target}.found"
    artifacts.mkdir()
    limits = (
        f"-artifact_prefix={artifacts}/",
        f"-max_len={LENGTH}",
        f"-timeout={SECONDS}",
        f"-rss_limit_mb={MEMORY}",
    )
    command = [sys.executable, "-m", "tests.fuzz.one", target, f"-runs={runs}", *limits, str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    ended = re.search(r"Done (\d+) runs in (\d+) second", done.stderr)
    features = max(map(int, re.findall(r"\bft: (\d+)", done.stderr)), default=0)
    if done.returncode != 0 or ended is None:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        return ", ".join(_kept(target, artifacts)) or "it ended without a word"
    return Run(int(ended[1]), int(ended[2]), features)


def _kept(target: str, artifacts: Path) -> Iterator[str]:
    """Put what was found among the fixtures."""
    for found in artifacts.iterdir():
        fixture = FINDINGS / f"{target}.{found.name[:20]}.txt"
        fixture.write_text(f"{found.read_bytes()!r}\n", "utf-8")
        yield fixture.name


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz, guided by coverage.")
    parser.add_argument("--runs", type=int, default=100_000, help="inputs for each target (default: %(default)s)")
    parser.add_argument("targets", nargs="*", default=[*TARGETS], metavar="TARGET", help=f"one of {', '.join(TARGETS)}")
    arguments = parser.parse_args(argv)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for target in arguments.targets:
            run = fuzz(target, arguments.runs, Path(folder))
            if isinstance(run, str):
                failed = True
                sys.stdout.write(f"{target}: found {run}\n")
            else:
                RUNS.note(target, run, TARGETS)
                rewrite("docs/reliability.md")
                sys.stdout.write(row(target, run))
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
