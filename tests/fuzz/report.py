"""What the fuzzer's last runs came to: a file that the runs write, and the table of it in docs/reliability.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.fuzz.targets import TARGETS
from tests.runs import Runs

_HEAD = "| target | inputs | seconds | features | found |\n|---|---|---|---|---|\n"


class Run(msgspec.Struct, frozen=True):
    """What one target's run came to: seconds it took, distinct features of the code that its inputs reached."""

    inputs: int
    seconds: int
    features: int


#: The last run of each target that found nothing.
RUNS = Runs(Path(__file__).with_name("runs.json"), Run)


def row(target: str, run: Run | None) -> str:
    """One line of the table."""
    if run is None:
        return f"| {target} | not run yet | | | |\n"
    return f"| {target} | {run.inputs:,} | {run.seconds:,} | {run.features:,} | nothing |\n"


def table() -> str:
    """All targets as Markdown."""
    kept = RUNS.read()
    return _HEAD + "".join(row(target, kept.get(target)) for target in TARGETS)
