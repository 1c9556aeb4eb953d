"""What nobody may see in what others send and say: our secrets in any spelling, and what failed tasks worked with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import msgspec

from exporter.config.credentials import Credentials
from exporter.config.secret import MASK, Secret
from exporter.config.types import SystemConfig

#: Keys of answers whose values are inputs, outputs and tracebacks of failed nodes: anything may stand in them.
FAILURE_KEYS = ("ex_data", "exc_trace", "exc", "extra_data", "failed_reason")

#: What of the credentials is no secret.
_OPEN = frozenset({"bk_app_code", "bk_username"})

FAILURE_MASK = "<failure data>"


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
    if proxy_url is not None:
        yield urlsplit(proxy_url.reveal()).password or ""


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


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
