"""Programs that a measurement, a picture or a test runs: on a free port, waited for, ended by a signal."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def until(
    ask: Callable[[], T], satisfied: Callable[[T], object] = bool, seconds: float = 60.0, *, every: float = 0.01
) -> T:
    """Ask again and again until the answer satisfies; raises TimeoutError with the last answer."""
    give_up = time.monotonic() + seconds
    while not satisfied(answer := ask()):
        if time.monotonic() >= give_up:
            raise TimeoutError(f"not within {seconds} s; the last answer was {answer!r}")
        time.sleep(every)
    return answer


@contextmanager
def started(
    command: Sequence[str],
    *,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A program while the block runs; it ends by SIGTERM, or by SIGKILL where it does not heed that."""
    with subprocess.Popen(command, stdout=stdout, stderr=stderr, env=env, cwd=cwd) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
