"""Texts of any length and content, made fit for a person's eye. Escaping is the template's business."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.labeltext import printable

#: Most characters and lines of a failure's text: what says why mostly stands at the beginning or at the end.
MAX_TEXT = 4000
MAX_LINES = 60


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text, and how many characters of it are left out in its middle, before `tail`."""

    text: str
    left_out: int = 0
    tail: str = ""


def excerpt(text: str) -> Excerpt:
    """The whole of a short text; of a long one its beginning and its end, where a traceback says what it was."""
    text = text.replace("\r\n", "\n").strip("\n")
    head, tail = _head(text), ""
    if len(head) < len(text):
        tail = _tail(text[len(head) :])
    return Excerpt(printable(head), len(text) - len(head) - len(tail), printable(tail))


def _head(text: str) -> str:
    return "\n".join(text[: MAX_TEXT // 2].split("\n")[: MAX_LINES // 2]) if _long(text) else text


def _tail(text: str) -> str:
    return "\n".join(text[-MAX_TEXT // 2 :].split("\n")[-MAX_LINES // 2 :])


def _long(text: str) -> bool:
    return len(text) > MAX_TEXT or text.count("\n") >= MAX_LINES
