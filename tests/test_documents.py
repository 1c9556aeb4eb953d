"""What documents tell people to write is what the exporter takes."""

from __future__ import annotations

import pytest
import yaml

from exporter.config import loads
from tests.documents import blocks

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
