"""A web configuration that changes while we run."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from exporter.errors import UserError
from exporter.webconfig import Watched
from tests.webconfig import certificates

TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    certificates.write(tmp_path)
    path = tmp_path / "web.yml"
    path.write_text(TLS, "utf-8")
    return path


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name.startswith("exporter")]


def test_nothing_is_read_while_nothing_changes(file: Path) -> None:
    """The configuration stays the same object, and so does its TLS context."""
    watched = Watched(file)
    assert watched.current() is watched.current()


def test_a_change_of_the_file_is_taken(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is in use the next time that anybody asks."""
    watched = Watched(file)
    with caplog.at_level(logging.INFO):
        file.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n", "utf-8")
        config = watched.current()
    assert (config.tls, dict(config.headers)) == (None, {"X-Frame-Options": "deny"})
    assert said(caplog) == ["web configuration read again"]


@pytest.mark.parametrize("changed", ["server.crt", "server.key", "web.yml"])
def test_a_change_of_a_certificate_is_taken(file: Path, changed: str) -> None:
    """Also of one that was named later."""
    file.write_text("", "utf-8")
    watched = Watched(file)
    file.write_text(TLS, "utf-8")
    first = watched.current()
    path = file.parent / changed
    path.write_bytes(path.read_bytes() + b"\n")
    assert watched.current() is not first


def test_a_certificate_and_its_key_may_come_one_after_the_other(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Between the two the old pair stays in use; it is told once."""
    watched = Watched(file)
    first = watched.current()
    elsewhere = file.parent / "new"
    elsewhere.mkdir()
    certificates.write(elsewhere)
    with caplog.at_level(logging.INFO):
        (elsewhere / "server.crt").replace(file.parent / "server.crt")
        assert watched.current() is first
        assert watched.current() is first
        (elsewhere / "server.key").replace(file.parent / "server.key")
        assert watched.current() is not first
    assert said(caplog) == ["web configuration refused; the one before stays", "web configuration read again"]


def test_what_was_refused_is_tried_again_after_a_while(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that it names may come later; the same problem is not told twice."""
    caplog.set_level("WARNING")
    now = [0.0]
    watched = Watched(file, lambda: now[0])
    first = watched.current()
    file.write_text(TLS.replace("server.", "later."), "utf-8")
    for moment in (0.0, 1.0, 6.0, 12.0):
        now[0] = moment
        assert watched.current() is first
    for ending in ("crt", "key"):
        (file.parent / f"server.{ending}").rename(file.parent / f"later.{ending}")
    now[0] = 20.0
    assert watched.current() is not first
    assert said(caplog) == ["web configuration refused; the one before stays"]


def test_a_file_that_vanishes_leaves_what_was(file: Path) -> None:
    """... and `check` tells that a start would fail."""
    watched = Watched(file)
    first = watched.current()
    watched.check()
    file.unlink()
    assert watched.current() is first
    with pytest.raises(UserError):
        watched.check()


def test_notes_are_logged_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """... for as long as they stay the same."""
    caplog.set_level("WARNING")
    file.write_text(TLS.replace("}", ", min_version: TLS10}"), "utf-8")
    watched = Watched(file)
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    watched.current()
    assert said(caplog) == ["web configuration"]
