"""The way to a system, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from exporter.config import Secret, Tls
from exporter.doctor import wire
from exporter.doctor.address import SOON, address, way_cause
from exporter.doctor.findings import Finding
from tests.support import system_config

NOW = datetime.now(UTC)


async def quiet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def found(server: ssl.SSLContext | None, change: Callable[[int], dict[str, Any]]) -> list[Finding]:
    """What is said of the way to a server on a port; `change` makes the configuration for it."""

    async def main() -> list[Finding]:
        listening = await asyncio.start_server(quiet, "127.0.0.1", 0, ssl=server)
        port = listening.sockets[0].getsockname()[1]
        config = system_config(**change(port))
        way = await wire.look(config)
        listening.close()
        return [*address(config, way, NOW.timestamp())]

    return asyncio.run(main())


def certified(authority: trustme.CA, host: str = "127.0.0.1", **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **options).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Tls:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return Tls(ca_file=str(file))


def https(port: int, **more: Any) -> dict[str, Any]:
    return {"url": f"https://127.0.0.1:{port}/prod", **more}


def test_an_open_port() -> None:
    """Name and addresses are told."""
    (finding,) = found(None, lambda port: {"url": f"http://127.0.0.1:{port}/prod"})
    assert (finding.level, finding.check) == ("ok", "address")
    assert "127.0.0.1" in finding.message


def test_a_trusted_certificate(authority: trustme.CA, trusting: Tls) -> None:
    """Who issued it, and until when it is valid."""
    findings = found(certified(authority), lambda port: https(port, tls=trusting))
    assert [(finding.check, finding.level) for finding in findings] == [("address", "ok"), ("certificate", "ok")]
    assert "valid until 3000-01-01" in findings[1].message


def test_an_authority_that_is_not_trusted(authority: trustme.CA) -> None:
    """What is trusted here is told too."""
    (finding,) = found(certified(authority), https)
    assert (finding.check, finding.cause) == ("certificate", "tls_authority")
    assert "the authorities of this machine" in finding.detail


def test_another_host_name(authority: trustme.CA, trusting: Tls) -> None:
    """A certificate for somebody else."""
    (finding,) = found(certified(authority, "other.example.com"), lambda port: https(port, tls=trusting))
    assert finding.cause == "tls_host_name"


@pytest.mark.parametrize(
    ("option", "days", "cause"),
    [
        ("not_after", -1, "tls_expired"),
        ("not_before", 1, "tls_not_yet_valid"),
        ("not_after", SOON / 86400 - 1, "tls_expires_soon"),
    ],
)
def test_a_certificate_out_of_its_time(
    authority: trustme.CA, trusting: Tls, option: str, days: float, cause: str
) -> None:
    """Past, future, and soon over."""
    options: dict[str, Any] = {option: NOW + timedelta(days=days)}
    server = certified(authority, **options)
    finding = found(server, lambda port: https(port, tls=trusting))[-1]
    assert (finding.cause, finding.level) == (cause, "warning" if cause == "tls_expires_soon" else "wrong")


def test_a_certificate_that_is_not_verified(authority: trustme.CA) -> None:
    """It works, and is worth a warning."""
    findings = found(certified(authority), lambda port: https(port, tls=Tls(insecure_skip_verify=True)))
    assert findings[-1].cause == "tls_not_verified"


def test_https_to_a_port_without_tls() -> None:
    """The server answers in plain HTTP."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def main() -> str:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        way = await wire.look(system_config(**https(server.sockets[0].getsockname()[1])))
        server.close()
        return way_cause(way)

    assert asyncio.run(main()) == "no_tls"


def test_a_port_that_speaks_tls_is_known(authority: trustme.CA) -> None:
    """Whatever its certificate."""

    async def ask(context: ssl.SSLContext | None) -> bool:
        server = await asyncio.start_server(quiet, "127.0.0.1", 0, ssl=context)
        spoken = await wire.speaks_tls("127.0.0.1", server.sockets[0].getsockname()[1])
        server.close()
        return spoken

    assert asyncio.run(ask(certified(authority)))
    assert not asyncio.run(ask(None))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_closed_port() -> None:
    """Nothing listens; the port is told, also the one that is meant without being written."""
    port = closed_port()
    way = asyncio.run(wire.look(system_config(url=f"http://127.0.0.1:{port}")))
    (finding,) = address(system_config(), way, 0)
    assert (finding.cause, finding.detail) == ("port", f"127.0.0.1:{port}: Connection refused")


def test_a_host_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, with what the resolver said."""

    def resolve(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    way = asyncio.run(wire.look(system_config(url="https://bk-sops.exmaple.com/prod")))
    (finding,) = address(system_config(), way, 0)
    assert (finding.cause, finding.detail) == ("dns", "bk-sops.exmaple.com:443: Name or service not known")


def test_a_proxy_is_what_is_looked_at() -> None:
    """What is behind it can only be asked."""
    config = system_config(
        url="https://bk-sops.example.com/prod", proxy_url=Secret(f"http://user:word@127.0.0.1:{closed_port()}")
    )
    (finding,) = address(config, asyncio.run(wire.look(config)), 0)
    assert (finding.cause, finding.detail.startswith("the proxy 127.0.0.1:")) == ("port", True)
    assert "word" not in finding.detail


def test_a_port_that_never_says_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and is silent: the handshake is given up."""
    monkeypatch.setattr(wire, "STEP", 0.2)
    monkeypatch.setattr(wire, "GOODBYE", 0.1)

    async def main() -> tuple[str, str]:
        gone = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()
            gone.set()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        way = await wire.look(system_config(**https(server.sockets[0].getsockname()[1])))
        await gone.wait()
        server.close()
        return way_cause(way), way.error

    assert asyncio.run(main()) == ("tls", "no answer within 0.2 s")


def test_an_address_that_swallows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that drops packets does not hold the doctor up."""
    monkeypatch.setattr(wire, "STEP", 0.05)

    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio, "open_connection", never)
    way = asyncio.run(wire.look(system_config(url="http://127.0.0.1:9")))
    assert (way_cause(way), way.error) == ("unreachable", "no answer within 0.05 s")
