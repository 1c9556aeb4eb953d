"""A BlueKing that repeats what it is sent, in every place where an answer has words."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

from tests.spelt import CODED, ESCAPED

FIRST = 101

Echo = Callable[["Handler", str], None]


def _envelope(**members: Any) -> bytes:
    return json.dumps({"result": False, "code": 3599999, "message": "no", "data": None, **members}).encode()


def _tree(word: str) -> dict[str, Any]:
    node = {"id": "n2", "name": word, "state": "FAILED", "ex_data": word, "children": {}, "retry": 1, "loop": 1}
    return {
        "id": "n1", "name": word, "state": "FAILED", "children": {"n2": node}, "elapsed_time": 5, "start_time": word,
        "ex_data": {"n2": word}, "request_id": word,
    }  # fmt: skip


def _good(word: str) -> bytes:
    data = {**_tree(word), "creator": word, "url": f"http://x/{word}", "job_type": word, "status": word, "state": word}
    return json.dumps({"result": True, "code": 0, "message": word, "data": data}).encode()


def _healthy(word: str) -> bytes:
    return json.dumps({"result": True, "code": 0, "message": word, "data": _tree(word)}).encode()


#: One task each, from FIRST on.
ECHOES: tuple[Echo, ...] = (
    lambda to, word: to.answer(200, _envelope(message=word)),
    lambda to, word: to.answer(200, f"<html><title>{word}</title>{word}".encode(), media="text/html"),
    lambda to, word: to.answer(500, word.encode(), media="text/plain"),
    lambda to, word: to.answer(302, b"", Location=f"http://{word}@other.example.com/?{quote(word)}"),
    lambda to, word: to.answer(500, b"", **{"X-Bkapi-Request-Id": word, "X-Bkapi-Error-Code": word, "Server": word}),
    lambda to, word: to.answer(200, _envelope(code=word, request_id=word, message={word: [word]})),
    lambda to, word: to.answer(200, _good(word)),
    lambda to, word: to.answer(200, _healthy(word)),
    lambda to, word: to.answer(200, f'{{"result": true, "data": {{"id": "{word}'.encode()),
    lambda to, word: to.answer(200, _envelope(message="x" * 250 + word)),
    lambda to, word: to.raw(f"HTTP/1.1 500 {word}\r\nContent-Length: 0\r\n\r\n"),
    lambda to, word: to.raw(f"HTTP/1.1 200 OK\r\n{word}: a b\r\n bad\x01 {word}\r\n\r\n"),
    lambda to, word: to.raw(f"{word} nonsense\r\n\r\n"),
    lambda to, word: to.answer(200, word.encode(), **{"Set-Cookie": f"a={word}", "Content-Encoding": f"gzip, {word}"}),
    lambda to, word: to.answer(200, json.dumps([word]).encode(), **{"Content-Type": f"text/{word}; charset={word}"}),
    lambda to, word: to.answer(429, _envelope(message=word), **{"X-Bkapi-RateLimit-Reset": word}),
    lambda to, word: to.answer(200, json.dumps({word: word, "result": word, "data": word}).encode()),
    lambda to, word: to.raw(f"HTTP/1.1 200 OK\r\nContent-Length: {word}\r\n\r\n{word}"),
    lambda to, word: to.answer(401, _envelope(code=1640001, message=json.dumps({"header": word}))),
    lambda to, word: to.answer(200, _healthy(" ".join(sorted(set(to.server.asked))))),  # type: ignore[attr-defined]
)  # fmt: skip


def _spelt(spell: Callable[[str], str], document: bytes) -> Echo:
    """What was sent in another spelling, in place of a mark in the document, be it JSON then or not."""

    def answer(to: Handler, word: str) -> None:
        sent = json.JSONDecoder().raw_decode(word)[0]
        to.answer(200, document.replace(_MARK.encode(), " ".join(map(spell, sent.values())).encode()))

    return answer


_MARK = "@@"
_CUT = _envelope(code="1" * 30 + _MARK, message="x" * 280 + _MARK, request_id="1" * 50 + _MARK)

#: One task each, behind those of ECHOES.
SPELT = tuple(
    _spelt(spell, document) for spell in (*ESCAPED.values(), *CODED.values()) for document in (_healthy(_MARK), _CUT)
)

TASKS = tuple(range(FIRST, FIRST + len(ECHOES)))
SPELT_TASKS = tuple(range(TASKS[-1] + 1, TASKS[-1] + 1 + len(SPELT)))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers = (*ECHOES, *SPELT)

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        authorization, proxy = (self.headers.get(name, "") for name in ("X-Bkapi-Authorization", "Proxy-Authorization"))
        sent = f"{authorization} {proxy}"
        words = f"{sent} {json.loads(authorization or '{}')!r}"
        self.server.asked.append(sent)  # type: ignore[attr-defined]
        found = [int(n) - FIRST for n in re.findall(r"(?<!\d)\d{3}(?!\d)", f"{self.path} {body}")]
        numbers = [number for number in found if 0 <= number < len(self.answers)]
        if len(numbers) == 1:
            self.answers[numbers[0]](self, words)
        else:  # a bulk call: there is none here, so that each task is asked for
            self.answer(404, _envelope(code=1640401, message=words))

    do_GET = do_POST = handle_any  # noqa: N815 (as http.server calls them)

    def answer(self, status: int, body: bytes, *, media: str = "application/json", **headers: str) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": media, **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, text: str) -> None:
        self.wfile.write(text.encode("latin-1", "replace"))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.asked: list[str] = []
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of our business."""


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None, *, handler: type[Handler] = Handler) -> Iterator[Server]:
    """The server while the block runs; `asked` is what it was sent, `server_port` where it is."""
    with Server(tls, handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
