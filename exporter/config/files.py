"""Reading files whose names people wrote."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from exporter.errors import UserError


def read(file: Path, *, most: int, regular: bool = True) -> tuple[bytes, os.stat_result]:
    """The bytes of a file, and what the system says of the very file that was read; raises UserError.

    With `regular`, a pipe or a device is refused before it can block.
    """
    try:
        if regular and not stat.S_ISREG(file.stat().st_mode):
            raise UserError(f"{file} is not a file")
        with file.open("rb") as stream:
            found, raw = os.fstat(stream.fileno()), stream.read(most + 1)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {file} ({_why(error)})") from None
    if len(raw) > most:
        raise UserError(f"{file} is larger than {most // 1024:,} KiB")
    return raw, found


def mark(file: Path) -> tuple[int, int, int] | None:
    """By this a file that was rewritten, or put in another's place, is told from what it was; None: not to be seen."""
    try:
        seen = file.stat()
    except (OSError, ValueError):
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _why(error: Exception) -> str:
    """What the operating system said, in its plain words."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "no file can have this name"
