"""The list of targets."""

import re
import subprocess

from tools.generate import ROOT

PARTS = {"coverage-floor", "force", "generated-check"}


def test_bare_make_lists_every_target() -> None:
    """Without a target make lists them all, each with what it does, and does nothing."""
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"^  ([a-z-]+) +\S", listed, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert names == set(phony.split()) - PARTS
