"""`serve` as a process: start, signals, exit codes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import httpx
import pytest

from tests import plain
from tests.processes import SECONDS, ended, environment, serving, told
from tests.webconfig import certificates
from tools.processes import until

CONFIG = """\
bkapi: {{auth: {{bk_app_code: app, bk_app_secret: s3cret-word}}}}
systems: {{sops: {{url: "{url}"}}}}
tasks:
  - {{system: sops, bk_biz_id: 2, task_id: 1}}
"""
HEALTHCHECK = Path(__file__).parent.parent / "tools/healthcheck.py"
RELOADED = "bk_task_exporter_config_last_reload_successful"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url="http://127.0.0.1:1"), "utf-8")
    return path


@contextmanager
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """A BlueKing that takes connections and never answers; the event says that one came."""
    came, loop = threading.Event(), asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", came
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_sigterm_lets_a_scrape_end(config: Path) -> None:
    """A scrape under way gets its page, and the process ends with 0 right after it."""
    with silent_server() as (url, came):
        config.write_text(CONFIG.format(url=url), "utf-8")
        with serving(config) as exporter:
            pages: list[httpx.Response] = []
            header = {"X-Prometheus-Scrape-Timeout-Seconds": "2"}
            scrape = threading.Thread(target=lambda: pages.append(exporter.get("/metrics", headers=header)))
            scrape.start()
            assert came.wait(SECONDS)
            assert exporter.stop() == 0
            scrape.join()
            assert [page.status_code for page in pages] == [200]
            assert re.search(r'^bk_task_up\{.*task_id="1"\} 0\.0$', pages[0].text, re.MULTILINE)
            assert "Traceback" not in exporter.log


def test_a_bad_configuration_ends_with_1_and_every_problem(config: Path) -> None:
    """One line each, and no traceback."""
    config.write_text("systems: {sops: {url: 5}, nosuch: {}}\n", "utf-8")
    done = ended("serve", "--config.file", str(config), "--web.listen-address", "127.0.0.1:0")
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [f"{config}:1"] * 3
    assert done.stdout == ""


def test_a_missing_configuration_ends_with_1_and_one_line(config: Path) -> None:
    """It names the file."""
    done = told("serve", "--config.file", str(config.parent / "none.yaml"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "none.yaml" in done.stderr


def test_a_port_in_use_ends_with_1_and_one_line(config: Path) -> None:
    """It names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = told("serve", "--config.file", str(config), "--web.listen-address", address)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert address in done.stderr


def test_a_wrong_flag_ends_with_2(config: Path) -> None:
    """That is wrong usage."""
    assert told("serve", "--web.config", str(config)).returncode == 2


def test_sighup_reloads(config: Path) -> None:
    """A bad file leaves the old one at work, and is healed by putting it right; the door does the same."""
    with serving(config, env={"BK_TASK_EXPORTER_WEB_ENABLE_LIFECYCLE": "true"}) as exporter:
        assert plain.post(f"{exporter.url}/-/reload").status_code == 200
        good = config.read_text("utf-8")
        for content, expected in (("nonsense", 0), (good.replace("task_id: 1", "task_id: 5"), 1)):
            config.write_text(content, "utf-8")
            exporter.signal(signal.SIGHUP)
            until(lambda: exporter.metric(RELOADED), lambda value, expected=expected: value == expected)  # type: ignore[misc]
        assert 'task_id="5"} 0.0\n' in exporter.get("/metrics").text
        assert "configuration refused; the old one stays" in exporter.log
        exporter.signal(signal.SIGINT)  # as Ctrl+C does
        assert exporter.process.wait(SECONDS) == 0
        assert "Traceback" not in exporter.log


@pytest.mark.parametrize(("level", "lines"), [("info", 0), ("debug", 2)])
def test_what_a_client_does_wrong_is_told_to_it_and_not_to_the_log(config: Path, level: str, lines: int) -> None:
    """A stranger who speaks no HTTP cannot fill the log; who looks for the reason finds it at level debug."""
    with serving(config, "--log.level", level) as exporter:
        door = httpx.URL(exporter.url)
        for raw in (b"EHLO mail\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n"):
            with socket.create_connection((door.host, door.port), timeout=SECONDS) as client:
                client.sendall(raw)
                assert b" 400 " in client.recv(1000)
        assert exporter.log.count("level=warning") == lines, exporter.log


def test_a_web_configuration_guards_every_door(config: Path) -> None:
    """Over TLS, with a password; a mistake in it ends with 1, and the image's health check understands it."""
    authority = certificates.write(config.parent)
    web = config.parent / "web.yml"
    hashed = bcrypt.hashpw(b"sesame", bcrypt.gensalt(4)).decode()
    web.write_text(
        f"tls_server_config: {{cert_file: server.crt, key_file: server.key}}\nbasic_auth_users: {{p: {hashed}}}\n"
    )
    with serving(config, "--web.config.file", str(web)) as exporter:
        url = exporter.url.replace("http:", "https:")
        with httpx.Client(verify=certificates.client(authority), trust_env=False, timeout=SECONDS) as client:
            assert client.get(f"{url}/-/healthy").status_code == 401
            assert client.get(f"{url}/metrics", auth=("p", "sesame")).status_code == 200
        listens = environment(BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS=url.rpartition("/")[2])
        assert subprocess.run([sys.executable, HEALTHCHECK], env=listens, check=False, timeout=SECONDS).returncode == 0
        assert exporter.stop() == 0
    web.write_text("basic_auth_user: {}\n", "utf-8")
    for command in (["serve", "--config.file", str(config)], ["check-config", str(config)]):
        done = told(*command, "--web.config.file", str(web))
        assert (done.returncode, done.stderr) == (
            1,
            f"{web}:1: basic_auth_user: unknown key (did you mean basic_auth_users?)\n",
        )


def test_doctor_ends_with_1_where_something_is_wrong(config: Path) -> None:
    """JSON and nothing else on standard output, and no secret anywhere."""
    done = ended("doctor", "--config.file", str(config), "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["result"], report["findings"][0]["cause"]) == (1, "wrong", "port")
    assert "s3cret-word" not in done.stdout + done.stderr
