"""Command line flags, each with a twin in the environment: `--config.file` is BK_TASK_EXPORTER_CONFIG_FILE."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PREFIX = "BK_TASK_EXPORTER_"

_SWITCHES = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)


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
    """Give a parser some flags, whose defaults the environment may change; an empty variable is as good as none."""
    for flag in flags:
        default = environ.get(flag.variable) or flag.default
        told = f"{flag.help} [{flag.variable}]"
        if isinstance(flag.default, bool):
            switch = parser.add_argument(f"--{flag.name}", dest=flag.dest, action="store_true", help=told)
            switch.type, switch.default = _switched, default
            continue
        # A default that is text is read like one that was typed, so a wrong one is refused in the same words.
        options: dict[str, Any] = {
            "type": _reader(flag),
            "default": default,
            "metavar": f"{{{','.join(flag.choices)}}}" if flag.choices else flag.metavar,
        }
        if flag.default != "":
            told += " (default: %(default)s)"
        parser.add_argument(f"--{flag.name}", dest=flag.dest, help=told, **options)


def _reader(flag: Flag) -> Callable[[str], Any]:
    """Reads what was typed, or what stands in the environment; argparse itself would not check that by `choices`."""

    def chosen(text: str) -> str:
        if flag.choices and text not in flag.choices:
            raise argparse.ArgumentTypeError(f"unknown value {text!r} (known: {', '.join(flag.choices)})")
        return text

    if isinstance(flag.default, float):
        return _above_zero
    return int if isinstance(flag.default, int) else chosen


def _switched(text: str) -> bool:
    """A switch as the environment has it."""
    if text.lower() not in _SWITCHES:
        raise argparse.ArgumentTypeError(f"must be true or false, got {text!r}")
    return _SWITCHES[text.lower()]


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return number
