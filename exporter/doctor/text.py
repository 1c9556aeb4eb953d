"""A report as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import fill

from exporter.doctor.findings import Finding, Report
from exporter.labeltext import printable

_WIDTH = 100
_MARK = {"ok": "ok     ", "warning": "warning", "wrong": "WRONG  "}
_INDENT = " " * 10


def text(report: Report, addresses: Mapping[str, str]) -> str:
    """The report for people; `addresses` says where each system is."""
    lines: list[str] = []
    for system in dict.fromkeys(finding.system for finding in report.findings):
        lines += [f"{system}  {addresses.get(system, '')}".rstrip()]
        lines += [line for one in report.findings if one.system == system for line in _finding(one)] + [""]
    return printable("\n".join([*lines, _summary(report)])) + "\n"


def _finding(finding: Finding) -> Iterator[str]:
    where = f" in {finding.place}" if finding.place else ""
    head = f"  {_MARK[finding.level]} {finding.check}{where}: {finding.message}"
    yield fill(head, _WIDTH, subsequent_indent=_INDENT)
    if finding.level == "ok":
        return
    for line in (finding.detail, _tasks(finding), _said(finding), f"What to do: {finding.cure}"):
        if line:
            yield fill(line, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _tasks(finding: Finding) -> str:
    if not finding.tasks:
        return ""
    more = finding.tasks - len(finding.task_ids)
    noun = "Task" if finding.tasks == 1 else f"{finding.tasks:,} tasks:"
    return f"{noun} {', '.join(finding.task_ids)}{f' and {more:,} more' if more else ''}"


def _said(finding: Finding) -> str:
    if not finding.said:
        return ""
    told = {"code": finding.code, "request id": finding.request_id}
    ids = ", ".join(f"{name} {value}" for name, value in told.items() if value)
    return f"The answer was: {finding.said}{f' ({ids})' if ids else ''}"


def _summary(report: Report) -> str:
    if report.result == "ok":
        return "All is well."
    levels = [finding.level for finding in report.findings]
    counted = ((levels.count("wrong"), "wrong"), (levels.count("warning"), "to look at"))
    return ", ".join(f"{number} {word}" for number, word in counted if number) + "."
