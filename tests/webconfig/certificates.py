"""An authority, certificates and keys, made anew for every run: no key stands in the tree."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write(folder: Path) -> trustme.CA:
    """`ca.pem`, `server.crt` and `server.key`, a key of somebody else, one with a passphrase, a weak pair, and no PEM."""
    authority = trustme.CA()
    server, other = authority.issue_cert("localhost", "127.0.0.1"), authority.issue_cert("other.example.com")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "server.crt").write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
    server.private_key_pem.write_to_path(str(folder / "server.key"))
    other.private_key_pem.write_to_path(str(folder / "other.key"))
    key = serialization.load_pem_private_key(server.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"passphrase")
    (folder / "encrypted.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )
    (folder / "empty.pem").write_bytes(b"no certificate\n")
    _write_weak(folder)
    return authority


def _write_weak(folder: Path) -> None:
    """A certificate of yesterday's strength."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name, now = x509.Name([]), datetime.now(UTC)
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    pem = serialization.Encoding.PEM
    (folder / "weak.crt").write_bytes(unsigned.sign(key, hashes.SHA256()).public_bytes(pem))
    (folder / "weak.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def client(authority: trustme.CA, *identities: str) -> ssl.SSLContext:
    """A client that trusts the authority, and shows a certificate of it for these names, if any."""
    made = ssl.create_default_context()
    authority.configure_trust(made)
    if identities:
        authority.issue_cert(*identities).configure_cert(made)
    return made
