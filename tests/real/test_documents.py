"""The commands of the documents, copied literally, in a fresh clone with an empty HOME; tests/commands.py says which."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.demo.configuration import demo_config
from exporter.demo.simulator import Simulator
from tests import simulated
from tests.commands import PAGES, PROGRAM, commands, run_as
from tests.markdown import blocks
from tests.real import programs, servers
from tests.real.servers import AlertmanagerServer
from tests.test_layout import tracked
from tests.webconfig import certificates
from tools.generate import ROOT
from tools.processes import free_port, until

pytestmark = pytest.mark.real

#: They go on until somebody ends them.
ENDLESS = re.compile(r"^(make demo|(\S*/)?bk-task-exporter (demo|serve))\b")
#: What runs for commands that want something to run.
SERVE = "bk-task-exporter serve --config.file config.yaml --web.enable-lifecycle"


@dataclass
class Clone:
    """A fresh clone, its environment, and what its reader has typed so far."""

    folder: Path
    environment: dict[str, str]
    typed: set[str] = field(default_factory=set)
    server: subprocess.Popen[bytes] | None = None

    def type(self, command: str, folder: Path) -> None:
        """Run one command; AssertionError with what it said if it fails. Programs that did their work do it once."""
        plain = re.sub(r"\s+#.*", "", command)
        if plain in self.typed:
            return
        if ENDLESS.match(command):
            self.start(command)
        else:
            self.finish(command, folder)
        if re.match(PROGRAM, command):
            self.typed.add(plain)

    def finish(self, command: str, folder: Path) -> None:
        """Run a command to its end."""
        if re.search(r"\$(LISTEN|PID)\b", command) and self.server is None:
            self.start(SERVE)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env=self.environment | {"PID": str(self.server.pid) if self.server else ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}{done.stderr[-5000:]}"

    def start(self, command: str) -> None:
        """Run a command that does not end, in place of the one before, until it answers."""
        self.stop()
        log = self.folder.parent / "server.log"
        with log.open("wb") as output:
            self.server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        ready, process = f"http://{self.environment['LISTEN']}/-/ready", self.server
        until(lambda: process.poll() is not None or servers.answers(ready), seconds=90)
        assert process.poll() is None, f"{command}\n{log.read_text('utf-8')}"

    def status(self) -> str:
        """What git says has changed."""
        command = ["git", "-C", str(self.folder), "status", "--short"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def stop(self) -> None:
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGTERM)
            self.server.wait(timeout=30)
        self.server = None


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertmanagerServer]:
    config = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    program = programs.monitoring("2.x").alertmanager
    with servers.alertmanager(program, config, tmp_path_factory.mktemp("alertmanager")) as running:
        yield running


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, alertmanager: AlertmanagerServer) -> Iterator[Clone]:
    """The project as git would hand it to somebody new, and what its readers have beside it."""
    folder, home = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("home")
    for program in ("promtool", "amtool", "docker-compose", "curl"):
        programs.find(program)
    copy(folder)
    address = f"127.0.0.1:{free_port()}"
    path = [str(folder / ".venv/bin"), *(str(Path(programs.kubernetes(name)).parent) for name in ("helm", "kubectl"))]
    environment = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "TMPDIR"} | {
        "PATH": os.pathsep.join([*path, os.environ["PATH"]]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ARGS": "tests/test_lenient.py",  # a part of the tests stands for all of them, this one included
        "LISTEN": address,
        "BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS": address,
        "ALERTMANAGER": alertmanager.url,
    }
    with simulated.serving(Simulator(seed=1)) as url:
        write_what_readers_write(folder, url)
        made = Clone(folder, environment)
        try:
            yield made
        finally:
            made.stop()


def copy(folder: Path) -> None:
    """Make a clone of the tree as it is, uncommitted changes included."""
    for path in tracked():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.com", "-C", str(folder)]
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *arguments], check=True)


def write_what_readers_write(folder: Path, url: str) -> None:
    """A configuration for a simulated BlueKing of which all is well, values for the chart, and a --web.config.file."""
    healthy = "\n".join(line for line in demo_config(url).splitlines() if "   # " not in line) + "\n"
    values, web = (next(blocks(ROOT / page, "yaml")).text for page in ("docs/kubernetes.md", "docs/web-config.md"))
    written = {"config.yaml": healthy, "filled-in.yaml": healthy, "values.yaml": values, "web.yml": web}
    for name, text in written.items():
        (folder / name).write_text(text, "utf-8")
    certificates.write(folder)
    (folder / ".git/info/exclude").write_text("/*.yaml\n/*.yml\n/*.pem\n/*.crt\n/*.key\n", "utf-8")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(commands(page))], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_commands_of_a_page_work(page: Path, clone: Clone) -> None:
    """Every one of them, one after the other, and they leave the tree as it was."""
    folder, before = clone.folder, clone.status()
    if page != PAGES[0]:  # which begins with nothing
        clone.type("make setup", folder)
    for command in commands(page):
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ")
        else:
            clone.type(run_as(command), folder)
    clone.stop()
    assert clone.status() == before
