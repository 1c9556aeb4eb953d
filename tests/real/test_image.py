"""The container image, built and run without a daemon; Debian's Python stands in for the base image, so none is pulled."""

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.real import programs, servers
from tools.generate import ROOT
from tools.processes import free_port, until

pytestmark = pytest.mark.real

BASE = "localhost/bk-task-exporter-test/python"
IMAGE = f"localhost/bk-task-exporter-test/exporter-{os.getpid()}"  # two runs at once have one each
CONFIG = "/etc/bk-task-exporter/config.yaml"

# What the machine trusts and how its pip is set up, lent to the build; nothing of it stays in the image.
LENT = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf"]

# For machines without systemd and without the right to raise limits, such as containers.
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""

# As a cluster that trusts nobody would run it.
HARDENED = [
    *("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"),
    *("--memory=64m", "--memory-swap=64m", "--pids-limit=32", "--network=host"),
]


@dataclass(frozen=True)
class Podman:
    """podman with the settings of this test."""

    environment: dict[str, str] = field(repr=False)

    def __call__(self, *arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["podman", *arguments], env=self.environment, capture_output=True, text=True, check=False, **more
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done

    def python(self, code: str) -> str:
        """Return what a program prints inside the image."""
        return self("run", "--rm", *HARDENED, "--entrypoint=python3", IMAGE, "-c", code).stdout


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    """Return podman, set up for machines without systemd."""
    for program in ("podman", "runc", "mmdebstrap"):
        programs.find(program)
    settings = tmp_path_factory.mktemp("podman") / "containers.conf"
    settings.write_text(CONTAINERS_CONF, "utf-8")
    return Podman({**os.environ, "CONTAINERS_CONF": str(settings), "ENGINE": "podman"})


@pytest.fixture(scope="module")
def base(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the stand-in for the base image, made once per machine."""
    if podman("image", "exists", BASE, check=False).returncode != 0:
        root = tmp_path_factory.mktemp("base") / "root.tar"
        packages = "--include=ca-certificates,python3,python3-venv"
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", packages, "bookworm", root], check=True)
        podman("import", "--quiet", str(root), BASE)
        root.unlink()
    return BASE


@pytest.fixture(scope="module", autouse=True)
def image(podman: Podman, base: str) -> Iterator[str]:
    """Build the image as ``make image`` does, and remove it in the end."""
    lent = [f"--volume={path}:{path}:ro" for path in LENT if Path(path).exists()]
    command = [str(ROOT / "tools/build-image"), IMAGE, "--network=host", "--pull=never", *lent]
    command += [f"--build-arg=PYTHON_IMAGE={base}"]
    built = subprocess.run(command, env=podman.environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    yield IMAGE
    podman("image", "rm", "--force", built.stdout.split()[-1])


@dataclass(frozen=True)
class Container:
    """A running container and the root of its doors."""

    podman: Podman
    name: str
    url: str

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            body: bytes = answer.read()
            return body.decode()

    def state(self) -> dict[str, Any]:
        """Return its state (``Running``, ``ExitCode``, ``OOMKilled``, ...)."""
        state: dict[str, Any] = json.loads(self.podman("inspect", "--format={{json .State}}", self.name).stdout)
        return state


@pytest.fixture
def demo(podman: Podman) -> Iterator[Container]:
    """Run the demo as hard as a cluster would."""
    address = f"127.0.0.1:{free_port()}"
    environment = f"--env=BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS={address}"
    name = podman("run", "--detach", *HARDENED, environment, IMAGE, "demo").stdout.strip()
    container = Container(podman, name, f"http://{address}")
    try:
        ready = f"{container.url}/-/ready"
        until(lambda: servers.answers(ready) or not container.state()["Running"])
        assert container.state()["Running"], podman("logs", name).stderr
        yield container
    finally:
        podman("rm", "--force", name)


def test_demo_runs_on_a_read_only_root_with_64_mb(podman: Podman, demo: Container) -> None:
    """Without root, rights, a writable file or more than 64 MB, all four systems are on the page; SIGTERM ends it with 0."""
    page = [demo.get("/metrics") for _ in range(5)][-1]
    systems = re.findall(r'^bk_task_up\{.*system="(\w+)".*\} 1', page, re.MULTILINE)
    assert set(systems) == {"sops", "bkflow", "nodeman", "gsekit"}

    def checked() -> subprocess.CompletedProcess[str]:  # an engine tries more than once, too
        return podman("healthcheck", "run", demo.name, check=False)

    until(checked, lambda done: done.returncode == 0, 30)
    podman("stop", "--time=10", demo.name)
    state = demo.state()
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


def test_who_runs_it(podman: Podman) -> None:
    """It is neither root nor able to write anywhere."""
    code = """if True:
        import os
        print(os.getuid(), os.getgid(), os.statvfs("/").f_flag & os.ST_RDONLY, os.access("/tmp", os.W_OK))
    """
    assert podman.python(code).split() == ["10001", "10001", "1", "False"]


def test_what_is_in_it(podman: Podman) -> None:
    """The environment holds the exporter as compiled files and its dependencies, and no tool to install or build more."""
    code = """if True:
        import importlib.metadata, importlib.util, pathlib, sys
        names = sorted(each.metadata["Name"].lower() for each in importlib.metadata.distributions(path=[sys.path[-1]]))
        cached = importlib.util.cache_from_source(importlib.util.find_spec("exporter").origin)
        print(pathlib.Path(cached).exists(), *names)
    """
    compiled, *names = podman.python(code).split()
    assert compiled == "True"
    assert {"bk-task-exporter", "httpx", "prometheus_client"} <= set(names)
    assert {"pip", "hatchling", "setuptools", "pytest"} & set(names) == set()


def test_what_it_says_of_itself(podman: Podman) -> None:
    """Labels name version and revision, which the exporter also gets, and a configuration is expected at one place."""
    described = json.loads(podman("image", "inspect", "--format={{json .Config}}", IMAGE).stdout)
    labels = described["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.version"] != "unknown"
    assert f"BK_TASK_EXPORTER_REVISION={labels['org.opencontainers.image.revision']}" in described["Env"]
    assert (described["User"], described["Entrypoint"]) == ("10001:10001", ["bk-task-exporter"])
    assert described["Cmd"] == ["serve", "--config.file", CONFIG]
    assert list(described["ExposedPorts"]) == ["9840/tcp"]


def test_missing_configuration(podman: Podman) -> None:
    """Run without anything it says in one line which file is missing, and ends with 1."""
    done = podman("run", "--rm", *HARDENED, IMAGE, check=False)
    said = [line for line in done.stderr.splitlines() if "systemd" not in line]  # podman's own complaint
    assert done.returncode == 1
    assert len(said) == 1
    assert CONFIG in said[0]
