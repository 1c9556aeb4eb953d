"""Command line flags, each with a twin in the environment: `--config.file` is BK_TASK_EXPORTER_CONFIG_FILE."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PREFIX = "BK_TASK_EXPORTER_"


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `default` also says its type: a bool is a switch."""

    name: str
    default: str | int | float | bool
    help: str
    choices: Sequence[str] | None = None
    metavar: str | None = None

    @property
    def variable(self) -> str:
        """Its twin in the environment."""
        return PREFIX + self.name.upper().replace(".", "_").replace("-", "_")

    @property
    def dest(self) -> str:
        """Its attribute in the parsed arguments."""
        return self.name.replace(".", "_").replace("-", "_")


def add(parser: argparse.ArgumentParser, flags: Sequence[Flag], environ: Mapping[str, str] = os.environ) -> None:
    """Give a parser some flags, whose defaults the environment may change."""
    for flag in flags:
        given = environ.get(flag.variable)
        told = f"{flag.help} [{flag.variable}]"
        if isinstance(flag.default, bool):
            default = flag.default if given is None else given.lower() in {"1", "true", "yes", "on"}
            parser.add_argument(f"--{flag.name}", dest=flag.dest, action="store_true", default=default, help=told)
            continue
        # A default that is text is read like one that was typed, so a wrong one is refused in the same words.
        options: dict[str, Any] = {"type": type(flag.default), "default": flag.default if given is None else given}
        if flag.choices:
            options["choices"] = flag.choices
        if flag.default != "":
            told += " (default: %(default)s)"
        parser.add_argument(f"--{flag.name}", dest=flag.dest, metavar=flag.metavar, help=told, **options)
