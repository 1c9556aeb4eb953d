"""The fenced blocks of a Markdown page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block: what stands behind its fence, its text, and the line of the page where that begins."""

    info: str
    text: str
    line: int

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]


def blocks(page: Path, language: str | None = None) -> Iterator[Block]:
    """Yield the blocks of a page, or those of one language."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        block = Block(found["info"].strip(), found["text"], text.count("\n", 0, found.start("text")) + 1)
        if language is None or block.language == language:
            yield block


def prose(page: Path) -> str:
    """The text of a page without its blocks."""
    return _BLOCK.sub("", page.read_text("utf-8"))
