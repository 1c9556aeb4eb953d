"""The exporter as a process, as a site runs it: started on a free port, asked over HTTP, ended by a signal."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import httpx

from exporter.cli import main
from tests import plain
from tools.processes import free_port, started, until

SECONDS = 60.0


def environment(**more: str) -> dict[str, str]:
    """The test's own environment, without what would change the exporter's flags."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BK_TASK_EXPORTER_")}
    return {**kept, **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "import sys; from exporter.cli import main; sys.exit(main())", *arguments]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def ended(*arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """Run a command that ends by itself, as a process."""
    done = subprocess.run(
        command(*arguments), env=environment(**(env or {})), capture_output=True, text=True, timeout=120, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def told(*arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """The same in this process, which takes a tenth of the time."""
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with (
        mock.patch.dict(os.environ, environment(**(env or {})), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(arguments)
        except SystemExit as error:
            code = int(error.code or 0)
        finally:
            root.handlers, root.level = handlers, level
    return Done(code, out.getvalue(), err.getvalue())


@dataclass
class Exporter:
    """A running exporter; `url` is its root, without a slash at the end."""

    process: subprocess.Popen[bytes]
    url: str
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def get(self, path: str, **options: object) -> httpx.Response:
        return plain.get(f"{self.url}{path}", timeout=SECONDS, **options)  # type: ignore[arg-type]

    def metric(self, series: str) -> float | None:
        """The value of a series, as it is written on the page."""
        for line in self.get("/metrics").text.splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, seconds: float = SECONDS) -> int:
        """End it as Kubernetes and systemd do; its exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextlib.contextmanager
def serving(
    config: Path, *flags: str, env: Mapping[str, str] | None = None, start: Sequence[str] | None = None
) -> Iterator[Exporter]:
    """An exporter on loopback while the block runs; it listens when the block begins."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    arguments = ["serve", "--config.file", str(config), "--web.listen-address", address, *flags]
    log_file = config.parent / f"exporter-{port}.log"
    program = [*start, *arguments] if start else command(*arguments)
    with (
        log_file.open("wb") as log,
        started(program, env=environment(**(env or {})), stderr=log) as process,
    ):
        exporter = Exporter(process, f"http://{address}", log_file)
        until(lambda: process.poll() is not None or "listening" in exporter.log)
        assert process.poll() is None, f"ended with {process.returncode}:\n{exporter.log}"
        yield exporter
