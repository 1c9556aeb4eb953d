"""Parameters as a query; loosely typed values: whatever comes, a value or None, never an exception."""

from datetime import UTC, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.systems.base import count, flag, number, seconds, table, text, timestamp
from tests.support import params

SHANGHAI = timezone(timedelta(hours=8))
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(35, 35), ("35", 35), ("12.5", 12.5), (12.5, 12.5), (" 7 ", 7), ("-3", -3), ("1e3", 1000),
     (True, None), (None, None), ("", None), ("abc", None), ("1_000", None), ("nan", None), ("inf", None), (float("nan"), None),
     (float("inf"), None), (10**400, None), (1e300, None), ("9" * 33, None), ([], None), ({}, None)],
)  # fmt: skip
def test_number(value: Any, expected: float | None) -> None:
    """Numbers may come as strings; what is no finite number is None."""
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), ("55035", 55035), (-1, None), ("-0", 0), (-0.0, 0), (0.4, 0.4)]
)
def test_seconds(value: Any, expected: float | None) -> None:
    """Durations are from 0, and 0 has no sign."""
    assert seconds(value) == expected
    assert str(seconds(value)) != "-0.0"


@pytest.mark.parametrize(
    ("value", "expected"), [(3, 3), ("3", 3), (3.0, 3), (3.5, None), (-1, None), (False, None), ("x", None)]
)
def test_count(value: Any, expected: int | None) -> None:
    """Counts are whole."""
    assert count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), (1, True), (0, False), ("true", True), ("False", False), ("1", True), ("0", False),
     (2, None), ("yes", None), ("", None), (None, None), (0.0, None), ([], None)],
)  # fmt: skip
def test_flag(value: Any, expected: bool | None) -> None:
    """`skip` may be false, 0, or either as text."""
    assert flag(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), ("", ""), (7, "7"), (None, ""), (True, ""), (1.5, ""), ([], ""), ({}, ""), (10**30, "")],
)
def test_text(value: Any, expected: str) -> None:
    """Ids may be numbers; what is no text is empty."""
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22 16:00:00 +0800", 1_795_334_400.0),
        ("2026-11-22 16:00:00+0800", 1_795_334_400.0),
        ("2026-11-22 16:00:00+08:00", 1_795_334_400.0),
        ("2026-11-22 03:00:00 -0500", 1_795_334_400.0),
        ("2026-11-22T08:00:00.320Z", 1_795_334_400.32),
        ("2026-11-22 08:00:00.080806+00:00", 1_795_334_400.080806),
        ("2026-11-22 16:00:00", 1_795_334_400.0),
        (" 2026-11-22 16:00:00 ", 1_795_334_400.0),
        (None, None),
        ("", None),
        ("None", None),
        ("2026-13-01 00:00:00", None),
        ("1969-12-31 00:00:00 +0000", None),
        ("0001-01-01 00:00:00", None),
        ("9" * 41, None),
        (1_795_334_400, None),
        ([], None),
    ],
)
def test_timestamp(value: Any, expected: float | None) -> None:
    """Every format that BlueKing has; null and "" are unset; without offset it is the configured zone's."""
    assert timestamp(value, SHANGHAI) == expected


def test_zone_of_times_without_offset() -> None:
    """The zone decides only where the time has no offset of its own."""
    assert timestamp("2026-11-22 08:00:00", UTC) == 1_795_334_400.0
    assert timestamp("2026-11-22 16:00:00 +0800", UTC) == 1_795_334_400.0


def test_table() -> None:
    """A table keeps what can be counted, and no more names than its limit."""
    assert table({"a": 1, "b": "2", "c": -1, "d": None, "e": [], "f": True}) == {"a": 1, "b": 2}
    assert len(table({str(name): 1 for name in range(100)})) == 64
    assert table([1]) == table(None) == table("x") == {}


@given(ANYTHING)
def test_nothing_raises(value: Any) -> None:
    """No value whatever makes a reader raise."""
    for reader in (number, seconds, count, flag, text, table):
        reader(value)
    timestamp(value, UTC)


def test_a_task_is_known_by_its_parameters() -> None:
    """In the order of its system, with the system before, without its name and what is the default."""

    def query(system: str, **values: object) -> str:
        return urlencode(params(system, **values).query)

    assert query("sops", bk_biz_id=2, task_id=10, name="x") == "system=sops&bk_biz_id=2&task_id=10"
    subtree = query("sops", bk_biz_id=2, task_id=10, scope="project", subprocess_id="n1")
    assert subtree == "system=sops&bk_biz_id=2&task_id=10&scope=project&subprocess_id=n1"
    assert query("gsekit", bk_biz_id=2, job_id=1) == "system=gsekit&bk_biz_id=2&job_id=1"
