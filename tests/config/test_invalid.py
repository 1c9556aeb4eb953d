"""Files with mistakes, each named after its mistake: `# error:` lines at their top are all that must be said of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from exporter.config import load
from exporter.errors import ConfigError
from exporter.systems import SYSTEMS
from tests.config.conftest import ENVIRON, FIXTURES

INVALID = sorted(FIXTURES.glob("invalid-*.yaml"))


#: What stands for the names of all systems in the texts of the files.
PLACEHOLDERS = {
    "{systems}": ", ".join(SYSTEMS),
    "{one of systems}": " or ".join([", ".join([*SYSTEMS][:-1]), [*SYSTEMS][-1]]),
}


def expected(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    for placeholder, names in PLACEHOLDERS.items():
        text = text.replace(placeholder, names)
    lines = text.splitlines()
    return [
        line.removeprefix("# error: ") for line in itertools.takewhile(lambda line: line.startswith("# error: "), lines)
    ]


def said(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path.name, ENVIRON)
    assert str(caught.value) == "\n".join(caught.value.lines())
    return caught.value.lines()


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_every_problem_is_named_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message has file, line, path and cure, in the order of the file."""
    monkeypatch.chdir(FIXTURES)
    assert said(path) == expected(path)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_no_message_holds_a_secret(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of these files, and all that comes from the environment, are marked."""
    monkeypatch.chdir(FIXTURES)
    assert not [line for line in said(path) if "s3cret" in line]


def test_ten_mistakes_are_ten_messages() -> None:
    """One run is enough to know all that must be mended."""
    assert len(expected(FIXTURES / "invalid-ten-mistakes.yaml")) == 10
