"""How others may spell a text: in escapes, which are undone, and in encodings, which are looked for. Pure."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Escape:
    """A way to write characters as others. No text without `mark` has one, and no text without `sign` one of ours."""

    mark: bytes
    token: re.Pattern[bytes]
    plain: Callable[[bytes], bytes]
    sign: re.Pattern[bytes]

    def undone(self, text: bytes) -> bytes:
        """The text without its escapes. What is no escape stays as it is."""
        if self.mark not in text or not self.sign.search(text):
            return text
        return self.token.sub(lambda found: self.plain(found[0]), text)


def escapes(texts: Iterable[bytes]) -> tuple[Escape, ...]:
    """The escapes that can hide one of these texts: of ASCII, none that stands for a letter of another script.

    JSON of Chinese is full of those, and undoing them costs more than reading the answer.
    """
    together = b"".join(texts)
    if not (together.isascii() and together.decode().isprintable()):
        return _BACKSLASH, _PERCENT, _ENTITY
    if any(sign in together for sign in b"\\/\"'"):
        return _BACKSLASH_QUOTING, _PERCENT_ASCII, _ENTITY
    return _BACKSLASH_ASCII, _PERCENT_ASCII, _ENTITY


def encodings(text: str) -> Iterator[bytes]:
    """The text itself, what it is in a form's field and read in another character set, and its codes."""
    raw = utf8(text)
    yield raw
    yield raw.replace(b" ", b"+")
    yield raw.decode("latin-1").encode()
    yield from _codes(raw)
    yield from _codes(json.dumps(text)[1:-1].encode())  # a header holds it so


def utf8(text: str) -> bytes:
    """The text as it is sent, whatever it consists of."""
    return text.encode("utf-8", "surrogatepass")


def _codes(raw: bytes) -> Iterator[bytes]:
    """In hex, and in base64 of it or of any text around it."""
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        core = _core_of_base64(raw, before)
        yield core
        yield core.translate(_FOR_ADDRESSES)


_FOR_ADDRESSES = bytes.maketrans(b"+/", b"-_")


def _core_of_base64(raw: bytes, before: int) -> bytes:
    """What base64 always has of a text with as many bytes (or three more, or six ...) before it, whatever they are.

    The first and the last sign may stand for a part of what is before and behind, and are left out.
    """
    begin, end = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
    return base64.b64encode(b"\0" * before + raw)[begin:end]


@functools.lru_cache(maxsize=1 << 13)
def _unescaped(token: bytes) -> bytes:
    """Of JSON or Python; a pair of surrogates is one character."""
    if token == rb"\/":
        return b"/"
    units = token.decode("unicode_escape").encode("utf-16-le", "surrogatepass")
    return utf8(units.decode("utf-16-le", "surrogatepass"))


@functools.lru_cache(maxsize=1 << 13)
def _unquoted(token: bytes) -> bytes:
    return bytes((int(token[1:], 16),))


@functools.lru_cache(maxsize=1 << 13)
def _character(token: bytes) -> bytes:
    return html.unescape(token.decode()).encode()


def _escape(mark: bytes, token: bytes, plain: Callable[[bytes], bytes], sign: bytes = b"") -> Escape:
    return Escape(mark, re.compile(token), plain, re.compile(sign or token))


_HEX = rb"[0-9a-fA-F]"
_PAIR = rb"u[dD][89abAB]%b{2}\\u[dD][c-fC-F]%b{2}" % (_HEX, _HEX)
_PRINTABLE = rb"[2-7]" + _HEX
_OF_ASCII = rb"""\\(?:[\\/"']|u00%b)""" % _PRINTABLE

_BACKSLASH = _escape(
    b"\\",
    rb"""\\(?:[\\/"'bfnrt]|%b|u%b{4}|x%b{2}|U00(?:0%b|10)%b{4})""" % (_PAIR, _HEX, _HEX, _HEX, _HEX),
    _unescaped,
)
_BACKSLASH_ASCII = _escape(b"\\", _OF_ASCII, _unescaped, rb"\\u00[2-7]")
_BACKSLASH_QUOTING = _escape(b"\\", _OF_ASCII, _unescaped)
_PERCENT = _escape(b"%", rb"%" + _HEX + rb"{2}", _unquoted)
_PERCENT_ASCII = _escape(b"%", rb"%" + _PRINTABLE, _unquoted)
_ENTITY = _escape(b"&", rb"&(?:#0{0,9}[0-9]{1,7};?|#[xX]0{0,9}%b{1,6};?|[A-Za-z]{2,31};)" % _HEX, _character)
