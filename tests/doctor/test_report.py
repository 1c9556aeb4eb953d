"""What people and machines get."""

from __future__ import annotations

import json

import msgspec
from jsonschema import Draft202012Validator

from exporter.doctor.causes import CAUSES, advice
from exporter.doctor.findings import Report, fine, found
from exporter.doctor.schema import schema_json
from exporter.doctor.text import text
from exporter.errors import Reason, TaskError
from exporter.model import Identity

ERROR = TaskError(Reason.REFUSED, "不行\x1b[31m", code="3599999", request_id="r1", explicit=True)
TASKS = [Identity("sops", "2", "", str(number)) for number in range(1000)]


def report() -> Report:
    several = found("sops", "tasks", "task_unknown", error=ERROR, place="sops biz 2", tasks=TASKS)
    return Report.of("1.2.3", [fine("sops", "address", "answers"), several])


def test_text_is_for_people() -> None:
    """Lines are short, tasks are counted, and no control character comes through."""
    shown = text(report(), {"sops": "http://bk"})
    assert "  WRONG   tasks in sops biz 2: BlueKing knows no such task there.\n" in shown
    assert "1,000 tasks: 0, 1, 2," in shown
    assert "and 980 more" in " ".join(shown.split())
    assert "(code 3599999, request id r1)" in shown
    assert "What to do: " in shown
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert shown.endswith("1 wrong.\n")


def test_json_is_for_machines() -> None:
    """It fits its schema, and a finding has the same keys whatever it found."""
    raw = msgspec.json.encode(report())
    Draft202012Validator(json.loads(schema_json())).validate(json.loads(raw))
    told = json.loads(raw)
    assert (told["schema"], told["result"]) == (1, "wrong")
    assert len({frozenset(finding) for finding in told["findings"]}) == 1
    assert told["findings"][1]["tasks"] == 1000
    assert len(told["findings"][1]["task_ids"]) == 20


def test_the_worst_finding_is_the_result() -> None:
    """Warnings are not wrong."""
    well, bad = fine("sops", "address", "x"), found("sops", "tasks", "bulk", level="warning")
    assert [Report.of("1", findings).result for findings in ([], [well], [well, bad])] == ["ok", "ok", "warning"]


def test_every_cause_says_what_to_do() -> None:
    """In whole sentences; a reason is a cause as well."""
    for cause in [*CAUSES, *(reason.value for reason in Reason)]:
        for sentence in (advice(cause).means, advice(cause).cure):
            assert sentence[0].isupper() or sentence.startswith("`"), cause
            assert sentence.endswith("."), cause
