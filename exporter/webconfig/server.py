"""TLS as a server."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from exporter.errors import UserError
from exporter.webconfig.names import ClientAuth


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a context is made from; certificates and keys in PEM."""

    certificate: bytes
    key: bytes = field(repr=False)
    authority: bytes | None
    client_auth: ClientAuth
    oldest: ssl.TLSVersion
    newest: ssl.TLSVersion
    ciphers: Sequence[str]
    prefer_own_ciphers: bool
    curve: str | None


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How connections are secured. `sans` are the names of clients that are let in, None: all that are verified."""

    context: ssl.SSLContext
    sans: frozenset[str] | None

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether a client with this certificate, as `getpeercert` gives it, is let in."""
        return self.sans is None or not self.sans.isdisjoint(_names(certificate or {}))


def context(wanted: Wanted) -> ssl.SSLContext:
    """A context for servers; raises CertificateError and AuthorityError, which say what is wrong with the PEM."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = wanted.oldest
    made.maximum_version = wanted.newest
    made.options |= ssl.OP_NO_RENEGOTIATION
    if wanted.prefer_own_ciphers:
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    if wanted.ciphers:
        made.set_ciphers(":".join(wanted.ciphers))
    if wanted.curve is not None:
        made.set_ecdh_curve(wanted.curve)
    made.set_alpn_protocols(["http/1.1"])
    _load_certificate(made, wanted)
    _load_authority(made, wanted)
    made.verify_mode = ssl.VerifyMode(wanted.client_auth.value)
    return made


#: What is wrong with a certificate and its key, by OpenSSL's word for it.
_SAID: Mapping[str, str] = {
    "KEY_VALUES_MISMATCH": "do not belong together",
    "EE_KEY_TOO_SMALL": "are too weak: RSA needs 2,048 bits",
    "CA_KEY_TOO_SMALL": "have an authority that is too weak: RSA needs 2,048 bits",
    "CA_MD_TOO_WEAK": "are signed too weakly: SHA-256 is the least",
}


class CertificateError(UserError):
    """Our certificate and its key do not do."""


class AuthorityError(UserError):
    """What clients are to be verified by does not do."""


def _load_certificate(made: ssl.SSLContext, wanted: Wanted) -> None:
    with _as_file(wanted.certificate) as certificate, _as_file(wanted.key) as key:
        try:
            made.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            raise CertificateError(_SAID.get(error.reason, "are no certificate and its key in PEM")) from None


def _load_authority(made: ssl.SSLContext, wanted: Wanted) -> None:
    """Where none is given, the system's own authorities vouch for clients, as in Go."""
    if wanted.authority is None:
        made.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        made.load_verify_locations(cadata=wanted.authority.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError):
        raise AuthorityError("holds no certificate in PEM") from None


@contextmanager
def _as_file(pem: bytes) -> Iterator[str]:
    """OpenSSL reads keys from files only. This one is in memory where the system has such, and gone afterwards."""
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile() as file:
            file.write(pem)
            file.flush()
            yield file.name
        return
    descriptor = os.memfd_create("pem")
    try:
        os.write(descriptor, pem)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _no_password() -> NoReturn:
    raise CertificateError("are encrypted; give a key without a passphrase")


def _names(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Every subject alternative name: of hosts, mailboxes and resources as they are, addresses as Go writes them."""
    for kind, name in certificate.get("subjectAltName", ()):
        if kind == "IP Address":
            yield str(ipaddress.ip_address(name))
        elif kind in {"DNS", "email", "URI"}:
            yield name
