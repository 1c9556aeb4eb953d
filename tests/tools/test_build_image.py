"""The build of the image, with engines made for the test."""

import os
import subprocess
from pathlib import Path

import pytest

import exporter
from tests.tools.fakes import program
from tools.generate import ROOT

RUNS = 'case $1 in info) ;; *) printf "%s\\n" "${0##*/}" "$@";; esac'
NO_DAEMON = "echo cannot connect >&2; exit 1"


def build(folder: Path, *arguments: str, **engines: str) -> subprocess.CompletedProcess[str]:
    for absent in ("docker", "podman", "buildah"):
        program(folder, absent, engines.get(absent, NO_DAEMON))
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    command = [str(ROOT / "tools/build-image"), "name", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_takes_the_first_engine_that_works(tmp_path: Path) -> None:
    """A docker without its daemon is passed over; podman is asked for the format that has health checks."""
    said = build(tmp_path, podman=RUNS, buildah=RUNS).stdout.splitlines()
    assert said[:4] == ["podman", "build", "--format", "docker"]
    assert build(tmp_path, docker=RUNS, podman=RUNS).stdout.splitlines()[:2] == ["docker", "build"]
    assert build(tmp_path, buildah=RUNS).stdout.splitlines()[:2] == ["buildah", "bud"]


def test_says_what_it_builds(tmp_path: Path) -> None:
    """Version and revision are handed to the build, and the image is tagged with the version; the rest is passed on."""
    said = build(tmp_path, "--pull=never", docker=RUNS).stdout.splitlines()
    assert f"VERSION={exporter.__version__}" in said
    assert any(each.startswith("REVISION=") and each != "REVISION=" for each in said)
    assert said[said.index("--tag") + 1] == f"name:{exporter.__version__}"
    assert "--pull=never" in said
    assert said[-1] == "."


def test_the_image_carries_the_moment_of_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH, or the commit's time, so that building it again makes the same layers."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    said = build(tmp_path, podman=RUNS).stdout.splitlines()
    assert "SOURCE_DATE_EPOCH=1700000000" in said
    assert said[said.index("--timestamp") + 1] == "1700000000"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    said = build(tmp_path, podman=RUNS).stdout.splitlines()
    assert said[said.index("--timestamp") + 1].isdecimal()


def test_says_that_no_engine_works(tmp_path: Path) -> None:
    """Without an engine the message names those that were tried."""
    done = build(tmp_path)
    assert (done.returncode, done.stdout) == (69, "")
    assert "neither docker nor podman nor buildah works here" in done.stderr
