"""Whom the exporter talks to: the hosts that its configuration names, whatever BlueKing, clients or environment say."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from tests import evil, plain
from tests.evil import FIRST, Echo, Handler
from tests.processes import SECONDS, Exporter, serving

#: Where nobody has any business. It is loopback, so that nothing would leave this machine.
ELSEWHERE = "127.0.0.66"
URL = f"http://{ELSEWHERE}:8066/elsewhere"

#: Python itself tells of every connection and every name that is looked up. uvloop would look names up in C, unseen.
WATCHED = """
import asyncio, sys, uvloop
uvloop.run = asyncio.run
from exporter.cli import main
events = open(sys.argv.pop(1), "a", buffering=1)
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        print(event, arguments[1] if event == "socket.connect" else arguments[0], file=events)
sys.addaudithook(hook)
sys.exit(main())
"""


def _json(**members: object) -> bytes:
    return json.dumps({"result": True, "code": 0, "message": "", **members}).encode()


TREE = {"id": "n1", "state": "RUNNING", "name": URL, "url": URL, "task_url": URL, "children": {}}

TEMPTATIONS: tuple[Echo, ...] = (
    *(
        lambda to, _, status=status: to.answer(status, b"", Location=URL)
        for status in (300, 301, 302, 303, 305, 307, 308, 201, 200)
    ),
    lambda to, _: to.answer(302, b"", Location=f"//{ELSEWHERE}:8066/"),
    lambda to, _: to.answer(200, _json(data={**TREE, "next": URL, "count": 1000}, next=URL)),
    lambda to, _: to.answer(200, _json(data=TREE), Link=f"<{URL}>; rel=next", Refresh=f"0; url={URL}"),
    lambda to, _: to.answer(200, _json(data=TREE), **{"Alt-Svc": f'h2="{ELSEWHERE}:8066"', "Content-Location": URL}),
    lambda to, _: to.answer(200, f"<meta http-equiv=refresh content='0;{URL}'>".encode(), media="text/html"),
    lambda to, _: to.answer(401, b"", **{"WWW-Authenticate": f'Bearer realm="{URL}"'}),
    lambda to, _: to.answer(407, b"", **{"Proxy-Authenticate": "Basic", "Proxy": URL}),
    lambda to, _: to.raw(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {URL}\r\nConnection: upgrade\r\n\r\n"),
    lambda to, _: to.raw("HTTP/1.1 103 Early Hints\r\nLink: <" + URL + ">\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
)
TASKS = range(FIRST, FIRST + len(TEMPTATIONS))


class Tempter(Handler):
    """Lists name other hosts too."""

    answers = TEMPTATIONS

    def answer(self, status: int, body: bytes, *, media: str = "application/json", **headers: str) -> None:
        if status == 404:  # a list, or a bulk call
            item = {"id": 5, "job_id": 5, "url": URL, "task_url": URL, "state": "RUNNING"}
            page = {"next": URL, "previous": URL, "count": 1000, "total": 1000, "list": [item], "results": [item]}
            status, body, headers = (
                200,
                _json(data=page, next=URL, count=1000),
                {**headers, "Link": f"<{URL}>; rel=next"},
            )
        super().answer(status, body, media=media, **headers)


CONFIG = """\
bkapi:
  auth: {{bk_app_code: app, bk_app_secret: word-of-the-app, bk_username: admin}}
  timeout: 3s
  requests_per_second: 1000
systems:
  sops: {{url: "http://localhost:{port}/sops"}}
  bkflow: {{url: "http://localhost:{port}/bkflow"}}
  nodeman: {{url: "http://localhost:{port}", route: esb}}
  gsekit: {{url: "http://localhost:{port}", route: esb}}
tasks:
"""
DISCOVER = """\
discover:
  - {system: sops, bk_biz_id: 2}
  - {system: bkflow, space_id: 1}
  - {system: nodeman, bk_biz_id: 2}
  - {system: gsekit, bk_biz_id: 2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "netrc").write_text(
        "machine localhost login l password canary\ndefault login l password canary\n", "utf-8"
    )
    return tmp_path


def proxies(folder: Path) -> dict[str, str]:
    """An environment in which other programs would go elsewhere."""
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "CURL_CA_BUNDLE")
    addresses = dict.fromkeys(names, f"http://{ELSEWHERE}:8066")
    return {**addresses, "NETRC": str(folder / "netrc"), "no_proxy": "", "NO_PROXY": ""}


def raw(exporter: Exporter, request: str) -> bytes:
    """Send something that no client would; what comes back until the end."""
    host, _, port = exporter.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(request.encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def visit(exporter: Exporter) -> None:
    """Every door, with every hint to go elsewhere that a client can give."""
    hints = {
        "Host": f"{ELSEWHERE}:8066",
        "X-Forwarded-Host": ELSEWHERE,
        "Forwarded": f"host={ELSEWHERE}",
        "Referer": URL,
    }
    task = f"system=sops&bk_biz_id=2&task_id={FIRST}"
    with plain.Client(base_url=exporter.url, headers=hints, timeout=SECONDS) as client:
        for path in (
            "/metrics",
            "/",
            "/config",
            "/sd",
            f"/task?{task}",
            f"/probe?{task}&debug=true",
            f"/probe?target={URL}",
        ):
            answer = client.get(path)
            assert answer.headers.get("location") is None
            assert path == "/sd" or f"http://{ELSEWHERE}:8066/m" not in answer.text
    for line in (
        f"GET {URL} HTTP/1.1",
        f"GET http://{ELSEWHERE}:8066/metrics HTTP/1.1",
        f"CONNECT {ELSEWHERE}:8066 HTTP/1.1",
    ):
        answered = raw(exporter, f"{line}\r\nHost: {ELSEWHERE}\r\nConnection: close\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 4"), "we are no proxy"


def test_nobody_but_the_configured_hosts_is_asked(folder: Path) -> None:
    """No connection is made to another host, and no other name is looked up."""
    with evil.serving(handler=Tempter) as blueking:
        config, events = folder / "config.yaml", folder / "events"
        text = CONFIG.format(port=blueking.server_port)
        for number in TASKS:
            text += f"  - {{system: sops, bk_biz_id: 2, task_id: {number}}}\n"
            text += f"  - {{system: bkflow, space_id: 1, task_id: {number}}}\n"
            text += f"  - {{system: nodeman, bk_biz_id: 2, job_id: {number}}}\n"
            text += f"  - {{system: gsekit, bk_biz_id: 2, job_id: {number}}}\n"
        config.write_text(text + DISCOVER, "utf-8")
        start = [sys.executable, "-c", WATCHED, str(events)]
        with serving(config, env=proxies(folder), start=start) as exporter:
            visit(exporter)
            assert exporter.stop() == 0
        seen = set(events.read_text("utf-8").splitlines())
        own = {
            f"socket.connect {place}"
            for place in (("127.0.0.1", blueking.server_port), ("::1", blueking.server_port, 0, 0))
        }
        assert seen <= {*own, "socket.getaddrinfo localhost"}
        assert f"socket.connect {('127.0.0.1', blueking.server_port)}" in seen, "nothing was watched"
        assert len(blueking.asked) > len(TASKS)
        assert not any("Basic" in sent for sent in blueking.asked), "the environment's passwords were sent"
