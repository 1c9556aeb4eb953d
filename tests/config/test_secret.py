"""Secrets print as nothing, and are read again when their file changes."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
from pathlib import Path

import msgspec
import pytest

from exporter.config import Credentials, Secret, Setting
from exporter.errors import UserError

CANARY = "c4n4ry"


def test_a_secret_prints_as_a_mask(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever turns it into text gets the mask."""
    secret = Secret(CANARY)
    logging.getLogger().warning("%s %r", secret, {"nested": [secret]})
    texts = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>20}",
        f"{secret!r}",
        repr([secret]),
        caplog.text,
    ]
    texts.append(json.dumps({"secret": secret}, default=str))
    texts.append(repr(Credentials(bk_app_secret=secret)))
    assert all(CANARY not in text and "<secret>" in text for text in texts)
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("encode", [json.dumps, msgspec.json.encode, msgspec.to_builtins, vars])
def test_a_secret_is_nothing_that_can_be_encoded(encode: object) -> None:
    """An encoder that does not know it fails, instead of telling."""
    assert callable(encode)
    with pytest.raises(TypeError) as caught:
        encode(Secret(CANARY))
    assert CANARY not in str(caught.value)


def test_a_plain_setting_prints_as_it_is() -> None:
    """A code or a user's name is no secret."""
    assert (str(Setting("admin")), repr(Setting("admin"))) == ("admin", "Setting('admin')")


def test_equal_settings_are_equal() -> None:
    """Two configurations can be compared."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != Setting("a")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert copy.deepcopy(Secret("a")) == Secret("a")
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")


@pytest.mark.parametrize(
    ("written", "read"), [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")]
)
def test_one_newline_at_the_end_is_left_out(tmp_path: Path, written: str, read: str) -> None:
    """Editors add it; everything else is the secret."""
    file = tmp_path / "secret"
    file.write_bytes(written.encode())
    assert Secret.from_file(file).reveal() == read


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """A rewritten file, and one that was put in its place, is told from the one that was read."""
    file = tmp_path / "secret"
    file.write_text("one")
    secret = Secret.from_file(file)
    assert not secret.changed()

    file.write_text("three")
    assert secret.changed()
    assert secret.reload()
    assert (secret.reveal(), secret.changed()) == ("three", False)

    stat = file.stat()
    other = tmp_path / "other"
    other.write_text("seven")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)
    assert secret.changed()
    assert secret.reload()
    assert secret.reveal() == "seven"
    assert not secret.reload()


def test_a_mounted_secret_is_followed_through_its_links(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a directory."""
    for name, value in (("one", "1"), ("two", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text(value)
    data = tmp_path / "..data"
    data.symlink_to("one")
    (tmp_path / "secret").symlink_to("..data/secret")
    secret = Secret.from_file(tmp_path / "secret")
    assert not secret.changed()
    data.unlink()
    data.symlink_to("two")
    assert secret.changed()
    assert secret.reload()
    assert secret.reveal() == "2"


def test_a_file_that_is_gone_leaves_the_old_value(tmp_path: Path) -> None:
    """What was read stays in use while the file is missing."""
    file = tmp_path / "secret"
    file.write_text(CANARY)
    secret = Secret.from_file(file)
    file.unlink()
    assert secret.changed()
    with pytest.raises(UserError, match=r"^cannot read .*secret \(No such file or directory\)$"):
        secret.reload()
    assert secret.reveal() == CANARY


def test_a_value_without_file_never_changes() -> None:
    """There is nothing to look at."""
    secret = Secret(CANARY)
    assert (secret.file, secret.changed(), secret.reload(), secret.reveal()) == (None, False, False, CANARY)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b" \t\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * (64 * 1024 + 1), "is larger than 64 KiB"),
    ],
    ids=["empty", "newline", "blank", "binary", "large"],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """The message names the file and the reason."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Secret.from_file(file)
    assert str(caught.value) == f"{file} {message}"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe would block, a directory holds no text, and some names cannot be."""
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("pipe", "is not a file"), (".", "is not a file"), ("a\0b", "no file can have this name")):
        with pytest.raises(UserError, match=message):
            Secret.from_file(f"{tmp_path}/{name}")


def test_the_header_is_a_json_object_of_what_is_given() -> None:
    """Plain ASCII, so that any secret fits into a header."""
    credentials = Credentials(bk_app_code=Setting("code"), bk_app_secret=Secret('s"é\n'), bk_username=Setting("admin"))
    assert credentials.header() == r'{"bk_app_code": "code", "bk_app_secret": "s\"\u00e9\n", "bk_username": "admin"}'
    assert credentials.has_user


def test_an_access_token_is_sent_alone() -> None:
    """It carries app and user."""
    credentials = Credentials(bk_app_code=Setting("code"), bk_app_secret=Secret("s"), access_token=Secret("t"))
    assert credentials.header() == '{"access_token": "t"}'


def test_credentials_are_read_again_together(tmp_path: Path) -> None:
    """A new code goes with its new secret: where one of the files cannot be read, both stay."""
    code, secret = tmp_path / "code", tmp_path / "secret"
    code.write_text("code")
    secret.write_text("one")
    credentials = Credentials(bk_app_code=Setting.from_file(code), bk_app_secret=Secret.from_file(secret))
    before = credentials.header()
    assert not credentials.changed()
    assert not credentials.refresh()
    assert not credentials.refresh(force=True)

    code.write_text("other-code")
    secret.unlink()
    assert credentials.changed()
    with pytest.raises(UserError, match="cannot read"):
        credentials.refresh()
    assert credentials.header() == before

    secret.write_text("two")
    assert credentials.refresh()
    assert credentials.header() == '{"bk_app_code": "other-code", "bk_app_secret": "two"}'
