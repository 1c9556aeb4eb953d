"""What the tests of the configuration share."""

from __future__ import annotations

from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures" / "config"

#: The environment of the fixtures.
ENVIRON = {"APP_CODE": "task-exporter", "SECRET": "s3cret-of-the-environment", "EMPTY": "", "TWO": "2"}
