"""The table of docs/reliability.md, from what the faults did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tests.faults.catalogue import Fault
from tests.faults.stage import TASKS
from tests.faults.trial import Trial

_HEAD = "| fault | reason | lost | page | the log says |\n|---|---|---|---|---|\n"


def reason_of(fault: Fault) -> str:
    return " or ".join(f"`{reason}`" for reason in fault.reasons) or "-"


def lost_by(fault: Fault) -> str:
    """`nothing`, `that task`, `all of bkflow`; where BlueKing asked for it, until it may be asked again."""
    if not fault.lost:
        return "nothing"
    if len(fault.lost) < len(TASKS[fault.system]):
        return "that task"
    return f"all of {fault.system}" + (", until the reset time" if fault.lasts else "")


def table(parts: Mapping[str, Sequence[Trial]]) -> str:
    """All parts as Markdown; times are those of this run."""
    return "\n".join(f"### {part}\n\n{_HEAD}{''.join(map(_row, trials))}" for part, trials in parts.items())


def _row(trial: Trial) -> str:
    cells = (
        trial.fault.says,
        reason_of(trial.fault),
        lost_by(trial.fault),
        f"{trial.during.seconds:.1f} s",
        "; ".join(sorted({_cell(cause) for _, cause in trial.during.why})),
    )
    return f"| {' | '.join(cells)} |\n"


def _cell(cause: str) -> str:
    return re.sub(r":\d{4,5}\b", ":PORT", cause).replace("|", "\\|").replace("<", "&lt;")


def rows(page: str) -> Iterator[tuple[str, str, str]]:
    """Fault, reason and loss of each row of a page."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) >= 4 and re.fullmatch(r"\d+\.\d s", cells[3]):
            yield cells[0], cells[1], cells[2]
