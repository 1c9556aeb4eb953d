"""The exporter as a process, as a site runs it: started on a free port, asked over HTTP, ended by a signal."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest import mock

import httpx

from exporter.cli import main
from tests import plain

T = TypeVar("T")

SECONDS = 60.0


def until(ask: Callable[[], T], satisfied: Callable[[T], object] = bool, seconds: float = SECONDS) -> T:
    """Ask again and again until the answer satisfies; AssertionError with the last answer."""
    give_up = time.monotonic() + seconds
    while not satisfied(answer := ask()):
        assert time.monotonic() < give_up, f"not within {seconds} s; the last answer was {answer!r}"
        time.sleep(0.01)
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*start, *arguments] if start else command(*arguments), env=environment(**(env or {})), stderr=log
        )
    exporter = Exporter(process, f"http://{address}", log_file)
    try:
        until(lambda: process.poll() is not None or "listening" in exporter.log)
        assert process.poll() is None, f"ended with {process.returncode}:\n{exporter.log}"
        yield exporter
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
