"""Writes the files, and parts of files, that follow from facts in the code: ``python -m tools.generate [--check]``.

To add one, let a function without arguments, beside its facts, return the text, and give it a line in GENERATED.
A part of a file stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``, each on a line of its own.
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import costmodel
from exporter import owncatalogue
from exporter.config import json_schema, reference
from exporter.demo.configuration import demo_config
from exporter.doctor import reference as troubleshooting
from exporter.doctor import schema
from exporter.errors import UserError
from tests.fuzz import report as fuzzed
from tests.soak import report as soaked
from tools import chinese
from tools.alerting import messages, rulefile
from tools.chart import files, values
from tools.dashboards import boards

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Generated:
    """A file, or the part of it with this name, and the function that returns its text."""

    path: str
    text: Callable[[], str]
    part: str | None = None

    def __str__(self) -> str:
        return self.path if self.part is None else f"{self.path} ({self.part})"


GENERATED: tuple[Generated, ...] = (
    Generated("README.md", owncatalogue.markdown_table, "metrics"),
    Generated("README.md", troubleshooting.reasons, "reasons"),
    Generated("README.zh-CN.md", chinese.metrics, "metrics"),
    Generated("README.zh-CN.md", chinese.reasons, "reasons"),
    Generated("config.schema.json", json_schema.schema_json),
    Generated("docs/configuration.md", reference.reference),
    Generated("docs/doctor.schema.json", schema.schema_json),
    Generated("docs/metrics.md", owncatalogue.markdown_page),
    Generated("docs/reliability.md", soaked.table, "soak"),
    Generated("docs/reliability.md", fuzzed.table, "fuzz"),
    Generated("docs/scaling.md", costmodel.tables, "scaling"),
    Generated("docs/troubleshooting.md", troubleshooting.reference),
    Generated("deploy/compose/config.yaml", lambda: demo_config("http://simulator:9841", discover=True)),
    Generated("prometheus/rules/alerts.yml", rulefile.alerts_yaml),
    Generated("prometheus/templates/bk-task.tmpl", messages.templates),
    *(Generated(f"grafana/dashboards/{name}", partial(boards.dashboard_json, name)) for name in boards.DASHBOARDS),
    Generated(f"{files.CHART}/Chart.yaml", lambda: files.CHART_YAML),
    Generated("deploy/kustomization.yaml", lambda: files.KUSTOMIZATION),
    Generated(f"{files.CHART}/values.schema.json", values.values_schema),
    # Copies come last: some of what they copy is written above.
    *(Generated(path, partial(source.read_text, "utf-8")) for path, source in files.copies().items()),
)


class MarkerError(Exception):
    """A file does not hold the markers of its generated part exactly once."""


def with_part(page: str, part: str, text: str) -> str:
    """Return the page with the text between the part's markers; raises MarkerError."""
    begin, end = f"<!-- generated: {part} -->\n", f"<!-- end: {part} -->\n"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise MarkerError(f"needs one line {begin.strip()!r} and, below it, one line {end.strip()!r}")
    head, _, rest = page.partition(begin)
    return head + begin + text.rstrip("\n") + "\n" + end + rest.partition(end)[2]


def present(root: Path, generated: Generated) -> str:
    """Return the file as it is; a file that does not exist yet is empty."""
    path = root / generated.path
    return path.read_text("utf-8") if path.exists() else ""


def wanted(root: Path, generated: Generated) -> str:
    """Return the file as it should be; raises MarkerError, and UserError where its facts are not complete."""
    if generated.part is None:
        return generated.text()
    return with_part(present(root, generated), generated.part, generated.text())


def difference(root: Path, generated: Generated) -> str:
    """Return a unified diff from the file to what it should be, empty where it is fresh; raises as `wanted` does."""
    old, new = (text.splitlines(keepends=True) for text in (present(root, generated), wanted(root, generated)))
    return "".join(difflib.unified_diff(old, new, generated.path, f"{generated.path} (fresh)"))


def write(root: Path, generated: Generated) -> None:
    """Make the file what it should be; raises as `wanted` does."""
    text = wanted(root, generated)
    path = root / generated.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def rewrite(path: str, *, root: Path = ROOT, registry: Sequence[Generated] = GENERATED) -> None:
    """Make the generated parts of one page anew, for a program that wrote what they are made of; raises as `wanted`."""
    for generated in registry:
        if generated.path == path:
            write(root, generated)


def update(root: Path, generated: Generated, *, check: bool) -> str:
    """Bring one file up to date, or only check it; return what a person must know, empty if all is well."""
    try:
        changes = difference(root, generated)
        if changes and not check:
            write(root, generated)
            print(f"wrote {generated}")  # noqa: T201  # the command's answer
    except MarkerError as error:
        return f"{generated.path}: {error}\n"
    except UserError as error:
        return f"{error}\n"
    return f"{changes}{generated}: not fresh, run `make docs`\n" if changes and check else ""


def main(argv: Sequence[str] | None = None, *, root: Path = ROOT, registry: Sequence[Generated] = GENERATED) -> int:
    """Write what is not fresh, or with ``--check`` show it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description="Write the generated files anew.")
    parser.add_argument("--check", action="store_true", help="only compare, and exit 1 if a file is not fresh")
    check = parser.parse_args(argv).check
    problems = [update(root, generated, check=check) for generated in registry]
    sys.stderr.write("".join(problems))
    return 1 if any(problems) else 0


if __name__ == "__main__":
    sys.exit(main())
