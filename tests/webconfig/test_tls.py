"""TLS on a socket: versions, client certificates, certificates that change, clients that do not play along."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop
from starlette.types import Receive, Scope, Send

from exporter.connections import Limits
from exporter.server import Address, listen, serve
from exporter.webconfig import ServerTls, Watched
from tests.webconfig import certificates

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
VERIFIED = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
NAMED = VERIFIED + "  client_allowed_sans: [prometheus.example.com, 192.0.2.7, '2001:db8::1', someone@example.com]\n"

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
BOTH = pytest.mark.parametrize("run", LOOPS, indirect=True)


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on the loop that `serve` uses; what TLS itself does differently is tested on BOTH."""
    loop_factory = LOOPS[getattr(request, "param", "uvloop")]

    def runner(main: Callable[[], Awaitable[Any]]) -> Any:
        async def wrapped() -> Any:
            return await main()

        with asyncio.Runner(loop_factory=loop_factory) as one:
            return one.run(wrapped())

    return runner


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    return certificates.write(tmp_path)


@contextlib.asynccontextmanager
async def served(tmp_path: Path, text: str, limits: Limits | None = None) -> AsyncIterator[int]:
    """The port of a server behind this web configuration, in `web.yml`."""
    (tmp_path / "web.yml").write_text(text, "utf-8")
    watched = Watched(tmp_path / "web.yml")
    sock, stop = listen(Address("127.0.0.1", 0)), asyncio.Event()
    serving = asyncio.create_task(serve(app, sock, stop, limits=limits, security=lambda: watched.current().tls))
    try:
        yield sock.getsockname()[1]
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await serving


async def ask(port: int, client: ssl.SSLContext | None) -> str:
    """How a client is answered: `http`, `https` or not."""
    name = "localhost" if client else None
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
            writer.write(GET)
            answer = await reader.read()
            writer.close()
    except (ssl.SSLError, ConnectionError):
        return "refused"
    return said(answer)


def said(answer: bytes) -> str:
    return "https" if b"https" in answer else "http" if answer else "refused"


@BOTH
def test_over_tls(run: Run, tmp_path: Path, authority: trustme.CA) -> None:
    """Who trusts the authority is answered, who does not leaves; without TLS there is no answer."""

    async def main() -> list[str]:
        async with served(tmp_path, TLS) as port:
            stranger = ssl.create_default_context()
            return [await ask(port, client) for client in (certificates.client(authority), stranger, None)]

    assert run(main) == ["https", "refused", "refused"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_old_versions_are_not_spoken(run: Run, tmp_path: Path, authority: trustme.CA, version: ssl.TLSVersion) -> None:
    """A client that knows no TLS 1.2 is refused, whatever min_version says."""

    async def main() -> str:
        client = certificates.client(authority)
        client.set_ciphers("ALL:@SECLEVEL=0")
        client.minimum_version, client.maximum_version = version, version
        async with served(tmp_path, TLS + "  min_version: TLS10\n") as port:
            return await ask(port, client)

    assert run(main) == "refused"


@BOTH
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificates(run: Run, tmp_path: Path, authority: trustme.CA, newest: ssl.TLSVersion) -> None:
    """Only one that the authority vouches for is let in."""

    async def main() -> list[str]:
        clients = [certificates.client(authority, "anybody.example.com"), certificates.client(authority)]
        forged = certificates.client(authority)
        trustme.CA().issue_cert("anybody.example.com").configure_cert(forged)
        async with served(tmp_path, VERIFIED) as port:
            answers = []
            for client in (*clients, forged):
                client.maximum_version = newest
                answers.append(await ask(port, client))
            return answers

    assert run(main) == ["https", "refused", "refused"]


def test_a_certificate_that_may_be_given_is_verified_if_it_is(run: Run, tmp_path: Path, authority: trustme.CA) -> None:
    """None is as good as a right one; a wrong one is refused."""

    async def main() -> list[str]:
        forged = certificates.client(authority)
        trustme.CA().issue_cert("anybody.example.com").configure_cert(forged)
        clients = [certificates.client(authority, "a.example.com"), certificates.client(authority), forged]
        async with served(tmp_path, VERIFIED.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")) as port:
            return [await ask(port, client) for client in clients]

    assert run(main) == ["https", "https", "refused"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("prometheus.example.com", "https"),
        ("192.0.2.7", "https"),
        ("2001:db8::1", "https"),
        ("someone@example.com", "https"),
        ("other.example.com", "refused"),
        ("192.0.2.8", "refused"),
        ("*.example.com", "refused"),
    ],
)
def test_names_of_clients(run: Run, tmp_path: Path, authority: trustme.CA, name: str, expected: str) -> None:
    """A certificate must have one of the names that are listed, exactly."""

    async def main() -> str:
        async with served(tmp_path, NAMED) as port:
            return await ask(port, certificates.client(authority, name))

    assert run(main) == expected


def test_names_are_compared_whatever_their_kind() -> None:
    """Resources too, and a client without any name has none of those listed."""
    tls = ServerTls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), frozenset({"spiffe://example.com/p"}))
    assert tls.admits({"subjectAltName": (("DNS", "a"), ("URI", "spiffe://example.com/p"))})
    assert not tls.admits({"subjectAltName": (("othername", "spiffe://example.com/p"),)})
    assert not tls.admits({})
    assert not tls.admits(None)
    assert ServerTls(tls.context, None).admits(None)


