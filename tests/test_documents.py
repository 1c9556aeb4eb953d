"""What documents tell people to write is what the exporter takes."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest
import yaml

from exporter.config import loads, parse_task
from tests.documents import blocks
from tools.generate import ROOT

SYSTEMS = {
    "bkapi": {"auth": {"bk_app_code": "app", "bk_app_secret": "made-up", "bk_username": "admin"}},
    "systems": {
        "sops": {"url": "http://a"},
        "bkflow": {"url": "http://a"},
        "nodeman": {"url": "http://a", "route": "esb"},
        "gsekit": {"url": "http://a", "route": "esb"},
    },
}


@pytest.mark.parametrize("key", ["tasks", "discover", "collect"])
def test_configurations_of_discovery(key: str) -> None:
    """Every block of docs/discovery.md that belongs into a configuration is accepted there."""
    found = blocks("docs/discovery.md", key)
    assert found
    for block in found:
        assert loads(yaml.safe_dump(SYSTEMS | block))


def test_probes_of_the_document() -> None:
    """Every query of docs/probe.md names a task by parameters that its system has."""
    queries = re.findall(r"^/probe\?(.*)$", (ROOT / "docs/probe.md").read_text("utf-8"), re.MULTILINE)
    assert len(queries) > len(SYSTEMS["systems"])
    for query in queries:
        given = {name: value for name, value in parse_qsl(query) if name != "nodes"}
        assert parse_task(given.pop("system"), given)
