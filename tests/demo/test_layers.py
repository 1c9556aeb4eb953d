"""The simulator is a counterparty: it knows BlueKing, and nothing of the exporter."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import exporter.demo

FILES = sorted(Path(exporter.demo.__path__[0]).glob("**/*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_of_the_exporter_is_imported(path: Path) -> None:
    """No module of the simulator imports anything of the package but the simulator itself."""
    ours = [name for name in imported(path) if name.startswith(("exporter", "."))]
    assert [name for name in ours if name != "exporter.demo" and not name.startswith("exporter.demo.")] == []


def test_the_files_are_found() -> None:
    """The search above searches something."""
    assert {"world", "simulator", "sops", "bkflow", "nodeman", "gsekit"} <= {path.stem for path in FILES}
