"""What the way to a system tells: name, port, certificate. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from exporter.config import SystemConfig
from exporter.doctor.findings import Check, Finding, fine, found
from exporter.doctor.wire import Way
from exporter.moments import moment

#: Seconds before its end at which a certificate is worth a word.
SOON = 21 * 86400.0

#: OpenSSL's X509_V_ERR codes (include/openssl/x509_vfy.h).
_VERIFY = {9: "tls_not_yet_valid", 10: "tls_expired", 62: "tls_host_name", 64: "tls_host_name"}
_AUTHORITY = frozenset({2, 18, 19, 20, 21, 24})

_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
_OUR_CERTIFICATE = ("CERTIFICATE_REQUIRED", "certificate required", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE")


def address(config: SystemConfig, way: Way, now: float) -> Iterator[Finding]:
    """What is to be said of the way to a system."""
    whom = f"{'the proxy ' if way.proxied else ''}{way.host}:{way.port}"
    if way.failed is not None:
        check: Check = "certificate" if way.failed == "tls" else "address"
        yield found(config.name, check, way_cause(way), detail=f"{whom}: {way.error}{_trusted(config, way)}")
        return
    yield fine(config.name, "address", f"{whom} ({', '.join(way.addresses[:4])}) answers")
    if config.url.startswith("https") and not way.proxied:
        yield _certificate(config, way, now)


def way_cause(way: Way) -> str:
    """Why the way ends where it does."""
    if way.failed == "name":
        return "dns"
    if way.failed == "port":
        return "port" if way.refused else "unreachable"
    return tls_cause(way.error, way.verify_code)


def tls_cause(error: str, verify_code: int | None) -> str:
    """Why a TLS handshake failed."""
    if verify_code is not None:
        return _VERIFY.get(verify_code) or ("tls_authority" if verify_code in _AUTHORITY else "tls")
    if any(word in error for word in _NOT_TLS):
        return "no_tls"
    return "tls_client_certificate" if any(word in error for word in _OUR_CERTIFICATE) else "tls"


def _trusted(config: SystemConfig, way: Way) -> str:
    if way.failed != "tls" or way.verify_code is None:
        return ""
    return f" (trusted here: {config.tls.ca_file or 'the authorities of this machine'})"


def _certificate(config: SystemConfig, way: Way, now: float) -> Finding:
    if config.tls.insecure_skip_verify:
        return found(config.name, "certificate", "tls_not_verified", level="warning")
    until = "" if way.expires is None else f"valid until {moment(way.expires, UTC):%Y-%m-%d}"
    said = f"issued by {way.issuer or 'an unnamed authority'}, {until}"
    if way.expires is not None and way.expires - now < SOON:
        return found(config.name, "certificate", "tls_expires_soon", level="warning", detail=said)
    return fine(config.name, "certificate", f"trusted: {said}")
