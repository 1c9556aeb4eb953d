"""Metrics by name, in rules, dashboards and documents: none that does not exist, none that nobody looks at."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.catalogue import FAMILIES
from exporter.owncatalogue import OWN_FAMILIES, PREFIX
from tools.generate import ROOT

#: How the parts of a histogram are called, beside its name.
PARTS = ("_bucket", "_sum", "_count")

#: Families that neither a dashboard nor a rule uses, and why.
UNUSED: dict[str, str] = {}

#: Words that look like a family of ours and are none.
OTHER = {
    "bk_task_exporter",  # the project itself, with underscores
}

LOOKED_AT = ("prometheus/rules/*.yml", "grafana/dashboards/*.json")
WRITTEN = (*LOOKED_AT, "prometheus/tests/*.yml", "prometheus/*.yml", "docs/**/*.md", "README*.md", "CHANGELOG.md")
NAME = re.compile(r"(?<![\w:/.-])bk_task_[a-z0-9_]+(?![\w:*{<])|(?<![\w:/.-])bk_task_[a-z0-9_]+(?=\{)")


def families() -> set[str]:
    return {family.name for family in FAMILIES} | {PREFIX + family.name for family in OWN_FAMILIES}


def samples() -> set[str]:
    """Every name that a query may use."""
    histograms = {PREFIX + family.name for family in OWN_FAMILIES if family.type == "histogram"}
    return families() | {name + part for name in histograms for part in PARTS}


def files(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(ROOT.glob(pattern))


def names(path: Path) -> set[str]:
    return {name.rstrip("_") for name in NAME.findall(path.read_text("utf-8"))} - OTHER


@pytest.mark.parametrize("path", list(files(WRITTEN)), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_is_unknown(path: Path) -> None:
    """Whoever copies a name from here finds it on the page."""
    assert names(path) - samples() == set()


def test_no_family_is_unused_without_a_reason() -> None:
    """Every family is there for somebody to look at: on a dashboard, or in a rule."""
    used = {name for path in files(LOOKED_AT) for name in names(path)}
    bases = {name.removesuffix(part) for name in used for part in PARTS} | used
    unused = families() - bases
    assert unused == set(UNUSED), (
        "wants a panel in tools/dashboards/, a rule in prometheus/rules/, or a reason in UNUSED"
    )


def test_the_search_sees_names() -> None:
    """A name in an expression, in a selector and in prose is found; a recorded one and another project's are not."""
    text = 'sum(bk_task_up{a="b"}) / bk_task_nodes, `bk_task_info`. bk_task:info my_bk_task_up bk_task_nodeman_*'
    assert set(NAME.findall(text)) == {"bk_task_up", "bk_task_nodes", "bk_task_info"}
