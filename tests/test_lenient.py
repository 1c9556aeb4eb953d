"""JSON that only a lenient reader takes."""

from __future__ import annotations

import json

import pytest

from exporter.lenient import cleaned


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
