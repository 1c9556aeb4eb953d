"""The order of docs/design.md: each module has a place there, and imports only what stands above it or beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| ((?:`[\w/]+`(?:, )?)+) \|", re.MULTILINE)


def rows() -> dict[str, int]:
    """The row of each module or package named in the table."""
    table = ROW.findall((ROOT / "docs" / "design.md").read_text("utf-8"))
    return {name.rstrip("/"): row for row, cell in enumerate(table) for name in re.findall(r"`([\w/]+)`", cell)}


def modules() -> Iterator[tuple[str, Path]]:
    """The first part of each module's name below the package, and its file."""
    for file in sorted((ROOT / "exporter").rglob("*.py")):
        part = file.relative_to(ROOT / "exporter").parts[0].removesuffix(".py")
        if part not in {"__init__", "__main__"}:
            yield part, file


def imported(file: Path) -> set[str]:
    """First parts of our own modules that a file imports, wherever in it that stands."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "exporter":
                names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("exporter.")}
    return names - {"__version__"}


def test_every_module_has_its_place_and_no_place_is_empty():
    """Whoever looks for something finds it in the table."""
    assert {part for part, _ in modules()} == set(rows())


@pytest.mark.parametrize(
    ("part", "file"), list(modules()), ids=lambda value: value.stem if isinstance(value, Path) else ""
)
def test_nothing_imports_upwards(part: str, file: Path):
    """One direction of flow."""
    order = rows()
    assert {name for name in imported(file) if order.get(name, 99) > order[part]} == set()
