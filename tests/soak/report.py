"""What soaking came to: a file that the runs write, and the table of it in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

RUNS = Path(__file__).with_name("runs.json")

_HEAD = "| what was done | what came of it | |\n|---|---|---|\n"


class Row(msgspec.Struct, frozen=True):
    """One finding, and whether it is as it should be.

    What is `counted` is so on any machine; what is timed or weighed is not, and no test depends on it.
    """

    what: str
    figure: str
    fine: bool
    counted: bool = True

    def __str__(self) -> str:
        return f"| {self.what} | {self.figure} | {'fine' if self.fine else 'BAD'} |\n"


def runs() -> Mapping[str, Sequence[Row]]:
    """The rows of each part's last whole run."""
    return msgspec.json.decode(RUNS.read_bytes(), type=dict[str, list[Row]])


def note(part: str, rows: Sequence[Row], order: Iterable[str]) -> None:
    """Keep a part's rows in place of its last ones."""
    kept = {**runs(), part: rows}
    ordered = {name: kept[name] for name in order if name in kept}
    RUNS.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")


def table() -> str:
    """All parts as Markdown."""
    return _HEAD + "".join(str(row) for rows in runs().values() for row in rows)
