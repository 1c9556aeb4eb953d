"""What nobody may see in what others send and say: our secrets in any spelling, and what failed tasks worked with."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from httpx import Headers

from exporter.config.secret import MASK, Secret
from exporter.config.types import SystemConfig
from exporter.spellings import encodings, escapes, utf8

#: Keys of answers whose values are inputs, outputs and tracebacks of failed nodes: anything may stand in them.
FAILURE_KEYS = ("ex_data", "exc_trace", "exc", "extra_data", "failed_reason")

FAILURE_MASK = "<failure data>"

#: Characters below which a secret is no secret, and its letters stand in many words.
SHORTEST = 8

#: Secrets that were in use before those of now, and that answers may still repeat.
PAST = 16

_MASK = MASK.encode()

#: Escapes within escapes that are undone, such as JSON in JSON in an address.
LAYERS = 4

#: A long number of JSON, a text, or what begins like one and has no end, so that none is looked for from each quote.
_SCALAR = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[-+.0-9eE]{%d,}' % SHORTEST, re.DOTALL)


class Masker:
    """Hides the secrets of all systems in what others send, so that nothing made from it can show them."""

    def __init__(self, systems: Iterable[SystemConfig]) -> None:
        self._systems = tuple(systems)
        self._past: tuple[str, ...] = ()
        self._present: tuple[str, ...] = ()
        self.refresh()

    def refresh(self) -> None:
        """Secrets may have been rotated: hide the new ones too."""
        self._learn(self._past, self._present)

    def succeed(self, old: Masker) -> None:
        """Hide what the masker of the configuration before hid: answers may still repeat it."""
        self._learn(old._past, old._present, self._past)

    def _learn(self, *former: Iterable[str]) -> None:
        self._present = tuple(dict.fromkeys(secret for system in self._systems for secret in _secrets_of(system)))
        past = (secret for secret in chain(*former) if secret not in self._present)
        self._past = tuple(dict.fromkeys(past))[-PAST:]
        secrets = (*self._past, *self._present)
        long = [spelt for secret in secrets if len(secret) >= SHORTEST for spelt in encodings(secret)]
        self._bodies = _Hider(long)
        self._texts = _Hider([*long, *map(utf8, filter(None, secrets))])

    def text(self, text: str) -> str:
        """What is shown to people."""
        hidden = self._texts.text(raw := utf8(text))
        return text if hidden is raw else hidden.decode("utf-8", "replace")

    def body(self, body: bytes) -> bytes:
        """What is read by programs: a secret so short that it may be a part of another word stays."""
        return self._bodies.document(body)

    def headers(self, headers: Headers) -> Headers:
        """The same of an answer's headers."""
        if self._bodies.text(joined := b"\n".join(value for _, value in headers.raw)) is joined:
            return headers
        return Headers([(name, self._bodies.text(value)) for name, value in headers.raw])


class _Hider:
    """Puts the mask in place of some words, however their characters are escaped."""

    __slots__ = ("_escapes", "_words")

    def __init__(self, words: Iterable[bytes]) -> None:
        self._words = sorted(set(words), key=len, reverse=True)  # no end of a longer one is left
        self._escapes = escapes(self._words)

    def text(self, text: bytes) -> bytes:
        """The text itself where none of the words stands in it. Where one does in escapes, all of them are undone."""
        shown = layer = self._hide(text)
        for _ in range(LAYERS):
            before = layer
            for escape in self._escapes:
                if (undone := escape.undone(layer)) is not layer and (layer := self._hide(undone)) is not undone:
                    shown = layer
            if layer is before:
                break
        return shown

    def _hide(self, text: bytes) -> bytes:
        for word in self._words:
            if word in text:
                text = text.replace(word, _MASK)
        return text

    def document(self, document: bytes) -> bytes:
        """The same of JSON, which stays JSON, and of anything else."""
        if self.text(document) is document:
            return document
        hidden = _SCALAR.sub(self._scalar, document)
        return hidden if _is_json(hidden) else self.text(hidden)

    def _scalar(self, found: re.Match[bytes]) -> bytes:
        scalar = found[0]
        text = scalar.decode("utf-8", "replace")
        try:
            text = json.loads(text, strict=False) if text.startswith('"') else text
        except ValueError:  # it is no JSON
            return scalar
        hidden = self.text(raw := utf8(text))
        return scalar if hidden is raw else json.dumps(hidden.decode("utf-8", "replace"), ensure_ascii=False).encode()


def _is_json(document: bytes) -> bool:
    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return True


def _secrets_of(system: SystemConfig) -> Iterator[str]:
    """Every secret that this system's requests may carry."""
    yield from (setting.reveal() for _, setting in system.credentials.given() if isinstance(setting, Secret))
    yield from _of_proxy(system.proxy_url)


def _of_proxy(proxy_url: Secret | None) -> Iterator[str]:
    """The password as the address spells it and as it is, and both as basic authentication sends them."""
    if proxy_url is None:
        return
    parts = urlsplit(proxy_url.reveal())
    if parts.password:
        for spell in (str, unquote):
            yield spell(parts.password)
            yield b64encode(f"{spell(parts.username or '')}:{spell(parts.password)}".encode()).decode()


def without_failures(body: str) -> str:
    """The text of an answer without failure data: JSON is written out again, anything else ends where they begin."""
    try:
        value = msgspec.json.decode(body)
        _mask(value)
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _until_failures(body)


def _is_failure(key: object) -> bool:
    return isinstance(key, str) and (key in FAILURE_KEYS or key.startswith("extra_data"))


def _mask(value: Any) -> None:
    """Without recursion: a tree may be as deep as its sender likes."""
    below = [value]
    while below:
        part = below.pop()
        if isinstance(part, dict):
            for key in part:
                if part[key] and _is_failure(key):
                    part[key] = FAILURE_MASK
        below += [
            item
            for item in (part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())
            if isinstance(item, dict | list)
        ]


def _until_failures(body: str) -> str:
    found = [at for key in FAILURE_KEYS if (at := body.find(f'"{key}')) >= 0]
    return f"{body[: min(found)]}… {FAILURE_MASK}" if found else body
