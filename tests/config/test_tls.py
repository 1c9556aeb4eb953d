"""TLS settings become a context, or a message that names the file."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from exporter.config import Tls, loads
from exporter.errors import ConfigError, UserError


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an authority, a certificate with its key, a stranger's key, and an encrypted one."""
    directory = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    own, other = authority.issue_cert("exporter.example.com"), authority.issue_cert("other.example.com")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    own.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    own.private_key_pem.write_to_path(directory / "key.pem")
    own.private_key_and_cert_chain_pem.write_to_path(directory / "both.pem")
    other.private_key_pem.write_to_path(directory / "other.pem")
    key = serialization.load_pem_private_key(own.private_key_pem.bytes(), None)
    form, how = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    (directory / "locked.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, how))
    return directory


def test_our_own_files_make_a_context(pem: Path) -> None:
    """The authority is trusted in place of the system's own, and our certificate is shown."""
    context = Tls(ca_file=f"{pem}/ca.pem", cert_file=f"{pem}/cert.pem", key_file=f"{pem}/key.pem").context()
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert Tls(cert_file=f"{pem}/both.pem").context()


def test_nobody_is_verified_where_that_was_asked_for() -> None:
    """Neither certificate nor name."""
    context = Tls(insecure_skip_verify=True).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"cert_file": "cert.pem", "key_file": "other.pem"},
            "cert_file: {0}/cert.pem and {0}/other.pem do not belong together",
        ),
        ({"cert_file": "cert.pem"}, "cert_file: {0}/cert.pem: no certificate with its key in PEM"),
        (
            {"cert_file": "cert.pem", "key_file": "locked.pem"},
            "cert_file: the key is encrypted; give one without a passphrase",
        ),
        ({"ca_file": "key.pem"}, "ca_file: {0}/key.pem holds no certificate in PEM"),
        ({"ca_file": "none.pem"}, "ca_file: cannot read {0}/none.pem (No such file or directory)"),
        ({"key_file": "key.pem"}, "key_file: needs cert_file, the certificate of this key"),
    ],
    ids=["mismatch", "no-key", "locked", "no-certificate", "missing", "key-alone"],
)
def test_a_file_that_does_not_fit_is_named(pem: Path, given: dict[str, str], message: str) -> None:
    """The context is refused in the words of the configuration's check."""
    files = {key: f"{pem}/{name}" for key, name in given.items()}
    with pytest.raises(UserError) as caught:
        Tls(**files).context()  # type: ignore[arg-type]  # only files are given
    assert str(caught.value) == message.format(pem)


def test_the_check_of_a_configuration_opens_the_files(pem: Path) -> None:
    """A wrong key is found before the first scrape."""
    text = (
        "bkapi:\n"
        "  auth: {access_token: t}\n"
        "  tls:\n"
        f"    cert_file: {pem}/cert.pem\n"
        f"    key_file: {pem}/other.pem\n"
        "systems: {sops: {url: http://a}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        loads(text)
    assert [str(problem.line) for problem in caught.value.problems] == ["4"]
    assert "do not belong together" in str(caught.value)
