"""Values that may stand in files of their own and change while we run, and the ones among them that nobody may see."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from exporter.config import files
from exporter.errors import UserError

MASK = "<secret>"

#: Larger than any key or token; a file beyond it was named by mistake.
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Seen:
    """By these a file that was rewritten, or put in another's place, is told from the one that was read."""

    modified_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> _Seen:
        return cls(stat.st_mtime_ns, stat.st_size, stat.st_ino)


@dataclass(frozen=True, slots=True)
class Found:
    """What was read from a file. It is a secret, so it does not print."""

    value: str = field(repr=False)
    seen: _Seen


class Setting:
    """A text that was given as it is, or in a file that is read again when it changes."""

    __slots__ = ("_file", "_seen", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._file: Path | None = None
        self._seen: _Seen | None = None

    @classmethod
    def from_file(cls, file: str | Path) -> Self:
        """Read the file, without one newline at its end; raises UserError."""
        setting = cls("")
        setting._file = Path(file)
        setting.reload()
        return setting

    @property
    def file(self) -> Path | None:
        """Where it was read from, None if it was given as it is."""
        return self._file

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def changed(self) -> bool:
        """Whether its file is no longer the one that was read; a file that cannot be seen has changed."""
        if self._file is None:
            return False
        try:
            return _Seen.of(self._file.stat()) != self._seen
        except (OSError, ValueError):
            return True

    def reload(self) -> bool:
        """Read its file again and tell whether the value is another now; raises UserError and keeps the old value."""
        return self.take(self.read())

    def read(self) -> Found | None:
        """What its file holds now, None where it has none; raises UserError."""
        return None if self._file is None else _read(self._file)

    def take(self, found: Found | None) -> bool:
        """Make what was read the value, and tell whether it is another one."""
        if found is None:
            return False
        old, self._value, self._seen = self._value, found.value, found.seen
        return self._value != old

    def __str__(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Setting) and type(other) is type(self) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._file))  # the value may change

    def _key(self) -> tuple[Path | None, str]:
        return self._file, self._value


class Secret(Setting):
    """A setting that prints as `<secret>`, or as `shown`, wherever it is printed."""

    __slots__ = ("_shown",)

    def __init__(self, value: str, *, shown: str = MASK) -> None:
        super().__init__(value)
        self._shown = shown

    def __str__(self) -> str:
        return self._shown


def _read(file: Path) -> Found:
    """The text and the marks of one and the same file."""
    raw, stat = files.read(file, most=MAX_BYTES)
    try:
        text = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UserError(f"{file} is not UTF-8 text") from None
    if not text.strip():
        raise UserError(f"{file} is empty")
    return Found(text, _Seen.of(stat))
