"""The way to one system, step by step: its name, its port, its TLS. Here is the doctor's own I/O."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from exporter.config import SystemConfig
from exporter.envelope import one_line

#: Seconds for each step, and for leaving.
STEP = 5.0
GOODBYE = 1.0

_PORTS = {"http": 80, "https": 443}

Step = Literal["name", "port", "tls"]


@dataclass(frozen=True, slots=True)
class Way:
    """How far the way to `host:port` leads. `failed` is the step at which it ends, None if it does not.

    `host` is the proxy's where there is one: then what is behind it was not looked at. `verify_code` is OpenSSL's
    X509_V_ERR. `issuer` and `expires` (seconds since the epoch) are the certificate's, where one was verified.
    """

    host: str
    port: int
    proxied: bool = False
    failed: Step | None = None
    error: str = ""
    verify_code: int | None = None
    refused: bool = False
    addresses: tuple[str, ...] = ()
    issuer: str = ""
    expires: float | None = None


async def look(config: SystemConfig) -> Way:
    """Walk the way to a system; never raises for what it finds there."""
    target = urlsplit(config.proxy_url.reveal() if config.proxy_url else config.url)
    host, port = target.hostname or "", target.port or _PORTS[target.scheme]
    proxied = config.proxy_url is not None
    try:
        async with asyncio.timeout(STEP):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        return Way(host, port, proxied, "name", _said(error))
    addresses = tuple(dict.fromkeys(str(address[4][0]) for address in found))
    context = config.tls.context() if target.scheme == "https" and not proxied else None
    return await _knock(Way(host, port, proxied, addresses=addresses), context)


async def speaks_tls(host: str, port: int) -> bool:
    """Whether a port answers a TLS handshake, whatever its certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    way = await _knock(Way(host, port), context)
    return way.failed is None


async def _knock(way: Way, context: ssl.SSLContext | None) -> Way:
    step: Step = "port"
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(STEP):
            _, writer = await asyncio.open_connection(way.host, way.port)
            step = "tls"
            certificate = await _greet(writer, way.host, context)
    except (OSError, ssl.SSLError, TimeoutError, EOFError) as error:
        return _ended(way, step, error)
    finally:
        if writer is not None:
            await _leave(writer)
    return replace(way, issuer=_issuer(certificate), expires=_expiry(certificate))


async def _leave(writer: asyncio.StreamWriter) -> None:
    """Whoever says goodbye politely waits for an answer, and some entrances never give one."""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await writer.wait_closed()
            return
    writer.transport.abort()


async def _greet(writer: asyncio.StreamWriter, host: str, context: ssl.SSLContext | None) -> Mapping[str, Any]:
    if context is None:
        return {}
    await writer.start_tls(context, server_hostname=host)
    return writer.get_extra_info("peercert") or {}


def _ended(way: Way, step: Step, error: Exception) -> Way:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
    # Where a name has several addresses, asyncio puts all of their errors into one text.
    refused = isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error)
    return replace(way, failed=step, error=_said(error), verify_code=code, refused=refused)


def _said(error: Exception) -> str:
    """The operating system's own words, which asyncio hides; OpenSSL's and the resolver's have numbers of their own."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, TimeoutError) and not error.errno:
        return f"no answer within {STEP:g} s"
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError | socket.gaierror) and error.errno:
        return os.strerror(error.errno)
    said = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return one_line(said) or type(error).__name__


def _issuer(certificate: Mapping[str, Any]) -> str:
    names = dict(pair for part in certificate.get("issuer", ()) for pair in part)
    return str(names.get("commonName") or names.get("organizationName") or "")


def _expiry(certificate: Mapping[str, Any]) -> float | None:
    return ssl.cert_time_to_seconds(certificate["notAfter"]) if "notAfter" in certificate else None
