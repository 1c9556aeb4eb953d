"""Processes that are measured from outside: CPU and memory by /proc, pages by a plain HTTP client."""

from __future__ import annotations

import contextlib
import http.client
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.processes import free_port, started, until

_TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent
EXPORTER = (sys.executable, "-m", "exporter")


def machine() -> str:
    """The day, the Python and the processor of a measurement."""
    models = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    cpu = next(models, "?: unknown processor").partition(":")[2].strip()
    return f"{datetime.now(UTC):%Y-%m-%d}, {platform.python_implementation()} {platform.python_version()}, {cpu}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page: its size and the seconds until it was there."""

    body: bytes
    seconds: float


class Server:
    """A running server on loopback."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, *, timeout: float = 120.0, headers: dict[str, str] | None = None) -> Fetched:
        """Fetch a page."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request("GET", path, headers=headers or {})
        body = connection.getresponse().read()
        connection.close()
        return Fetched(body, time.perf_counter() - began)

    def answers(self, path: str) -> bool:
        """Whether there is any answer."""
        try:
            self.get(path, timeout=1.0)
        except OSError:
            return False
        return True

    def cpu(self) -> float:
        """Seconds of CPU that it has used, system time included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self, field: str = "VmRSS") -> float:
        """MiB of resident memory; `VmHWM` for its peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{field}:")) / 1024


@contextlib.contextmanager
def running(command: Sequence[str], port: int, ready: str, *, patience: float = 60) -> Iterator[Server]:
    """A server, from the moment that `ready` is answered (after `patience` seconds at most) until the block ends."""
    with tempfile.TemporaryFile() as log, started(command, cwd=ROOT, stderr=log) as process:
        server = Server(process, port)
        until(lambda: process.poll() is not None or server.answers(ready), seconds=patience)
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"{command[0]} did not start: {log.read().decode(errors='replace')}")
        yield server


@contextlib.contextmanager
def upstream(**options: object) -> Iterator[Server]:
    """The benchmark's own bk-sops."""
    port = free_port()
    flags = [f"--{name}={value}" for name, value in options.items() if not isinstance(value, bool)]
    flags += [f"--{name}" for name, value in options.items() if value is True]
    with running([sys.executable, "-m", "bench.upstream", f"--port={port}", *flags], port, "/count") as server:
        yield server


CONFIG = """
bkapi:
  auth: {{bk_app_code: bench, bk_app_secret: bench}}
  max_connections: 64
  requests_per_second: 100000
systems:
  sops: {{url: "{url}"}}
collect: {{cache_ttl: {cache_ttl}, final_cache_ttl: {final_cache_ttl}, node_series: 10000000}}
tasks:
"""


def installed(directory: Path) -> list[str]:
    """The command as its users install it: without what only tests need, which costs time at each start."""
    bin_directory = directory / "installed" / "bin"
    subprocess.run([sys.executable, "-m", "venv", bin_directory.parent], check=True)
    pip = [str(bin_directory / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run(
        [*pip, "--require-hashes", "-r", "constraints/run.txt", "-r", "constraints/build.txt"], cwd=ROOT, check=True
    )
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "."], cwd=ROOT, check=True)
    return [str(bin_directory / "bk-task-exporter")]


def listed(numbers: Iterable[int]) -> str:
    """What stands below `tasks:` for tasks of bk-sops with these ids."""
    return "".join(f"  - {{system: sops, bk_biz_id: 2, task_id: {number}}}\n" for number in numbers)


@contextlib.contextmanager
def serving(file: Path, *flags: str, program: Sequence[str] = EXPORTER, patience: float = 60) -> Iterator[Server]:
    """Our exporter with this configuration."""
    port = free_port()
    command = [*program, "serve", f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}", *flags]
    with running(command, port, "/-/ready", patience=patience) as server:
        yield server


@contextlib.contextmanager
def exporter(
    directory: Path,
    url: str,
    tasks: int,
    *,
    cache_ttl: str = "0s",
    final_cache_ttl: str = "0s",
    program: Sequence[str] = EXPORTER,
    flags: Sequence[str] = (),
) -> Iterator[Server]:
    """Our exporter on so many tasks."""
    file = directory / f"config-{tasks}.yaml"
    text = CONFIG.format(url=url, cache_ttl=cache_ttl, final_cache_ttl=final_cache_ttl)
    file.write_text(text + listed(range(1, tasks + 1)), "utf-8")
    with serving(file, *flags, program=program) as server:
        yield server
