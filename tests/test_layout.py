"""What must be true of the tree as a whole."""

import importlib.metadata
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import exporter
from tools.generate import ROOT

PICTURES = {".gif", ".ico", ".jpg", ".png"}

REGISTRIES = (
    r"pypi\.(org|python)|files\.pythonhosted|(docker|gcr|ghcr|quay|registry\.k8s)\.io\b|npmjs\.(org|com)|(deb|security)\.debian\.org"
    r"|proxy\.golang|\b(registry|mirrors?)\.(?!example)[a-z0-9-]+\.(cn|com|io|net|org)\b"
)
MACHINE_PATHS = r"(?<![\w.$}~>/-])/(root|home|work|Users)/[\w.]"


def tracked() -> Iterator[Path]:
    """Yield every file that git keeps, or would keep if it were added."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"not a git checkout: {done.stderr.strip()}")
    yield from (
        path for name in done.stdout.split("\0") if name and ((path := ROOT / name).is_symlink() or path.exists())
    )


def found(pattern: str) -> list[str]:
    """Return ``file:line: match`` for every match in the tree's texts."""
    matches = []
    for path in tracked():
        if path.suffix in PICTURES or not path.is_file():
            continue
        text = path.read_text("utf-8")
        for match in re.finditer(pattern, text, re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            matches.append(f"{path.relative_to(ROOT)}:{line}: {match[0]!r}")
    return matches


def test_the_tree_is_searched() -> None:
    """The searches below see the tree: what stands in this very file is found."""
    assert found(r"^\"{3}What must be true") == ['tests/test_layout.py:1: \'"""What must be true\'']


def test_no_registry_is_named() -> None:
    """Whoever builds chooses where packages and images come from: no file names the host of a registry or mirror."""
    assert found(REGISTRIES) == []


def test_no_machine_is_named() -> None:
    """No file holds a path of the machine on which it was written."""
    assert found(MACHINE_PATHS) == []


def test_no_whitespace_at_the_end_of_lines() -> None:
    """No line ends with a space or tab, none with a carriage return."""
    assert found(r"[ \t\r]+$") == []


def test_nothing_is_left_for_later() -> None:
    """What is to be done is an issue and not a comment."""
    assert found(r"\b(TODO|FIXME|XXX)\b(?!\||\))") == []


def test_nothing_but_files() -> None:
    """The tree holds no links, which would lead to other places elsewhere, and only programs are executable."""
    assert [path for path in tracked() if path.is_symlink()] == []
    executable = [path for path in tracked() if path.stat().st_mode & 0o111]
    assert [path for path in executable if not path.read_bytes().startswith(b"#!")] == []


@pytest.mark.parametrize("name", ["run", "build", "dev", "real", "fuzz", "release"])
def test_constraints_hold_names_versions_and_hashes(name: str) -> None:
    """Pinned dependencies say what and which, never from where."""
    requirement = r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[0-9][\w.!+]*( ; [^\\]+?)? \\"
    line = re.compile(rf"{requirement}|    --hash=sha256:[0-9a-f]{{64}}( \\)?|    #( .*)?")
    lines = (ROOT / f"constraints/{name}.txt").read_text("utf-8").splitlines()
    assert [each for each in lines if not line.fullmatch(each)] == []


def test_changelog_has_a_place_for_what_comes_and_this_version() -> None:
    """The changelog opens with what is not released yet; every other heading is a version with its date."""
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert [each for each in headings[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each)] == []


def test_version_is_spelled_once() -> None:
    """The version of the installed package is the one in exporter/__init__.py, and has three numbers."""
    assert importlib.metadata.version("bk-task-exporter") == exporter.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", exporter.__version__)
