"""The documents that tell people what to write, as tests read them."""

from __future__ import annotations

import re

import yaml

from tools.generate import ROOT


def blocks(document: str, key: str) -> list[dict]:
    """The YAML blocks of a document that have this key at their top."""
    text = (ROOT / document).read_text("utf-8")
    found = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    return [block for block in found if key in block]
