"""The workflows that build and release."""

import re

import yaml

from tools.generate import ROOT

FOLDER = ROOT / ".github/workflows"


def test_actions_are_pinned_by_commit() -> None:
    """A tag may be moved; behind each commit stands the version that it is."""
    lines = [line for path in FOLDER.glob("*.yml") for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert lines
    pinned = re.compile(r"\s*- uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in lines if not pinned.fullmatch(line)] == []


def test_rights_are_given_one_by_one() -> None:
    """No workflow has any that no job asked for, and only the one that publishes may write."""
    for path in FOLDER.glob("*.yml"):
        workflow = yaml.safe_load(path.read_text("utf-8"))
        assert workflow["permissions"] == {}
        writing = [name for name, job in workflow["jobs"].items() if "write" in job["permissions"].values()]
        assert writing == (["publish"] if path.stem == "release" else [])


def test_the_release_is_what_make_release_builds() -> None:
    """Nothing is built there that cannot be built here."""
    jobs = yaml.safe_load((FOLDER / "release.yml").read_text("utf-8"))["jobs"]
    commands = [step.get("run", "") for step in jobs["build"]["steps"]]
    assert any(command.startswith("make release") for command in commands)
    assert "make check test" in commands
