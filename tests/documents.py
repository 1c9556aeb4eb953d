"""The documents that tell people what to write, as tests read them."""

from __future__ import annotations

import yaml

from tests import markdown
from tools.generate import ROOT


def blocks(document: str, key: str) -> list[dict]:
    """The YAML blocks of a document that have this key at their top."""
    found = [yaml.safe_load(block.text) for block in markdown.blocks(ROOT / document, "yaml")]
    return [block for block in found if key in block]
