"""Every file of tests/fixtures/webconfig is accepted, or refused in the words of its first line."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest

from exporter.errors import UserError
from exporter.webconfig import load
from tests.webconfig import certificates

FIXTURES = Path(__file__).parent.parent / "fixtures/webconfig"


def files(*kinds: str) -> list[str]:
    return [f"{kind}/{path.name}" for kind in kinds for path in sorted((FIXTURES / kind).iterdir())]


#: Numbers as Go's YAML library reads them: interval, burst, and what they are in seconds and requests.
RATES = [
    ("1s", "5.0", 1, 5),
    ("1s", "5.9", 1, 5),
    ("1s", "1e3", 1, 1000),
    ("1s", "0x1F", 1, 31),
    ("1s", "0b11", 1, 3),
    ("1s", "0o17", 1, 15),
    ("1s", "017", 1, 15),
    ("1s", "08", 1, 8),
    ("1s", "+1_0", 1, 10),
    ("1e9", "1", 1, 1),
    ("1.5e9", "1", 1.5, 1),
    ("0x3B9ACA00", "1", 1, 1),
    ("1_000_000_000", "1", 1, 1),
    ("1.5", "1", 1e-9, 1),
    ('"1.5s"', "1", 1.5, 1),
    ("+1m0.5s", "1", 60.5, 1),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("webconfig")
    certificates.write(path)
    return path


@pytest.mark.parametrize("name", files("accepted"))
def test_accepted(folder: Path, name: str) -> None:
    """What exporter-toolkit takes is taken; TLS is on where there is a certificate."""
    path = Path(shutil.copy(FIXTURES / name, folder))
    config = load(path)
    assert (config.tls is not None) == ("cert_file" in path.read_text("utf-8"))
    assert path in config.files


def rate_file(folder: Path, interval: str, burst: str) -> Path:
    path = folder / "rate.yml"
    path.write_text(f"rate_limit: {{interval: {interval}, burst: {burst}}}\n", "utf-8")
    return path


@pytest.mark.parametrize(("interval", "burst", "seconds", "requests"), RATES)
def test_rates(folder: Path, interval: str, burst: str, seconds: float, requests: int) -> None:
    """Whole numbers in any notation, of others what stands before the point; an interval without a unit is nanoseconds."""
    rate = load(rate_file(folder, interval, burst)).rate
    assert rate is not None
    assert (rate.interval, rate.burst) == (seconds, requests)


@pytest.mark.parametrize("interval", ["0", '"0"', "0s", "~", "0.9", ""])
def test_no_rate(folder: Path, interval: str) -> None:
    """An interval of nothing is no limit."""
    assert load(rate_file(folder, interval, "1")).rate is None


def test_headers_are_sent_as_go_sends_them(folder: Path) -> None:
    """Whatever is written is text, in one line."""
    values = {
        next(iter(load(Path(shutil.copy(FIXTURES / "accepted" / f"header-{name}.yml", folder))).headers.values()))
        for name in ("blank", "empty", "flag", "nothing", "null", "of-two-lines", "values")
    }
    assert values == {"", "true", "a X-Evil: b", "0"}


@pytest.mark.parametrize("name", files("refused", "stricter"))
def test_refused(folder: Path, name: str) -> None:
    """Every file tells its one mistake, with its line."""
    path = Path(shutil.copy(FIXTURES / name, folder))
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# error: ")
    with pytest.raises(UserError) as refused:
        load(path)
    (line,) = str(refused.value).splitlines()
    assert line.removeprefix(f"{path}:").startswith(expected)


def test_every_mistake_is_told_at_once(folder: Path) -> None:
    """In the order of the file, each once."""
    path = folder / "many.yml"
    path.write_text(
        "tls_server_config:\n  cert_file: [a]\n  min_version: TLS9\n  client_auth_type: Any\n"
        "http_server_config: {headers: {Server: x}}\nbasic_auth_users: {a: b}\nrate_limit: {interval: x}\n",
        "utf-8",
    )
    with pytest.raises(UserError) as refused:
        load(path)
    assert [line.removeprefix(f"{path}:").split(": ")[:2] for line in str(refused.value).splitlines()] == [
        ["1", "tls_server_config.key_file"],
        ["2", "tls_server_config.cert_file"],
        ["3", "tls_server_config.min_version"],
        ["4", "tls_server_config.client_auth_type"],
        ["5", "http_server_config.headers.Server"],
        ["6", "basic_auth_users.a"],
        ["7", "rate_limit.interval"],
    ]


def test_no_refusal_shows_a_secret(folder: Path) -> None:
    """Neither a hash nor a key is repeated."""
    path = folder / "secrets.yml"
    path.write_text(
        "tls_server_config: {cert: x, key: canary-key-1}\nbasic_auth_users: {a: canary-hash-2, b: [canary-hash-3]}\n"
        "canary_free: 1\n",
        "utf-8",
    )
    with pytest.raises(UserError) as refused:
        load(path)
    assert "canary-" not in str(refused.value)


def test_a_certificate_may_stand_in_the_file_itself(folder: Path) -> None:
    """`cert`, `key` and `client_ca` hold PEM."""

    def block(name: str) -> str:
        return "".join(f"\n    {line}" for line in (folder / name).read_text("utf-8").splitlines())

    path = folder / "inline.yml"
    path.write_text(
        f"tls_server_config:\n  cert: |{block('server.crt')}\n  key: |{block('server.key')}\n"
        f"  client_ca: |{block('ca.pem')}\n  client_auth_type: RequireAndVerifyClientCert\n",
        "utf-8",
    )
    tls = load(path).tls
    assert tls is not None
    assert tls.context.verify_mode is ssl.CERT_REQUIRED
    assert len(tls.context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("name", "oldest"),
    [("tls.yml", "TLSv1_2"), ("tls-older-clients.yml", "TLSv1_2"), ("tls-newest-only.yml", "TLSv1_3")],
)
def test_nothing_older_than_tls_1_2_is_spoken(folder: Path, name: str, oldest: str) -> None:
    """Not by default, and not where it was asked for."""
    tls = load(Path(shutil.copy(FIXTURES / "accepted" / name, folder))).tls
    assert tls is not None
    assert tls.context.minimum_version.name == oldest


def test_what_is_done_otherwise_is_noted(folder: Path) -> None:
    """Whoever asked for less security, or more choice, is told what there is."""
    noted = {
        name: load(Path(shutil.copy(FIXTURES / "accepted" / name, folder))).notes
        for name in (
            *("tls.yml", "tls-older-clients.yml", "everything.yml", "tls-client-certificates-older-word.yml"),
            "tls-client-certificates-asked-for.yml",
        )
    }
    assert [[note.split(" ")[0] for note in notes] for notes in noted.values()] == [
        [],
        ["min_version"],
        ["curve_preferences:"],
        ["client_auth_type"],
        ["client_auth_type"],
    ]


def test_ciphers_are_those_of_the_file(folder: Path) -> None:
    """In TLS 1.2 exactly the ones that are listed."""
    path = folder / "ciphers.yml"
    path.write_text(
        "tls_server_config: {cert_file: server.crt, key_file: server.key, max_version: TLS12,"
        " cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]}\n",
        "utf-8",
    )
    tls = load(path).tls
    assert tls is not None
    old = [cipher["name"] for cipher in tls.context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    assert old == ["ECDHE-RSA-AES256-GCM-SHA384"]


@pytest.mark.parametrize("content", [b"\xff", b"a: \xf0", "{}".encode("utf-16")])
def test_a_file_that_is_no_text(folder: Path, content: bytes) -> None:
    """It is told in one line."""
    path = folder / "binary.yml"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not UTF-8 text"):
        load(path)


def test_a_file_that_is_not_there(folder: Path) -> None:
    """It is told in one line."""
    with pytest.raises(UserError, match=r"cannot read .*nowhere\.yml"):
        load(folder / "nowhere.yml")


def test_more_mistakes_than_anybody_reads(folder: Path) -> None:
    """The rest is left out, and that is said."""
    path = folder / "hopeless.yml"
    path.write_text("".join(f"key{number}: 1\n" for number in range(1100)), "utf-8")
    with pytest.raises(UserError, match="more than 1,000 problems; the rest is not shown"):
        load(path)
