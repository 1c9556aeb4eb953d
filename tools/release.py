"""Builds what is released, the same bytes for the same commit: ``python -m tools.release [FOLDER]``.

Wheel, source, chart and SBOM, with their checksums. The moment that they carry is SOURCE_DATE_EPOCH, by default that of
the commit. The image is `tools/build-image`'s; ``make release`` does both.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter import __version__
from tools.chart.files import CHART

ROOT = Path(__file__).resolve().parent.parent
#: 1980 is the first year that a wheel, which is a zip file, can name.
EARLIEST = 315532800
TAG = f"v{__version__}"


def moment(root: Path) -> int:
    """The seconds since the epoch that files of this release carry: SOURCE_DATE_EPOCH, else the commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        asked = ["git", "log", "-1", "--format=%ct"]
        done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
        given = done.stdout.strip() or str(EARLIEST)
    if not given.isdecimal():
        raise SystemExit(f"SOURCE_DATE_EPOCH={given}: write seconds since 1970, such as {EARLIEST}")
    return max(EARLIEST, int(given))


def python_packages(root: Path, out: Path, when: int) -> None:
    """Build the wheel and the source distribution."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(when)}
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(out), "-t", "wheel", "-t", "sdist"]
    subprocess.run(build, cwd=root, env=environment, stdout=subprocess.DEVNULL, check=True)


def chart(root: Path, out: Path, when: int) -> Path:
    """Pack the chart as `helm package` does, but with one moment, owner and order of files."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = when, 0o644, 0, 0, "", ""
        return entry

    path = out / f"bk-task-exporter-{__version__}.tgz"
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for source in chart_files(root / CHART):
            name = f"bk-task-exporter/{source.relative_to(root / CHART)}"
            archive.add(source, name, recursive=False, filter=plain)
    return path


def chart_files(folder: Path) -> Iterator[Path]:
    """Yield the chart's files; Chart.yaml comes first, for readers that look for it."""
    yield folder / "Chart.yaml"
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / "Chart.yaml")


def sbom(root: Path, out: Path, when: int) -> Path:
    """Write what the exporter consists of at run time, with versions, licences and who needs whom (CycloneDX)."""
    path = out / f"bk-task-exporter-{__version__}.cdx.json"
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin/python"
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        install = ["install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check"]
        wanted = ["--require-hashes", "-r", str(root / "constraints/run.txt")]
        run(sys.executable, "-m", "pip", "--python", str(python), *install, *wanted)
        told = ["--pyproject", str(root / "pyproject.toml"), "--output-reproducible", "--of", "JSON", "-o", str(path)]
        run(sys.executable, "-m", "cyclonedx_py", "environment", str(python), *told, SOURCE_DATE_EPOCH=str(when))
    bom = json.loads(path.read_text("utf-8"))
    bom["metadata"]["component"]["version"] = __version__  # pyproject.toml leaves it to exporter/__init__.py
    path.write_text(json.dumps(bom, indent=2, sort_keys=True) + "\n", "utf-8")
    return path


def run(*command: str, **environment: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, env={**os.environ, **environment}, check=True)


def sums(out: Path) -> None:
    """Write SHA256SUMS for all that was built, as `sha256sum --check` reads it."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(out.iterdir())]
    (out / "SHA256SUMS").write_text("".join(lines), "utf-8")


def notes(changelog: str, version: str) -> str:
    """The changelog's part for a version; raises SystemExit where it has none."""
    _, found, rest = changelog.partition(f"\n## [{version}] - ")
    if not found:
        raise SystemExit(f"CHANGELOG.md: has no heading for {version}; name what is under [Unreleased] so")
    return rest.partition("\n")[2].partition("\n## [")[0].strip() + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Build everything into an empty folder, or print the notes of this version's tag; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description="Build what is released.")
    parser.add_argument("folder", nargs="?", default="dist", type=Path)
    parser.add_argument("--notes", metavar="TAG", help="only print what changed, for the tag of this version")
    arguments = parser.parse_args(argv)
    if arguments.notes is not None:
        if arguments.notes != TAG:
            raise SystemExit(f"{arguments.notes}: exporter/__init__.py says that this is {TAG}")
        sys.stdout.write(notes((ROOT / "CHANGELOG.md").read_text("utf-8"), __version__))
        return 0
    out = arguments.folder.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    when = moment(ROOT)
    python_packages(ROOT, out, when)
    chart(ROOT, out, when)
    sbom(ROOT, out, when)
    sums(out)
    sys.stdout.write((out / "SHA256SUMS").read_text("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