def test_a_new_certificate_is_shown_to_the_next_client(run: Run, tmp_path: Path, authority: trustme.CA) -> None:
    """No restart; what is connected stays connected."""

    async def main() -> list[str]:
        old = certificates.client(authority)
        async with served(tmp_path, TLS) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=old, server_hostname="localhost")
            new = certificates.client(certificates.write(tmp_path))
            answers = [await ask(port, new), await ask(port, old)]
            writer.write(GET)
            answers.append(said(await reader.read()))
            writer.close()
            return answers

    assert run(main) == ["https", "refused", "https"]


@BOTH
def test_client_certificates_are_wanted_from_one_connection_to_the_next(
    run: Run, tmp_path: Path, authority: trustme.CA
) -> None:
    """The whole of TLS follows the file, its being there too."""

    async def main() -> list[str]:
        client = certificates.client(authority)
        answers = []
        async with served(tmp_path, "") as port:
            for text, asked in (("", None), (TLS, client), (VERIFIED, client), (TLS, client), ("", None)):
                (tmp_path / "web.yml").write_text(text, "utf-8")
                answers.append(await ask(port, asked))
        return answers

    assert run(main) == ["http", "https", "refused", "https", "http"]


def test_one_curve_is_the_only_one(run: Run, tmp_path: Path, authority: trustme.CA) -> None:
    """A client that knows another one only is refused."""

    async def main() -> list[str]:
        answers = []
        async with served(tmp_path, TLS + "  curve_preferences: [CurveP384, X25519]\n") as port:
            for curve in ("secp384r1", "X25519"):
                client = certificates.client(authority)
                client.set_ecdh_curve(curve)
                answers.append(await ask(port, client))
        return answers

    assert run(main) == ["https", "refused"]


@BOTH
def test_a_handshake_that_does_not_end_is_waited_for_only_so_long(
    run: Run, tmp_path: Path, authority: trustme.CA
) -> None:
    """... and holds a place like any other connection until then."""

    async def main() -> None:
        limits = replace(Limits(), handshake_seconds=0.2, connections=3)
        async with served(tmp_path, TLS, limits) as port:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
            assert await ask(port, certificates.client(authority)) == "https"
            async with asyncio.timeout(30):
                for reader, writer in silent:
                    with contextlib.suppress(ConnectionError):
                        assert await reader.read() == b""
                    writer.close()

    run(main)


def test_the_end_does_not_wait_for_a_handshake(run: Run, tmp_path: Path, authority: trustme.CA) -> None:
    """Nothing is under way that anybody would miss."""

    async def main() -> None:
        async with served(tmp_path, TLS) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await ask(port, certificates.client(authority)) == "https"
        writer.close()

    run(main)
