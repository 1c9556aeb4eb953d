"""JSON that only a lenient reader takes."""

from __future__ import annotations

import json

import pytest

from exporter.lenient import cleaned, overcrowded


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"NaN", None),
        (b"-Infinity", None),
        (b"1e400", None),
        (b"-" + b"9" * 10_000, None),
        (b"12345678901234567890", None),
        (b"123456789012345678", 123456789012345678),
        (b"1.5", 1.5),
        (b'"\\ud800"', "?"),
        (b'"\xff"', "\ufffd"),
        ('"任务"'.encode(), "任务"),
    ],
)
def test_what_strict_json_cannot_hold_is_blanked(sent: bytes, read: object):
    """... and what stands beside it stays."""
    assert json.loads(cleaned(b'{"a": %b, "b": [1]}' % sent)) == {"a": read, "b": [1]}


@pytest.mark.parametrize("sent", [b"", b"{", b"<html>", b'{"a": 1} tail'])
def test_what_is_no_json_is_refused(sent: bytes):
    """The caller says what it was."""
    with pytest.raises(ValueError, match=r"."):
        cleaned(sent)


def test_depth_is_bounded():
    """By the interpreter, before it can hurt."""
    with pytest.raises(RecursionError):
        cleaned(b"[" * 1_000_000)


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        (b'{"a": {}}', False),
        (b"[" + b"{}," * 400_000 + b"1]", False),
        (b"[" + b"{}," * 500_000 + b"1]", True),
        (b"[" + b"[]," * 500_000 + b"1]", True),
        (b"[" + b"1," * 4_000_000 + b"1]", False),
        (b"[" + b"1," * 5_000_001 + b"1]", True),
        (b'"' + b" " * 10_000_000 + b'"', False),
    ],
    ids=range(7),
)
def test_what_would_be_gigabytes_is_told_by_its_signs(document: bytes, verdict: bool) -> None:
    """Without reading it."""
    assert overcrowded(document) is verdict
