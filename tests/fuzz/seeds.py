"""Where fuzzing begins: good answers, and words and figures that have broken readers before."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.answers import FIXTURES, PARAMS
from tests.fuzz.door import SEEDS
from tests.fuzz.targets import SECRETS, answers
from tests.spelt import CODED, ESCAPED
from tests.systems.test_contract import ODDITIES, places

#: What is not written by json.dumps: figures without end, deep and wide, the same key twice.
RAW: Sequence[bytes] = (
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"-1e-400",
    b"9" * 10_000,
    b"-0",
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\xff\xfe"',
    b'"\\u0000"',
    b"[" * 2000,
    b"[" * 300 + b"]" * 300,
    b'{"children":' * 300 + b"1" + b"}" * 300,
    b'{"state":"FAILED","state":"FINISHED"}',
    b'{"a":{"state":"FAILED","children":{"a":{"state":"RUNNING","children":{"a":{"state":"FAILED"}}}}}}',
    b'{"' + b"x" * 5000 + b'":1}',
    b"[" + b"1," * 1000 + b"1]",
    b"true",
    b"null",
    b"",
)

_ROWS = b'{"id":10,"name":"x","start_time":"2026-11-22 08:00:00 +0800","is_finished":false,"status":"RUNNING"}'
_CONFIGS = sorted((FIXTURES / "config").glob("*.yaml"))
_HEADERS = (
    b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    b"gzip;q=1.0, identity; q=0.5, *;q=0",
    b"text/*;q=1e3;q=nan",
)
_SPELT = (*ESCAPED.values(), *CODED.values())
_QUERIES = (
    b"sops&bk_biz_id=2&task_id=10&scope=project&subprocess_id=n1&name=x",
    *(f"{name}&{urlencode(params.query)}".encode() for name, params in PARAMS.items()),
)


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with; each of them is fine for its target."""
    system, _, part = name.partition("-")
    if part == "list":
        rows = b"[" + _ROWS + b"]"
        return [
            rows,
            b'{"count":1,"results":%b}' % rows,
            b'{"total":1,"list":%b}' % rows,
            b'{"count":1,"list":%b}' % rows,
        ]
    if part == "bulk":
        return [b'[{"id":%d,"name":"x","status":%b}]' % (10, each) for each in answers(system)] + [
            b'{"1":{"state":"RUNNING"},"10":{"state":null}}'
        ]
    return {
        "envelope": [b"\x00" + b'{"result":true,"code":0,"message":"","data":{"state":"RUNNING"}}', b"\xf0<html>"],
        "lenient": [b'{"a":NaN,"b":[1e400,"\\ud800"]}'],
        "masking": [b'{"name":"it is %b","n":1.50}' % spell(secret).encode() for secret in SECRETS for spell in _SPELT],
        "unpack": [b"\x10" + gzip.compress(b'{"result":true}' * 100)],
        "configuration": [path.read_bytes() for path in _CONFIGS],
        "headers": list(_HEADERS),
        "parameters": list(_QUERIES),
        "door": list(SEEDS),
        "address": [b"https://exporter.example.com:9840/", b"http://[::1]:80"],
    }.get(name) or answers(system)


def damaged(raw: bytes, rng: Random) -> bytes:
    """The same with a few places changed: within JSON by its structure, in everything else byte by byte."""
    try:
        document: Any = json.loads(raw)
        return _damaged_json(document, rng)
    except (ValueError, RecursionError):
        return _damaged_bytes(raw, rng)


def _damaged_json(document: Any, rng: Random) -> bytes:
    holes: list[bytes] = []
    for _ in range(rng.randint(1, 4)):
        spots = list(places(document)) or [({"": 0}, "")]
        container, key = rng.choice(spots)
        match rng.randrange(6):
            case 0:
                del container[key]
            case 1 if isinstance(container, dict):
                container[rng.choice([*container, "x", "n" * 80, "\u202e", "a\nb", "\ud800"])] = container[key]
            case 2:
                other, place = rng.choice(spots)
                container[key] = json.loads(json.dumps(other.get(place) if isinstance(other, dict) else None))
            case 3:
                container[key] = f"\x01{len(holes)}\x01"
                holes.append(rng.choice(RAW))
            case _:
                container[key] = rng.choice(ODDITIES)
    text = json.dumps(document).encode()
    for number, hole in enumerate(holes):
        text = text.replace(b'"\\u0001%d\\u0001"' % number, hole)
    return text


def _damaged_bytes(raw: bytes, rng: Random) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[place : place + rng.randint(1, 8)] = b""
            case 1:
                data[place:place] = rng.choice(RAW)[:100]
            case 2:
                data[place:place] = data[place : place + rng.randint(1, 40)]
            case _:
                data[place : place + 1] = bytes([rng.randrange(256)])
    return bytes(data)
