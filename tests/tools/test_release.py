"""What is released, built twice."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

import exporter
from tests.test_layout import tracked
from tools import release
from tools.chart.files import CHART
from tools.generate import ROOT

WHEN = 1_700_000_000
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- c\n\n## [1.1.0] - 2026-01-02\n\n### Added\n\n- b\n\n## [1.0.0] - 2026-01-01\n\n- a\n"


def copied(folder: Path, touched: float) -> Path:
    """The project's files as another checkout has them, at another place, with other times and rights."""
    for path in tracked():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        os.utime(copy, (touched, touched))
    return folder


def built(root: Path, out: Path) -> dict[str, str]:
    out.mkdir()
    release.python_packages(root, out, WHEN)
    release.chart(root, out, WHEN)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    """Wheel, source and chart depend on the files' contents and the moment that is given, and on nothing else."""
    first = built(copied(tmp_path / "one", 1_600_000_000), tmp_path / "first")
    second = built(copied(tmp_path / "another-place", 1_650_000_000), tmp_path / "second")
    assert first == second
    assert set(first) == {
        f"bk_task_exporter-{exporter.__version__}-py3-none-any.whl",
        f"bk_task_exporter-{exporter.__version__}.tar.gz",
        f"bk-task-exporter-{exporter.__version__}.tgz",
    }


def test_the_chart_is_whole(tmp_path: Path) -> None:
    """Everything in its folder is in the archive, as Helm wants it, and belongs to nobody."""
    with tarfile.open(release.chart(ROOT, tmp_path, WHEN)) as archive:
        entries = archive.getmembers()
        (described,) = [archive.extractfile(entry) for entry in entries if entry.name == "bk-task-exporter/Chart.yaml"]
        assert described is not None
        assert yaml.safe_load(described)["version"] == exporter.__version__
    folder = ROOT / CHART
    there = {f"bk-task-exporter/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}
    assert {entry.name for entry in entries} == there
    assert {(entry.mtime, entry.uid, entry.uname, entry.mode) for entry in entries} == {(WHEN, 0, "", 0o644)}


def test_the_moment_is_the_environments_or_the_commits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SOURCE_DATE_EPOCH wins; a tree without git has the earliest that a wheel can name."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(WHEN))
    assert release.moment(ROOT) == WHEN
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(SystemExit, match="SOURCE_DATE_EPOCH=yesterday: write seconds since 1970"):
        release.moment(ROOT)
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert release.moment(tmp_path) == release.EARLIEST


def test_checksums_can_be_checked(tmp_path: Path) -> None:
    """`sha256sum --check` takes them."""
    (tmp_path / "a").write_text("a", "utf-8")
    release.sums(tmp_path)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_notes_are_the_changelogs() -> None:
    """Of this version only; one that the changelog does not know is refused."""
    assert release.notes(CHANGELOG, "1.1.0") == "### Added\n\n- b\n"
    assert release.notes(CHANGELOG, "1.0.0") == "- a\n"
    with pytest.raises(SystemExit, match=r"has no heading for 2\.0\.0"):
        release.notes(CHANGELOG, "2.0.0")


def test_a_tag_of_another_version_is_refused() -> None:
    """A release is what its tag says."""
    with pytest.raises(SystemExit, match=f"v9.9.9: exporter/__init__.py says that this is v{exporter.__version__}"):
        release.main(["--notes", "v9.9.9"])
