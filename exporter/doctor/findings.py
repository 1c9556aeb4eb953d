"""What was found, as data: for people as lines, for machines as JSON whose shape stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.doctor.causes import advice
from exporter.errors import TaskError
from exporter.model import Identity

Level = Literal["ok", "warning", "wrong"]
Check = Literal["address", "certificate", "clock", "credentials", "api", "bulk", "list", "tasks", "times"]

#: Tasks that a finding names; it counts all of them.
NAMED = 20


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is well or not. Tasks with one cause are one finding."""

    system: Annotated[str, Meta(description="The system: sops, bkflow, nodeman or gsekit.")]
    check: Annotated[Check, Meta(description="What was looked at.")]
    level: Annotated[Level, Meta(description="Only `wrong` makes the exit code 1.")]
    cause: Annotated[str, Meta(description="A word of docs/troubleshooting.md; empty where all is well.")] = ""
    place: Annotated[str, Meta(description="The business, project or space, such as `sops biz 2`.")] = ""
    message: Annotated[str, Meta(description="What it means, in English.")]
    detail: Annotated[str, Meta(description="What was seen.")] = ""
    cure: Annotated[str, Meta(description="What to do next.")] = ""
    said: Annotated[str, Meta(description="BlueKing's own message.")] = ""
    code: Annotated[str, Meta(description="BlueKing's own code.")] = ""
    request_id: Annotated[str, Meta(description="By which BlueKing's support finds the request.")] = ""
    task_ids: Annotated[tuple[str, ...], Meta(description=f"The first {NAMED} tasks that it is about.")] = ()
    tasks: Annotated[int, Meta(description="How many tasks it is about.")] = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that `doctor --format json` writes. New keys may come; none will go, or mean another thing."""

    schema: Annotated[int, Meta(description="1; it would change with the meaning of a key.")] = 1
    version: Annotated[str, Meta(description="The version of the exporter.")]
    result: Annotated[Level, Meta(description="The worst level of all findings.")]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, version: str, findings: Sequence[Finding]) -> Report:
        """The report of some findings."""
        levels = {finding.level for finding in findings}
        worst: Level = "wrong" if "wrong" in levels else "warning" if "warning" in levels else "ok"
        return cls(version=version, result=worst, findings=tuple(findings))


def fine(system: str, check: Check, message: str, *, place: str = "", tasks: int = 0) -> Finding:
    """All is well."""
    return Finding(system=system, check=check, level="ok", message=message, place=place, tasks=tasks)


def found(
    system: str,
    check: Check,
    cause: str,
    *,
    level: Level = "wrong",
    detail: str = "",
    error: TaskError | None = None,
    place: str = "",
    tasks: Iterable[Identity] = (),
) -> Finding:
    """Something is not well."""
    text, ids = advice(cause), [identity.task_id for identity in tasks]
    return Finding(
        system=system,
        check=check,
        level=level,
        cause=cause,
        place=place,
        message=text.means,
        detail=detail,
        cure=text.cure,
        said=error.message if error else "",
        code=error.code if error else "",
        request_id=error.request_id if error else "",
        task_ids=tuple(ids[:NAMED]),
        tasks=len(ids),
    )
