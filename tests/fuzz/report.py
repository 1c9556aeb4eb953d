"""What the fuzzer's last runs came to: a file that the runs write, and the table of it in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.fuzz.targets import TARGETS

RUNS = Path(__file__).with_name("runs.json")

_HEAD = "| target | inputs | seconds | features | found |\n|---|---|---|---|---|\n"


class Run(msgspec.Struct, frozen=True):
    """What one target's run came to: seconds it took, distinct features of the code that its inputs reached."""

    inputs: int
    seconds: int
    features: int


def runs() -> Mapping[str, Run]:
    """The last run of each target that found nothing."""
    return msgspec.json.decode(RUNS.read_bytes(), type=dict[str, Run])


def note(target: str, run: Run) -> None:
    """Keep a run in place of the target's last one."""
    kept = {**runs(), target: run}
    ordered = {name: kept[name] for name in TARGETS if name in kept}
    RUNS.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")


def row(target: str, run: Run | None) -> str:
    """One line of the table."""
    if run is None:
        return f"| {target} | not run yet | | | |\n"
    return f"| {target} | {run.inputs:,} | {run.seconds:,} | {run.features:,} | nothing |\n"


def table() -> str:
    """All targets as Markdown."""
    kept = runs()
    return _HEAD + "".join(row(target, kept.get(target)) for target in TARGETS)
