"""promtool, who reads the same format, against the files of tests/fixtures/webconfig."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.real import programs
from tests.webconfig import certificates
from tests.webconfig.test_load import FIXTURES, RATES, files, rate_file

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("webconfig")
    certificates.write(path)
    return path


@pytest.fixture(scope="module")
def promtool() -> str:
    """That of the 3.x line: the older one knows neither rate limits nor names of clients."""
    return programs.monitoring("3.x").promtool


def accepts(promtool: str, folder: Path, name: str) -> bool:
    return checked(promtool, Path(shutil.copy(FIXTURES / name, folder)))


def checked(promtool: str, path: Path) -> bool:
    command = [promtool, "check", "web-config", str(path)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("name", files("accepted"))
def test_promtool_accepts_what_we_accept(promtool: str, folder: Path, name: str) -> None:
    """A file that works here works with every program of Prometheus."""
    assert accepts(promtool, folder, name)


@pytest.mark.parametrize("name", files("refused"))
def test_promtool_refuses_what_we_refuse(promtool: str, folder: Path, name: str) -> None:
    """... and the other way round."""
    assert not accepts(promtool, folder, name)


@pytest.mark.parametrize("name", files("stricter"))
def test_where_we_are_stricter(promtool: str, folder: Path, name: str) -> None:
    """What it accepts though nobody could log in, or everybody could, is refused here: docs/web-config.md says why."""
    assert accepts(promtool, folder, name)


@pytest.mark.parametrize(("interval", "burst"), [rate[:2] for rate in RATES])
def test_promtool_takes_our_numbers(promtool: str, folder: Path, interval: str, burst: str) -> None:
    """Whatever notation we know is one of Go's."""
    assert checked(promtool, rate_file(folder, interval, burst))


def test_promtool_reads_utf_16(promtool: str, folder: Path) -> None:
    """We do not, as docs/web-config.md says."""
    path = folder / "utf-16.yml"
    path.write_bytes("rate_limit: {}".encode("utf-16"))
    assert checked(promtool, path)
