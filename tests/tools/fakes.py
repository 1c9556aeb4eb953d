"""Programs made for a test, to stand on its PATH."""

from pathlib import Path


def program(folder: Path, name: str, body: str) -> None:
    """Put a shell script with this name into the folder."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    path.chmod(0o755)
