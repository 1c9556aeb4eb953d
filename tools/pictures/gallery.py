"""A web server on loopback for the page that draws dashboards: page, dashboards, and one Prometheus behind it."""

import mimetypes
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.generate import ROOT

PAGE = b"""<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/panels.css">
<div id="root"></div><script src="/panels.js"></script>"""
ICONS = "/img/icons/"


class _Handler(BaseHTTPRequestHandler):
    """Answers GET; `bundle`, `public` and `prometheus` are set by `gallery`."""

    bundle: Path
    public: Path
    prometheus: str

    def do_GET(self) -> None:
        """Serve the page itself, a file of it, or what Prometheus answers."""
        path = self.path.partition("?")[0]
        if path == "/":
            self._answer(200, "text/html", PAGE)
        elif path.startswith("/prometheus/"):
            self._pass_on(self.path.removeprefix("/prometheus"))
        else:
            self._file(self._place(path))

    def _place(self, path: str) -> Path:
        if path.startswith("/dashboards/"):
            return ROOT / "grafana" / path.lstrip("/")
        if ICONS in path:
            return self.public / "img/icons" / path.partition(ICONS)[2]
        return self.bundle / Path(path).name

    def _file(self, path: Path) -> None:
        if path.is_file():
            self._answer(200, mimetypes.guess_type(path.name)[0] or "application/octet-stream", path.read_bytes())
        else:
            self._answer(404, "text/plain", b"")

    def _pass_on(self, path: str) -> None:
        try:
            with urllib.request.urlopen(self.prometheus + path, timeout=30) as answer:  # noqa: S310 (loopback http)
                self._answer(200, "application/json", answer.read())
        except urllib.error.HTTPError as error:
            self._answer(error.code, "application/json", error.read())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def gallery(bundle: Path, public: Path, prometheus: str) -> Iterator[str]:
    """Serve on an unused port while the block runs; yields the root's address."""
    handler = type("Handler", (_Handler,), {"bundle": bundle, "public": public, "prometheus": prometheus})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
