"""Finds the real programs; one that is missing skips the test loudly, and fails it where CI is true."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

INSTALL = "run .ci/run, or install it by hand"


@dataclass(frozen=True)
class Monitoring:
    """One release line of Prometheus, with the tools and the Alertmanager of its time."""

    prometheus: str
    promtool: str
    alertmanager: str
    amtool: str


def missing(program: str, cure: str = INSTALL) -> NoReturn:
    """Skip the test, or fail it where everything must be there; ``pytest -ra`` shows either with its reason."""
    message = f"{program} is missing: {cure}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def find(*names: str, folder: Path | None = None) -> str:
    """Return the first of these programs that is in the folder, or on PATH where no folder is given."""
    for name in names:
        if found := shutil.which(name, path=str(folder) if folder else None):
            return found
    missing(" or ".join(names))


def fetched(name: str) -> Path:
    """Return where tools/fetch-NAME unpacks."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(f"BKTE_{name.upper()}") or cache / "bk-task-exporter" / name)


def kubernetes(program: str) -> str:
    """Return helm or kubectl, from where tools/fetch-kubernetes puts it, or from PATH."""
    folder = fetched("kubernetes")
    return find(program, folder=folder if (folder / program).exists() else None)


def monitoring(line: str) -> Monitoring:
    """Return the programs of one release line: ``2.x`` is what PATH has, ``3.x`` what tools/fetch-prometheus3 got."""
    folder = fetched("prometheus3") if line == "3.x" else None
    found = Monitoring(
        prometheus=find("prometheus", folder=folder),
        promtool=find("promtool", folder=folder),
        alertmanager=find("prometheus-alertmanager", "alertmanager", folder=folder),
        amtool=find("amtool", folder=folder),
    )
    if (is_version := version(found.prometheus))[0] != line[0]:
        missing(f"Prometheus {line}", f"{found.prometheus} is version {is_version}")
    return found


def version(program: str) -> str:
    """Return what a program of the Prometheus family calls its version."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\S+)", done.stdout + done.stderr)
    assert found is not None, done
    return found[1]
