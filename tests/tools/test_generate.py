"""The generator of files and parts of files."""

from pathlib import Path

import pytest

from exporter.errors import Reason
from exporter.owncatalogue import ENGLISH
from tools import chinese, generate
from tools.generate import Generated

PAGE = "before\n<!-- generated: table -->\nold\n<!-- end: table -->\nafter\n"
WHOLE = Generated("docs/whole.txt", lambda: "whole\n")
PART = Generated("page.md", lambda: "new\n", part="table")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "page.md").write_text(PAGE, "utf-8")
    return tmp_path


def test_writes_whole_files_and_parts(root: Path) -> None:
    """A whole file is written with its folders, a part replaces what stands between its markers and nothing else."""
    assert generate.main([], root=root, registry=[WHOLE, PART]) == 0
    assert (root / "docs/whole.txt").read_text("utf-8") == "whole\n"
    assert (root / "page.md").read_text("utf-8") == PAGE.replace("old", "new")


def test_check_passes_on_what_was_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What has just been written is fresh, and nothing is said about it."""
    generate.main([], root=root, registry=[WHOLE, PART])
    capsys.readouterr()
    assert generate.main(["--check"], root=root, registry=[WHOLE, PART]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_shows_every_stale_file_and_writes_none(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check names each file that is not fresh, with the difference, and leaves it alone."""
    assert generate.main(["--check"], root=root, registry=[WHOLE, PART]) == 1
    said = capsys.readouterr().err
    assert "+whole\n" in said
    assert "docs/whole.txt: not fresh, run `make docs`\n" in said
    assert "-old\n+new\n" in said
    assert "page.md (table): not fresh" in said
    assert not (root / "docs").exists()
    assert (root / "page.md").read_text("utf-8") == PAGE


@pytest.mark.parametrize(
    "page",
    [
        "no markers\n",
        PAGE + PAGE,
        "<!-- generated: table -->\nno end\n",
        "<!-- end: table -->\n<!-- generated: table -->\n",
    ],
)
@pytest.mark.parametrize("argv", [[], ["--check"]])
def test_missing_or_doubled_markers(root: Path, page: str, argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A page whose markers are not there exactly once, in order, is an error that names the page, and stays as it is."""
    (root / "page.md").write_text(page, "utf-8")
    assert generate.main(argv, root=root, registry=[PART]) == 1
    assert capsys.readouterr().err.startswith("page.md: needs one line '<!-- generated: table -->'")
    assert (root / "page.md").read_text("utf-8") == page


def test_one_page_can_be_made_anew(root: Path) -> None:
    """... by whoever wrote what it is made of; others stay as they are."""
    generate.rewrite("page.md", root=root, registry=[WHOLE, PART])
    assert (root / "page.md").read_text("utf-8") == PAGE.replace("old", "new")
    assert not (root / "docs").exists()


@pytest.mark.parametrize("argv", [[], ["--check"]])
def test_what_lacks_a_translation_is_named(argv: list[str], root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A family without a Chinese meaning is told in one line with all others of its kind, and the next file is made."""
    meanings = {name: "" for name in ENGLISH.meanings if name not in {"bk_task_up", "bk_task_loops"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chinese, "MEANINGS", meanings)
        patch.setattr(chinese, "REASONS", {})
        registry = [Generated("page.md", each, part="table") for each in (chinese.metrics, chinese.reasons)]
        assert generate.main(argv, root=root, registry=[*registry, WHOLE]) == 1
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert first == "tools/chinese.py: MEANINGS lacks bk_task_up, bk_task_loops"
    assert second == f"tools/chinese.py: REASONS lacks {', '.join(Reason)}"
    assert bool(rest) is bool(argv)
    assert (root / "page.md").read_text("utf-8") == PAGE
    assert (root / "docs/whole.txt").exists() is not bool(argv)


def test_generated_files_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """Every generated file in the tree is what the code says now."""
    assert generate.main(["--check"]) == 0, capsys.readouterr().err
