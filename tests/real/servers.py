"""Real servers on unused loopback ports: started here, polled until they answer, ended by their pid."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx

from tests import plain
from tools.processes import free_port, started, until


@contextlib.contextmanager
def running(command: Sequence[str], *, ready_url: str, log: Path, timeout: float = 60) -> Iterator[int]:
    """Run a server while the block runs, which begins when ready_url answers 200; yields the pid."""
    with log.open("wb") as output, started(command, stdout=output, stderr=output) as process:
        until(lambda: process.poll() is not None or answers(ready_url), seconds=timeout)
        assert process.poll() is None, f"{command[0]} ended with {process.returncode}:\n{log.read_text('utf-8')}"
        yield process.pid


def answers(url: str) -> bool:
    """Tell whether the address answers 200."""
    try:
        return plain.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class PrometheusServer:
    """A running Prometheus; ``url`` is its root, without a slash at the end."""

    url: str
    pid: int

    def get(self, path: str, **params: str) -> Any:
        """Return the data of an API answer; AssertionError if it is an error."""
        answer = plain.get(f"{self.url}/api/v1/{path}", params=params, timeout=10).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expr: str) -> list[Sample]:
        """Return the instant vector of an expression, now."""
        data = self.get("query", query=expr)
        assert data["resultType"] == "vector", f"{expr} is a {data['resultType']}"
        return [Sample(each["metric"], float(each["value"][1])) for each in data["result"]]

    def targets(self) -> list[dict[str, Any]]:
        """Return the active targets as the API shows them (``health``, ``lastError``, ``labels``, ...)."""
        active: list[dict[str, Any]] = self.get("targets", state="active")["activeTargets"]
        return active

    def alerts(self) -> list[dict[str, Any]]:
        """Return pending and firing alerts (``labels``, ``annotations``, ``state``)."""
        alerts: list[dict[str, Any]] = self.get("alerts")["alerts"]
        return alerts

    def wait_for(
        self, expr: str, predicate: Callable[[list[Sample]], bool] = bool, timeout: float = 60
    ) -> list[Sample]:
        """Return the expression's vector as soon as it satisfies; by default, as soon as it has an element."""
        try:
            return until(lambda: self.query(expr), predicate, timeout, every=0.05)
        except TimeoutError as error:
            errors = [target["lastError"] for target in self.targets()]
            raise TimeoutError(f"{expr}: {error}; the targets' last errors: {errors}") from error

    def reload(self) -> None:
        """Let it read its configuration and rules again; AssertionError if it refuses them."""
        answer = plain.post(f"{self.url}/-/reload", timeout=10)
        assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def prometheus(program: str, config: Mapping[str, Any], folder: Path) -> Iterator[PrometheusServer]:
    """Run Prometheus on a configuration; files that it names are relative to the folder.

    It knows no target in its first 5 s: that is how often it takes over what discovery found.
    """
    port = free_port()
    command = [
        program,
        f"--config.file={written(folder / 'prometheus.yml', config)}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
    ]
    url = f"http://127.0.0.1:{port}"
    with running(command, ready_url=f"{url}/-/ready", log=folder / "prometheus.log") as pid:
        yield PrometheusServer(url, pid)


@dataclass(frozen=True)
class AlertmanagerServer:
    """A running Alertmanager; ``url`` is its root, without a slash at the end."""

    url: str
    pid: int

    @property
    def address(self) -> str:
        """Its ``host:port``, for Prometheus' ``alertmanagers`` section."""
        return self.url.removeprefix("http://")

    def alerts(self) -> list[dict[str, Any]]:
        """Return its alerts as the API shows them (``labels``, ``annotations``, ``status``)."""
        answer = plain.get(f"{self.url}/api/v2/alerts", timeout=10)
        assert answer.status_code == 200, answer.text
        alerts: list[dict[str, Any]] = answer.json()
        return alerts

    def muted(self) -> set[str]:
        """Return the names of the alerts that others inhibit."""
        return {alert["labels"]["alertname"] for alert in self.alerts() if alert["status"]["inhibitedBy"]}

    def post(self, *alerts: Mapping[str, Any]) -> None:
        """Hand it alerts as Prometheus would (``labels``, ``annotations``, ``startsAt``, ``endsAt``)."""
        answer = plain.post(f"{self.url}/api/v2/alerts", json=alerts, timeout=10)
        assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def alertmanager(program: str, config: Mapping[str, Any], folder: Path) -> Iterator[AlertmanagerServer]:
    """Run Alertmanager on a configuration; files that it names are relative to the folder."""
    port = free_port()
    command = [
        program,
        f"--config.file={written(folder / 'alertmanager.yml', config)}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with running(command, ready_url=f"{url}/-/ready", log=folder / "alertmanager.log") as pid:
        yield AlertmanagerServer(url, pid)


def written(path: Path, config: Mapping[str, Any]) -> Path:
    """Write a configuration; JSON is YAML."""
    path.write_text(json.dumps(config, indent=2), "utf-8")
    return path


class LoopbackServer:
    """An HTTP server of the test itself, on a thread; subclasses say what GET and POST answer."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(*outer.get(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*outer.post(self.path, body))

            def answer(self, status: int, content_type: str, body: str) -> None:
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing: the test asserts on what was received."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """The ``host:port`` that it listens on."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Its root, without a slash at the end."""
        return f"http://{self.address}"

    def get(self, path: str) -> tuple[int, str, str]:
        """Return status, content type and body of a GET."""
        return 404, "text/plain", f"nothing at {path}\n"

    def post(self, path: str, body: bytes) -> tuple[int, str, str]:
        """Return status, content type and body of a POST."""
        return 404, "text/plain", f"nothing wants {len(body)} bytes at {path}\n"


class Page(LoopbackServer):
    """One page of metrics; ``text`` and ``content_type`` may change while it is served."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"
    text = ""

    def get(self, path: str) -> tuple[int, str, str]:
        return (200, self.content_type, self.text) if path == "/metrics" else super().get(path)


class Webhook(LoopbackServer):
    """Alertmanager's ``webhook_configs`` receiver; ``received`` holds each notification's JSON, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[dict[str, Any]] = []

    def post(self, path: str, body: bytes) -> tuple[int, str, str]:
        del path
        self.received.append(json.loads(body))
        return 200, "text/plain", "ok"  # as Slack answers; newer Alertmanagers try again without it

    def wait_for(self, predicate: Callable[[dict[str, Any]], bool], timeout: float = 60) -> dict[str, Any]:
        """Return the first notification that satisfies."""
        received = until(lambda: list(self.received), lambda all_: any(map(predicate, all_)), timeout)
        return next(filter(predicate, received))
