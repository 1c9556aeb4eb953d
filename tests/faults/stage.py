"""The exporter as a process, the simulated BlueKing, and a link for each system between them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import trustme
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.demo.simulator import Simulator
from exporter.demo.world import Population
from tests import plain
from tests.faults.link import Link
from tests.processes import Exporter, serving

T = TypeVar("T")

#: A task by system and id.
Key = tuple[str, str]

#: Seconds that Prometheus would wait, and that one request may take; for bk-sops more than the page may.
SCRAPE_TIMEOUT, REQUEST_TIMEOUT, SOPS_TIMEOUT = 5.0, 1.5, 20.0

#: Configured ones. Tasks of bk-sops's other business come from a list.
TASKS: Mapping[str, tuple[str, ...]] = {
    "sops": tuple(map(str, (*range(1, 13), 26, 27))),
    "bkflow": ("1", "2", "3", "4", "5", "6"),
    "nodeman": ("1", "2", "6", "8"),
    "gsekit": ("1", "2", "3", "6"),
}
EVERYTHING = frozenset((system, task) for system, tasks in TASKS.items() for task in tasks)

MAX_CONNECTIONS = 8

_HEAD = """\
bkapi:
  auth: {{bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}}
  timeout: {timeout}ms
  max_connections: {connections}
  requests_per_second: 500
collect: {{cache_ttl: 0s, final_cache_ttl: 0s}}
systems:
  sops: {{url: "http://127.0.0.1:{sops}/api/bk-sops/prod", timeout: {sops_timeout}ms}}
  bkflow: {{url: "{bkflow_url}/api/bkflow/prod"}}
  nodeman: {{url: "http://127.0.0.1:{nodeman}", route: esb}}
  gsekit: {{url: "https://127.0.0.1:{gsekit}", route: esb, tls: {{ca_file: ca.pem}}}}
discover:
  - {{system: sops, bk_biz_id: 3, created_within: 24h, refresh: 1s}}
tasks:
"""
_ROWS = {
    "sops": "bk_biz_id: 2, task_id",
    "bkflow": "space_id: 1, task_id",
    "nodeman": "bk_biz_id: 2, job_id",
    "gsekit": "bk_biz_id: 2, job_id",
}

#: What the exporter may log while BlueKing is in trouble. Anything else is noise, or worse.
_USUAL = frozenset(
    {
        "listening",
        "configuration reloaded",
        "task cannot be read",
        "task can be read again",
        "tasks cannot be read",
        "tasks can be read again",
        "tasks cannot be listed",
        "tasks can be listed again",
        "an answer came that nobody asked for; connections are used once for a while",
    }
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One page: which tasks it could not read, the states of the others, and how long it took.

    `why` is what the log says of those that are lost: reason and cause.
    """

    lost: frozenset[Key]
    states: Mapping[Key, str]
    why: frozenset[tuple[str, str]]
    seconds: float

    @property
    def reasons(self) -> set[str]:
        return {reason for reason, _ in self.why}


@dataclass(eq=False)
class Stage:
    """Everything that a fault needs. `links` are by system."""

    folder: Path
    loop: asyncio.AbstractEventLoop
    authority: trustme.CA
    links: Mapping[str, Link]
    exporter: Exporter = field(init=False)
    last: Seen | None = None
    _read: int = 0
    _said: dict[Key | str, tuple[str, str]] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop of the links."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def server_context(self, *names: str, authority: trustme.CA | None = None, **options: Any) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = (authority or self.authority).issue_cert(*(names or ("127.0.0.1", "localhost")), **options)
        issued.configure_cert(context)
        return context

    def step_clock(self, seconds: float) -> None:
        """Make the exporter's wall clock wrong by so much."""
        fresh = self.folder / "clock.new"
        fresh.write_text(str(seconds), "utf-8")
        fresh.replace(self.folder / "clock")

    def configure(self, bkflow_url: str = "") -> None:
        """Write the configuration; a running exporter takes it at the next reload."""
        ports = {system: link.port for system, link in self.links.items()}
        head = _HEAD.format(
            timeout=round(REQUEST_TIMEOUT * 1000),
            sops_timeout=round(SOPS_TIMEOUT * 1000),
            connections=MAX_CONNECTIONS,
            bkflow_url=bkflow_url or f"http://localhost:{ports['bkflow']}",
            **ports,
        )
        rows = [
            f"  - {{system: {system}, {_ROWS[system]}: {task}}}\n" for system, tasks in TASKS.items() for task in tasks
        ]
        (self.folder / "config.yaml").write_text(head + "".join(rows), "utf-8")

    def reload(self) -> None:
        """Let the exporter take the configuration anew."""
        plain.post(f"{self.exporter.url}/-/reload", timeout=10).raise_for_status()

    def scrape(self) -> Seen:
        """One page, as Prometheus would ask for it."""
        began = time.monotonic()
        page = self.exporter.get("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": str(SCRAPE_TIMEOUT)})
        seconds = time.monotonic() - began
        assert page.status_code == 200, page.text
        families = {family.name: family.samples for family in parse_text(page.text)}
        up = {_key(sample.labels): sample.value for sample in families["bk_task_up"]}
        states = {_key(each.labels): each.labels["state"] for each in families["bk_task_state"] if each.value == 1}
        assert up.keys() > EVERYTHING, EVERYTHING - up.keys()
        lost = frozenset(task for task, value in up.items() if value == 0)
        self._follow_log()
        why = frozenset(self._said.get(task) or self._said[task[0]] for task in lost)
        self.last = Seen(lost, states, why, seconds)
        return self.last

    def _follow_log(self) -> None:
        """Take from the log why tasks cannot be read: of a few of them singly, of many by their system."""
        lines = self.exporter.log.splitlines()
        for line in lines[self._read :]:
            said = json.loads(line)
            assert said["msg"] in _USUAL, said
            if said["msg"] == "task cannot be read":
                self._said[said["system"], said["task_id"]] = said["reason"], said["cause"]
            elif said["msg"] == "tasks cannot be read":
                for key in [key for key in self._said if key[0] == said["system"]]:
                    del self._said[key]
                self._said[said["system"]] = said["reason"], said["cause"]
        self._read = len(lines)

    def descriptors(self) -> int:
        """Open files of the exporter."""
        return len(list(Path(f"/proc/{self.exporter.process.pid}/fd").iterdir()))


def _key(labels: Mapping[str, str]) -> Key:
    return labels["system"], labels["task_id"]


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set everything up."""
    loop, authority = asyncio.new_event_loop(), trustme.CA()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    now = time.time()
    simulator = Simulator(seed=1, clock=lambda: now, population=Population(arrivals=False))  # no state ever changes
    built = Stage(folder, loop, authority, {system: Link(simulator.app) for system in TASKS})
    built.links["gsekit"].tls = built.server_context()
    try:
        for link in built.links.values():
            built.run(link.listen())
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        built.step_clock(0)
        built.configure()
        launcher = [sys.executable, str(Path(__file__).with_name("launcher.py")), str(folder / "clock")]
        flags = ("--log.format", "json", "--web.enable-lifecycle")
        with serving(folder / "config.yaml", *flags, start=launcher) as built.exporter:
            yield built
    finally:
        for link in built.links.values():
            built.run(link.cut())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
