"""What nobody may see in what others send and say: our secrets in any spelling, and what failed tasks worked with."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import msgspec
from httpx import Headers

from exporter.config.credentials import Credentials
from exporter.config.secret import MASK, Secret
from exporter.config.types import SystemConfig

#: Keys of answers whose values are inputs, outputs and tracebacks of failed nodes: anything may stand in them.
FAILURE_KEYS = ("ex_data", "exc_trace", "exc", "extra_data", "failed_reason")

#: What of the credentials is no secret.
_OPEN = frozenset({"bk_app_code", "bk_username"})

FAILURE_MASK = "<failure data>"

#: Characters below which a secret is no secret, and its letters stand in many words.
SHORTEST = 8

_MASK = MASK.encode()


def secrets_of(config: SystemConfig, *sent: str) -> list[str]:
    """Every spelling of every secret that this system's requests may carry, the longest first.

    `sent` are headers with credentials that were sent before a secret was rotated.
    """
    plain = {*_revealed(config.credentials), *_of_proxy(config.proxy_url)} | {s for h in sent for s in _in_header(h)}
    plain.discard("")
    return sorted({spelling for secret in plain for spelling in _spellings(secret)}, key=len, reverse=True)


def _revealed(credentials: Credentials) -> Iterator[str]:
    return (setting.reveal() for _, setting in credentials.given() if isinstance(setting, Secret))


def _in_header(header: str) -> Iterator[str]:
    values = json.loads(header) if header else {}
    return (value for key, value in values.items() if key not in _OPEN)


def _of_proxy(proxy_url: Secret | None) -> Iterator[str]:
    """The password as the address spells it and as it is, and both as basic authentication sends them."""
    if proxy_url is None:
        return
    parts = urlsplit(proxy_url.reveal())
    if parts.password:
        for spell in (str, unquote):
            yield spell(parts.password)
            yield b64encode(f"{spell(parts.username or '')}:{spell(parts.password)}".encode()).decode()


def _spellings(secret: str) -> set[str]:
    """As it is, in the words of Python, in JSON, in JSON within JSON; and any of these in an address or in HTML.

    Of a secret of letters, digits and dashes, as most are, that is one.
    """
    spelt = {secret, repr(secret)[1:-1], ascii(secret)[1:-1]}
    for _ in range(3):
        spelt |= {json.dumps(text, ensure_ascii=plain)[1:-1] for text in spelt for plain in (True, False)}
    encodings: tuple[Callable[[str], str], ...] = (quote, partial(quote, safe=""), quote_plus, html.escape)
    return spelt | {encode(text) for text in spelt for encode in encodings}


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class Masker:
    """Hides secrets in an answer before anybody reads it, so that nothing made from it can show them.

    `secrets` are spellings, the longest first.
    """

    __slots__ = ("_bodies", "_texts")

    def __init__(self, secrets: Sequence[str]) -> None:
        self._texts = secrets
        self._bodies = [secret.encode() for secret in secrets if len(secret) >= SHORTEST]

    def text(self, text: str) -> str:
        """What is shown to people."""
        return hide(text, self._texts)

    def body(self, body: bytes) -> bytes:
        """What is read by programs: a secret so short that it may be a part of another word stays."""
        for secret in self._bodies:
            if secret in body:
                body = body.replace(secret, _MASK)
        return body

    def headers(self, headers: Headers) -> Headers:
        """The same of an answer's headers."""
        if self.body(joined := b"\n".join(value for _, value in headers.raw)) == joined:
            return headers
        return Headers([(name, self.body(value)) for name, value in headers.raw])


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
