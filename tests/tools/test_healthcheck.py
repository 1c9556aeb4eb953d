"""The image's health check, run as the image runs it."""

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme

from tools.generate import ROOT
from tools.healthcheck import address


@contextmanager
def door(status: int, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve this status at ``/-/healthy`` and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/-/healthy" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def check(port: int) -> int:
    script = ROOT / "tools/healthcheck.py"
    environment = {"BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS": f"0.0.0.0:{port}"}
    return subprocess.run([sys.executable, "-I", str(script)], env=environment, check=False).returncode


def tls(*, wants_certificate: bool) -> ssl.SSLContext:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("exporter.example.com").configure_cert(context)
    if wants_certificate:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 0), (500, 1), (503, 1)])
def test_status(status: int, code: int) -> None:
    """The demand for a password is a sign of life, a server's error is not."""
    with door(status) as port:
        assert check(port) == code


@pytest.mark.parametrize(("status", "code"), [(200, 0), (500, 1)])
def test_over_tls(status: int, code: int) -> None:
    """A door that speaks TLS is asked over TLS, whoever signed its certificate."""
    with door(status, tls(wants_certificate=False)) as port:
        assert check(port) == code


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificate(newest: ssl.TLSVersion) -> None:
    """A door that demands a client certificate is alive, whether it says so during the handshake or after it."""
    context = tls(wants_certificate=True)
    context.maximum_version = newest
    with door(200, context) as port:
        assert check(port) == 0


def test_hangs_up() -> None:
    """A port where whoever comes is sent away without a word is not healthy."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up_twice() -> None:
            for _ in range(2):
                listener.accept()[0].close()

        hanging_up = threading.Thread(target=hang_up_twice)
        hanging_up.start()
        assert check(listener.getsockname()[1]) == 1
        hanging_up.join()


def test_nobody_there() -> None:
    """A port where nobody listens is not healthy."""
    with door(200) as port:
        pass
    assert check(port) == 1


@pytest.mark.parametrize(
    ("listen", "reached"),
    [
        (":9840", ("127.0.0.1", 9840)),
        ("0.0.0.0:1", ("127.0.0.1", 1)),
        ("[::]:1", ("127.0.0.1", 1)),
        ("[::1]:1", ("::1", 1)),
        ("10.0.0.5:1", ("10.0.0.5", 1)),
    ],
)
def test_address(listen: str, reached: tuple[str, int]) -> None:
    """A door on all interfaces is reached over loopback, one on a single address there."""
    assert address(listen) == reached
