"""The command line: exit codes, words for people, and the demo."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
import pytest

from exporter import __version__, cli, commands
from exporter.flags import PREFIX
from tests import plain
from tests.processes import SECONDS, command, environment, told
from tests.test_process import CONFIG
from tools.processes import free_port, started, until


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url="http://127.0.0.1:1"), "utf-8")
    return path


def test_version() -> None:
    """It is on standard output."""
    assert told("--version").stdout == f"bk-task-exporter {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("serve", "--nonsense"), ("demo", "--seed", "x")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """2, as for any program."""
    assert told(*arguments).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "--config", "x"), "unrecognized arguments: --config x (did you mean --config.file?)"),
        (
            ("serve", "--listen-address=:1"),
            "unrecognized arguments: --listen-address=:1 (did you mean --web.listen-address?)",
        ),
        (("demo", "--config.file", "x"), "unrecognized arguments: --config.file x"),
        (("check-config", "a", "b"), "unrecognized arguments: b"),
    ],
)
def test_a_flag_that_the_command_does_not_have(arguments: tuple[str, ...], said: str) -> None:
    """2, and the last line names the flag that was perhaps meant; usage is the command's own."""
    done = told(*arguments)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"bk-task-exporter {arguments[0]}: error: {said}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("demo", "--speed", "-1"), "--speed: must be a number above 0, got '-1'"),
        (("probe", "sops", "--timeout", "nan"), "--timeout: must be a number above 0, got 'nan'"),
        (("serve", "--log.format", "xml"), "--log.format: unknown value 'xml' (known: logfmt, json)"),
    ],
)
def test_a_flag_with_a_wrong_value(arguments: tuple[str, ...], said: str) -> None:
    """2, and the last line names the flag and what it takes."""
    done = told(*arguments)
    assert (done.returncode, done.stderr.splitlines()[-1].partition("argument ")[2]) == (2, said)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LOG_LEVEL", "loud", "--log.level: unknown value 'loud' (known: debug, info, warning, error)"),
        ("WEB_ENABLE_LIFECYCLE", "tru", "--web.enable-lifecycle: must be true or false, got 'tru'"),
    ],
)
def test_a_twin_with_a_wrong_value(variable: str, value: str, said: str) -> None:
    """The environment is read as a flag is, in the same words."""
    done = told("serve", "--config.file", "/nowhere", env={f"BK_TASK_EXPORTER_{variable}": value})
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("value", ["true", "On", "0", "no"])
def test_a_switch_in_the_environment(value: str) -> None:
    """Usual words for on and off are understood: the command comes as far as its configuration."""
    done = told("serve", "--config.file", "/nowhere", env={"BK_TASK_EXPORTER_WEB_ENABLE_LIFECYCLE": value})
    assert done.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [("serve",), ("demo",), ("check-config", "FILE"), ("probe", "sops"), ("doctor",)],
    ids=lambda arguments: arguments[0],
)
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    """That of every flag, as charts and compose files set what nobody filled in."""
    variables = set(re.findall(rf"{PREFIX}\w+", told(arguments[0], "--help").stdout))
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    unset = cli._parser().parse_args(arguments)
    for variable in variables:
        monkeypatch.setenv(variable, "")
    assert len(variables) > 2
    assert cli._parser().parse_args(arguments) == unset


def test_a_good_configuration_is_praised_in_one_line(config: Path) -> None:
    """... that says what it holds."""
    done = told("check-config", str(config))
    assert (done.returncode, done.stdout) == (0, f"{config}: fine (1 systems, 1 tasks, 0 discoveries)\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sops", "bk_biz_id=2", "task_id"), "'task_id': write NAME=VALUE, such as task_id=10\n"),
        (("sops", "bk_biz_id=2"), "task_id: missing (sops needs bk_biz_id and task_id)\n"),
        (
            ("gsekit", "bk_biz_id=2", "job_id=1"),
            "gsekit: {config} does not say how to reach it; add it under `systems`\n",
        ),
        (("sops", "bk_biz_id=2", "task_id=1"), "sops biz 2 task 1: connect: "),
    ],
)
def test_a_probe_that_cannot_be_made(config: Path, arguments: tuple[str, ...], said: str) -> None:
    """1, and one line that says why."""
    done = told("probe", *arguments, "--config.file", str(config))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(said.format(config=config))


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (ZeroDivisionError("x"), 3, "this is a bug in bk-task-exporter; please report it"),
        (KeyboardInterrupt(), 0, ""),
    ],
)
def test_how_it_ends(
    config: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, said: str
) -> None:
    """3 is a bug of ours, with its traceback in one log line; Ctrl+C is none."""

    def fail(*_: object) -> str:
        raise raised

    monkeypatch.setattr(commands, "check_config", fail)
    done = told("check-config", str(config))
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == (1 if said else 0)


def test_a_reader_that_leaves_early_is_no_error(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`| head` has what it wanted."""

    class Gone:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", type("Err", (), {"close": lambda _: None, "write": lambda *_: None})())
    monkeypatch.setattr(sys, "stdout", Gone())
    assert cli.main(["check-config", str(config)]) == 0


def test_the_demo_answers() -> None:
    """One command, no configuration: a page with tasks of all four systems, and its own BlueKing for whoever wants it."""
    port, other = free_port(), free_port()
    demo = command("demo", "--web.listen-address", f"127.0.0.1:{port}")
    simulator = command("demo", "--simulator-only", "--simulator.listen-address", f"127.0.0.1:{other}")
    with started(demo, env=environment()) as one, started(simulator, env=environment()) as two:
        page = until(lambda: ask(f"http://127.0.0.1:{port}/metrics"))
        assert all(f'system="{system}"' in page for system in ("sops", "bkflow", "nodeman", "gsekit"))
        assert "API not found" in until(lambda: ask(f"http://127.0.0.1:{other}/"))
    assert [one.returncode, two.returncode] == [0, 0]


def ask(url: str) -> str:
    try:
        return plain.get(url, timeout=SECONDS).text
    except httpx.TransportError:
        return ""
