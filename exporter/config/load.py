"""The doors of the package: files, texts and parameters -> checked values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from exporter.config import files
from exporter.config.build import build
from exporter.config.nodes import NOWHERE, EnoughError, Entry, Scalar, Table
from exporter.config.reader import Reader
from exporter.config.schema import File
from exporter.config.tree import compose
from exporter.config.types import Config
from exporter.errors import ConfigError, Problem, UserError
from exporter.systems.base import TaskParams

#: A configuration of 100,000 tasks has 6 MiB.
MAX_BYTES = 32 * 1024 * 1024


def load(path: str | Path, environ: Mapping[str, str] = os.environ, *, regular: bool = False) -> Config:
    """The configuration in a file; raises UserError where it cannot be read, ConfigError for what stands in it.

    With `regular`, a pipe is refused: it may be read at a start, but a second time it has nothing, or blocks.
    """
    raw, _ = files.read(Path(path), most=MAX_BYTES, regular=regular)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(str(path), (Problem(line, "", "not UTF-8 text: save the file as UTF-8"),)) from None
    return loads(text, str(path), environ)


def loads(text: str, file: str = "config.yaml", environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in a text; raises ConfigError. File names in it are relative to where `file` is."""
    root, problems = compose(text)
    reader = Reader(environ, problems)
    if root is None or (isinstance(root, Scalar) and root.null):
        if not problems:
            problems.append(Problem(1, "", "nothing stands in the file; config.example.yaml shows what can"))
        raise ConfigError(file, tuple(problems))
    try:
        reader.struct(root, File)
        return build(reader, file)
    except EnoughError:
        raise ConfigError(file, tuple(reader.problems)) from None


def parse_task(system: str, params: Mapping[str, str]) -> TaskParams:
    """The task that the parameters of a probe name; raises UserError, naming the parameter.

    The same struct as for an entry of `tasks`, and the same words; `${NAME}` means nothing here.
    """
    reader = Reader(None, called="parameter")
    entries = {key: Entry(NOWHERE, Scalar(NOWHERE, text)) for key, text in {**params, "system": system}.items()}
    task: TaskParams = reader.struct(Table(NOWHERE, entries), TaskParams)
    if reader.problems:
        raise UserError("; ".join(map(str, reader.problems)))
    return task
