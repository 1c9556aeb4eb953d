"""The doors, asked without a socket: the first line of an input chooses the path, the others its query and headers."""

from __future__ import annotations

import asyncio
import functools
import gzip
import zlib
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp

from exporter import doors
from tests.pages import parsed, sample_lines, series
from tests.support import sops_site, tree
from tests.ui.site import exporter, sops
from tests.virtual_time import Clock, loop

#: A page is parsed again for one of so many inputs: it takes a hundred times as long as to make it.
PARSED = 256


PATHS = ("/metrics", "/probe", "/sd", "/", "/task", "/config", "/-/ready", "/-/reload")

HEADERS = (
    b"accept",
    b"accept-encoding",
    b"accept-language",
    b"x-prometheus-scrape-timeout-seconds",
    b"host",
    b"cookie",
)

SEEDS: Sequence[bytes] = (
    b"\x00\n\napplication/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.5\ngzip;q=1\n\n10",
    b"\x01\nsystem=sops&bk_biz_id=2&task_id=10&nodes=none&debug=true\n*/*\n\n\n0.5",
    b"\x01\nsystem=sops&bk_biz_id=2&task_id=1&scope=project\n",
    b"\x02\nsystem=sops&bk_biz_id=2\n\n\n\n\n[::1]:9840",
    b"\x03\nsystem=sops&state=running&q=x&sort=age&lang=zh\n\n\nzh-CN,zh;q=0.9,en;q=0.8",
    b"\x04\nsystem=sops&bk_biz_id=2&task_id=1\n\n\nen",
    b"\x01\nsystem=sops&bk_biz_id=2&task_id=2&debug=true\n",
    b"\x04\nsystem=sops&bk_biz_id=2&task_id=2\n\n\nen",
    b"\x05\n\n\n\nzh",
    b"\x07\n",
)


def parses(raw: bytes) -> bool:
    """Whether this input is one of them; what was found once is so each time."""
    return zlib.crc32(raw) % PARSED == 0


def _tree(task_id: int) -> dict[str, object]:
    """One task with usual times, and one with the last of the calendar."""
    return tree() if task_id == 1 else tree("FAILED", start_time=_LAST, finish_time=_LAST, children={"n2": _NODE})


_LAST = "9999-12-31 23:59:59 +0000"
_NODE = {"id": "n2", "state": "FINISHED", "name": "x", "start_time": _LAST, "finish_time": _LAST}


@functools.cache
def _stage() -> tuple[ASGIApp, asyncio.Runner]:
    clock = Clock()
    exporting = exporter(clock, {"sops": sops_site(_tree)}, *sops(1, 2))
    return doors.build(exporting.live), asyncio.Runner(loop_factory=lambda: loop(clock))


def ask(raw: bytes) -> tuple[str, int, dict[bytes, bytes], bytes]:
    """The path that was asked for, and the answer: status, headers, body."""
    first, _, rest = raw.partition(b"\n")
    path = PATHS[(first[0] if first else 0) % len(PATHS)]
    query, *values = rest.split(b"\n")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST" if path == "/-/reload" else "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(name, value) for name, value in zip(HEADERS, values, strict=False) if value],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 9840),
    }
    app, runner = _stage()
    sent: list[Any] = []
    coming = [{"type": "http.request", "body": b"", "more_body": False}]

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        if not coming:
            await asyncio.Event().wait()  # nobody hangs up
        return coming.pop()

    async def main() -> None:
        await app(scope, receive, send)

    runner.run(main())
    start, *parts = sent
    return path, start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in parts)


def door(raw: bytes) -> None:
    """Every request has an answer that is not our fault; every page parses, and has no series twice."""
    path, status, headers, body = ask(raw)
    assert status in {200, 304, 400, 403, 404, 405}, (path, status, body[:200])
    if path not in {"/metrics", "/probe"} or status != 200 or not parses(raw):
        return
    if b"version=" not in headers[b"content-type"]:
        return
    text = (gzip.decompress(body) if headers.get(b"content-encoding") == b"gzip" else body).decode()
    samples = parsed(text, openmetrics=b"openmetrics" in headers[b"content-type"])
    assert len(samples) == len(sample_lines(text)), "a line of the page is no sample"
    assert len(set(series(samples))) == len(samples), "a series stands twice on the page"
