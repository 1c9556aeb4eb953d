"""What long runs came to: a file that they write, and from which a table of docs/reliability.md is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


@dataclass(frozen=True)
class Runs(Generic[T]):
    """The last run of each of some things, by name."""

    file: Path
    type: type[T]

    def read(self) -> Mapping[str, T]:
        """All of them."""
        return msgspec.json.decode(self.file.read_bytes(), type=dict[str, self.type])  # type: ignore[name-defined]

    def note(self, name: str, run: T, order: Iterable[str]) -> None:
        """Keep a run in place of the last one of that name; the file has them in this order."""
        kept = {**self.read(), name: run}
        ordered = {each: kept[each] for each in order if each in kept}
        self.file.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")
