"""Taking the configuration anew while scrapes go on: all of it or nothing, one attempt at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from exporter.config import Config, load
from exporter.errors import ConfigError, UserError
from exporter.live import Live
from exporter.logs import fields
from exporter.setup import Refusal

log = logging.getLogger(__name__)

#: More problems than these are not logged; the caller and `check-config` tell them all.
_LOGGED = 20


class Reloader:
    """Puts the configuration in a file to work, in place of the one that runs.

    `checks` look at what else a start would read, and raise UserError for what would not start.
    """

    def __init__(self, file: Path, live: Live, *checks: Callable[[], object]) -> None:
        self._file = file
        self._live = live
        self._checks = checks
        self._turn = asyncio.Lock()

    async def reload(self) -> None:
        """Swap at once when all is built and checked; raises UserError with every problem, and changes nothing.

        The metrics and the log say how it ended.
        """
        async with self._turn:
            try:
                config = await asyncio.to_thread(self._read)
                await self._live.swap(config)
            except Exception as error:
                refusal = Refusal(self._live.clocks.wall(), _told(error))
                self._live.refusal = refusal
                self._live.telemetry.reloaded(successful=False, when=refusal.when)
                _log_refusal(self._file, refusal)
                raise
        log.info("configuration reloaded", extra=fields(file=str(self._file), tasks=len(config.tasks)))

    def _read(self) -> Config:
        """Everything that a start would read. In a thread: 100,000 tasks take a while, and scrapes do not wait."""
        return checked(lambda: load(self._file, regular=True), *self._checks)

    async def follow(self, asked: asyncio.Event) -> None:
        """Reload whenever the event is set, as a signal does; never ends. Requests that pile up are one."""
        while True:
            await asked.wait()
            asked.clear()
            try:
                await self.reload()
            except UserError:
                pass  # it was logged
            except Exception:
                log.exception("this is a bug in bk-task-exporter; please report it")


def checked(read: Callable[[], Config], *checks: Callable[[], object]) -> Config:
    """The configuration, if all checks pass too; raises UserError with the problems of all of them."""
    found: list[Config] = []
    problems: list[str] = []
    attempts: list[Callable[[], object]] = [*checks, lambda: found.append(read())]
    for attempt in attempts:
        try:
            attempt()
        except UserError as error:
            problems += _lines(error)
    if problems:
        raise UserError("\n".join(problems))
    return found[0]


def _lines(error: UserError) -> Iterator[str]:
    yield from error.lines() if isinstance(error, ConfigError) else str(error).splitlines()


def _told(error: Exception) -> list[str]:
    return [*_lines(error)] if isinstance(error, UserError) else [f"{type(error).__name__} (a bug)"]


def _log_refusal(file: Path, refusal: Refusal) -> None:
    problems = refusal.problems
    log.error("configuration refused; the old one stays", extra=fields(file=str(file), problems=len(problems)))
    for line in problems[:_LOGGED]:
        log.error("problem", extra=fields(problem=line))
