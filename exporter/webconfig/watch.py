"""A `--web.config.file` that is read again when it, or a certificate that it names, changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from exporter.config import files
from exporter.errors import UserError
from exporter.logs import fields
from exporter.webconfig.load import WebConfig, load

log = logging.getLogger(__name__)

#: Seconds after which a file that was refused is looked at again, though it did not change: what it names may have.
_RETRY = 5.0


class Watched:
    """The web configuration of the moment; asking for it costs a `stat` for each file.

    A change that is refused leaves the one before in use, and is logged once: a certificate and its key are rarely
    replaced in the same instant.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Read it; raises UserError."""
        self._file = file
        self._clock = clock
        self._retry_at: float | None = None
        self._said: tuple[str, ...] | str = ()
        self._marks = _marks((file,))
        self._config = self._loaded()

    def current(self) -> WebConfig:
        """What holds now."""
        if self._changed():
            self._refresh()
        return self._config

    def check(self) -> None:
        """Raises UserError if a start would refuse what stands in the file now."""
        load(self._file)

    def _changed(self) -> bool:
        if self._retry_at is not None and self._clock() >= self._retry_at:
            return True
        return _marks(tuple(self._marks)) != self._marks

    def _refresh(self) -> None:
        self._marks = _marks(tuple(self._marks))
        try:
            self._config = self._loaded()
        except UserError as error:
            self._retry_at = self._clock() + _RETRY
            if str(error) != self._said:
                self._said = str(error)
                log.error("web configuration refused; the one before stays", extra=fields(problem=str(error)))  # noqa: TRY400
            return
        self._retry_at = None
        log.info("web configuration read again", extra=fields(file=str(self._file)))

    def _loaded(self) -> WebConfig:
        """Read it. The marks are taken before, so that what changes meanwhile is seen the next time."""
        config = load(self._file)
        if set(config.files) != set(self._marks):
            self._marks = _marks(config.files)
            config = load(self._file)
        if config.notes != self._said:
            self._said = config.notes
            for note in config.notes:
                log.warning("web configuration", extra=fields(note=note))
        return config


def _marks(paths: tuple[Path, ...]) -> dict[Path, tuple[int, int, int] | None]:
    return {path: files.mark(path) for path in paths}
