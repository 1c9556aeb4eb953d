"""docs/troubleshooting.md: every word for what may be wrong, from the texts that the programs themselves show."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.advice import REASONS, Advice
from exporter.doctor.causes import CAUSES

_INTRO = """\
# Troubleshooting

<!-- Written by `make docs` from exporter/advice.py and exporter/doctor/causes.py; change it there. -->

Three ways to learn what is wrong:

- **`bk-task-exporter doctor --config.file config.yaml`** tries each system and each task that is configured, and says
  what is wrong, in BlueKing's words too, and what to do next. It asks politely, changes nothing, and ends with 1 if
  anything is wrong. `--format json` is for machines; [doctor.schema.json](doctor.schema.json) describes it.
- **`/probe?...&debug=true`** tells what went over the wire for one task; see [probe.md](probe.md).
- **The log** has one line when a task becomes unreadable, with its reason, and one when that ends.
"""

_REASONS = """\
## Reasons

The label `reason` of `bk_task_exporter_api_request_failures_total`, and the field `reason` of log lines.
"""

_CAUSES = """\
## Causes

What `doctor` calls `cause`. Where it cannot say anything closer, it gives one of the reasons above.
"""


def reference() -> str:
    """The text of `docs/troubleshooting.md`."""
    return "\n".join([_INTRO, _REASONS, reasons(), _CAUSES, advice_table(CAUSES.items())])


def reasons() -> str:
    """Every word of the label `reason`, as a table."""
    return advice_table(REASONS.items())


def advice_table(
    rows: Iterable[tuple[str, Advice]], head: tuple[str, str, str] = ("word", "what it means", "what to do")
) -> str:
    """Words and what is to be said about each."""
    lines = [f"| {' | '.join(head)} |", "|---|---|---|"]
    lines += [f"| `{word}` | {advice.means} | {advice.cure} |" for word, advice in rows]
    return "\n".join(lines) + "\n"
