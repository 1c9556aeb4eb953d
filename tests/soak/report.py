"""What soaking came to: a file that the runs write, and the table of it in docs/reliability.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.runs import Runs

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


#: The rows of each part's last whole run.
RUNS = Runs(Path(__file__).with_name("runs.json"), list[Row])


def table() -> str:
    """All parts as Markdown."""
    return _HEAD + "".join(str(row) for rows in RUNS.read().values() for row in rows)
