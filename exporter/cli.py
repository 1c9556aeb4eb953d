"""The command line. Exit codes: 0 fine, 1 the user can mend it (one clear line), 2 wrong usage, 3 our bug."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from exporter import __version__
from exporter.errors import ConfigError, UserError
from exporter.flags import Flag, add
from exporter.logs import LEVELS, set_up

log = logging.getLogger(__name__)

OK, USER, USAGE, BUG = 0, 1, 2, 3

CONFIG = Flag("config.file", "config.yaml", "the configuration", metavar="FILE")
LOG = (
    Flag("log.level", "info", "how much is logged", choices=LEVELS),
    Flag("log.format", "logfmt", "how it is logged", choices=("logfmt", "json")),
)
LISTEN = Flag("web.listen-address", ":9840", "where to answer scrapes", metavar="ADDRESS")
SHARD = Flag(
    "shard", "0/1", "which part of all tasks: 2/8, or auto/8 in a pod of a StatefulSet", metavar="ORDINAL/SHARDS"
)
EXTERNAL = Flag(
    "web.external-url",
    "",
    "where scrapers reach this exporter, such as http://exporter.example.com:9840, if not where they ask for /sd",
    metavar="URL",
)
WEB = Flag("web.config.file", "", "TLS, passwords and headers of our doors (exporter-toolkit's format)", metavar="FILE")
LIFECYCLE = Flag("web.enable-lifecycle", default=False, help="let POST /-/reload take the configuration anew")
DEMO = (
    Flag("web.listen-address", "127.0.0.1:9840", "where to answer scrapes", metavar="ADDRESS"),
    Flag("simulator-only", default=False, help="serve the simulated BlueKing alone, for any client"),
    Flag("simulator.listen-address", "127.0.0.1:9841", "where the simulated BlueKing answers", metavar="ADDRESS"),
    Flag("seed", 1, "which simulated world: the same seed makes the same tasks", metavar="N"),
    Flag("speed", 1.0, "how much faster than real time it lives", metavar="X"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage leaves by SystemExit(2), as argparse does."""
    arguments = _parser().parse_args(argv)
    set_up(arguments.log_level, arguments.log_format)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except ConfigError as error:
        sys.stderr.writelines(f"{line}\n" for line in error.lines())
        return USER
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return USER
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:  # `| head` took what it wanted
        sys.stderr.close()
        return OK
    except Exception:
        log.exception("this is a bug in bk-task-exporter; please report it")
        return BUG


class _Parser(argparse.ArgumentParser):
    """Answers a flag that it does not have with the one that was perhaps meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Leave nothing to the parser above, whose usage has no flags."""
        arguments, unknown = super().parse_known_args(args, namespace)
        if unknown:
            from exporter.config.words import meant  # noqa: PLC0415

            guess = meant(unknown[0].partition("=")[0], re.findall(r"--[a-z.-]+", self.format_usage()))
            self.error(f"unrecognized arguments: {' '.join(unknown)}{guess and f' ({guess})'}")
        return arguments, unknown


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="bk-task-exporter",
        allow_abbrev=False,  # today's abbreviation is tomorrow's other flag
        description="The present state of BlueKing tasks (bk-sops, BKFlow, nodeman, gsekit) as Prometheus metrics.",
    )
    parser.add_argument("--version", action="version", version=f"bk-task-exporter {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = _command(commands, "serve", _serve, "answer scrapes")
    add(serve, (CONFIG, LISTEN, WEB, EXTERNAL, LIFECYCLE, SHARD))
    add(_command(commands, "demo", _demo, "answer scrapes about a simulated BlueKing"), DEMO)
    check = _command(commands, "check-config", _check_config, "tell every problem of a configuration")
    check.add_argument("file", metavar="FILE", help="the configuration to check")
    add(check, (WEB,))
    probe = _command(commands, "probe", _probe, "print one task's metrics")
    add(probe, (CONFIG, Flag("timeout", 10.0, "seconds to wait for BlueKing", metavar="SECONDS")))
    probe.add_argument("system", metavar="SYSTEM", help="such as sops")
    probe.add_argument("parameters", metavar="NAME=VALUE", nargs="*", help="such as bk_biz_id=2 task_id=10")

    doctor = _command(commands, "doctor", _doctor, "try each system and task, and say what is wrong and what to do")
    form = Flag("format", "text", "for people or for machines", choices=("text", "json"))
    add(doctor, (CONFIG, form, Flag("timeout", 60.0, "seconds for all of it", metavar="SECONDS")))
    return parser


def _command(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    told: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".", allow_abbrev=False)
    parser.set_defaults(command=run)
    add(parser, LOG)
    return parser


# Commands import what they need themselves: `--version` and a mistake in a configuration need no event loop.


def _serve(arguments: argparse.Namespace) -> int:
    from exporter.commands import serve  # noqa: PLC0415

    serving = serve(
        arguments.config_file,
        arguments.web_listen_address,
        web_config_file=arguments.web_config_file,
        external_url=arguments.web_external_url,
        shard=arguments.shard,
        lifecycle=arguments.web_enable_lifecycle,
    )
    return _run(serving)


def _demo(arguments: argparse.Namespace) -> int:
    from exporter.commands import demo, simulator_only  # noqa: PLC0415

    world = {"seed": arguments.seed, "speed": arguments.speed}
    if arguments.simulator_only:
        return _run(simulator_only(arguments.simulator_listen_address, **world))
    return _run(demo(arguments.web_listen_address, **world))


def _check_config(arguments: argparse.Namespace) -> int:
    from exporter.commands import check_config  # noqa: PLC0415

    sys.stdout.write(f"{check_config(arguments.file, arguments.web_config_file)}\n")
    return OK


def _probe(arguments: argparse.Namespace) -> int:
    from exporter.commands import probe  # noqa: PLC0415

    parameters = {}
    for given in arguments.parameters:
        name, sign, value = given.partition("=")
        if not sign:
            raise UserError(f"{given!r}: write NAME=VALUE, such as task_id=10")
        parameters[name] = value
    sys.stdout.write(asyncio.run(probe(arguments.config_file, arguments.system, parameters, arguments.timeout)))
    return OK


def _doctor(arguments: argparse.Namespace) -> int:
    from exporter.commands import doctor  # noqa: PLC0415

    shown, well = asyncio.run(doctor(arguments.config_file, arguments.format, arguments.timeout))
    sys.stdout.write(shown)
    return OK if well else USER


def _run(server: Coroutine[Any, Any, None]) -> int:
    import uvloop  # noqa: PLC0415

    uvloop.run(server)
    return OK
