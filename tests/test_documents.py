"""What documents tell people to write is what the exporter takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import yaml

from exporter.config import loads, parse_task
from exporter.demo.configuration import demo_config
from exporter.demo.simulator import Simulator
from tests import markdown, simulated
from tests.commands import INSTEAD, PAGES, Instead, commands
from tests.pages import parsed
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


#: The blocks of all documents that belong into a configuration, by page and line.
CONFIGURATIONS = {
    f"{page.name}:{block.line}": block.text
    for page in PAGES
    for block in markdown.blocks(page, "yaml")
    if yaml.safe_load(block.text).keys() <= {*SYSTEMS, "tasks", "discover", "collect"}
}


@pytest.mark.parametrize("place", CONFIGURATIONS)
def test_configurations(place: str, tmp_path: Path) -> None:
    """Each is accepted there, once the files of its secrets exist."""
    text = CONFIGURATIONS[place]
    for name in re.findall(r"/run/secrets/(\w+)", text):
        (tmp_path / name).write_text("made-up", "utf-8")
    block = yaml.safe_load(text.replace("/run/secrets", str(tmp_path)))
    assert loads(yaml.safe_dump(SYSTEMS | block))


def test_the_documents_have_configurations() -> None:
    """The most important ones, and all ways to authenticate, are among those that are tried."""
    pages = [place.partition(":")[0] for place in CONFIGURATIONS]
    assert {"README.md", "README.zh-CN.md", "discovery.md"} < {*pages}
    assert pages.count("authentication.md") == 5


def test_probes_of_the_document() -> None:
    """Every query of docs/probe.md names a task by parameters that its system has."""
    queries = re.findall(r"^/probe\?(.*)$", (ROOT / "docs/probe.md").read_text("utf-8"), re.MULTILINE)
    assert len(queries) > len(SYSTEMS["systems"])
    for query in queries:
        given = {name: value for name, value in parse_qsl(query) if name != "nodes"}
        assert parse_task(given.pop("system"), given)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_it_is(page: Path) -> None:
    """What is marked `sh` is run by tests/real/test_documents.py, so a command cannot hide in a block without a mark."""
    assert {block.language for block in markdown.blocks(page)} <= {"promql", "python", "sh", "text", "yaml"}
    assert not re.search(r"^\n {4}\S", markdown.prose(page), re.MULTILINE), "an indented block says nothing"


PROGRAMS = {f"{page.name}:{block.line}": block.text for page in PAGES for block in markdown.blocks(page, "python")}


@pytest.mark.parametrize("place", PROGRAMS)
def test_programs(place: str, tmp_path: Path) -> None:
    """Each runs beside a configuration, and shows its tasks."""
    with simulated.serving(Simulator(seed=1)) as url:
        (tmp_path / "config.yaml").write_text(demo_config(url), "utf-8")
        command = [sys.executable, "-c", PROGRAMS[place]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = {each.labels["system"] for each in parsed(done.stdout) if each.name == "bk_task_up" and each.value}
    assert read == {*SYSTEMS["systems"]}


def test_commands_are_found_in_blocks_and_sentences(tmp_path: Path) -> None:
    """... and nothing else is; a word alone is a name."""
    page = tmp_path / "page.md"
    page.write_text("Say `make this` and not `make`.\n```sh\nany thing\n```\n```text\nmake no\n```\n", "utf-8")
    assert [*commands(page)] == ["any thing", "make this"]


@pytest.mark.parametrize("instead", INSTEAD, ids=lambda instead: instead.pattern)
def test_no_excuse_is_left_over(instead: Instead) -> None:
    """A command that is not run as it stands is in a document."""
    assert instead.why
    assert any(instead(command) != command for page in PAGES for command in commands(page))


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by, as GitHub makes it of them."""
    headings = re.findall(r"^#+ (.*)$", markdown.prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the project leads to a file, and to a heading of it where it names one."""
    for target in re.findall(r"\]\(([^)]*)\)", markdown.prose(page)):
        path, _, anchor = target.partition("#")
        if "://" not in target:
            assert (linked := page.parent / path if path else page).exists(), target
            assert not anchor or anchor in anchors(linked), target
