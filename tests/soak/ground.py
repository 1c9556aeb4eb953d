"""The exporter as a process over the simulated BlueKing in a thread, and what its process weighs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from exporter.demo.crowd import BASE
from exporter.demo.simulator import Simulator
from exporter.demo.site import Options
from exporter.demo.world import Population
from tests import plain, simulated
from tests.processes import Exporter, serving
from tests.soak.report import Row

#: Most connections to BlueKing at a time.
POOL = 16

_HEAD = """\
bkapi:
  auth: {{bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}}
  timeout: {timeout}
  max_connections: {pool}
  requests_per_second: {rate}
systems: {{sops: {{url: "{url}/api/bk-sops/prod"}}}}
collect: {{cache_ttl: {ttl}, final_cache_ttl: {ttl}}}
tasks:
"""


@dataclass(frozen=True, slots=True)
class Weight:
    """Resident MiB, the most there ever were, and open files, of a process."""

    resident: float
    peak: float
    files: int

    @classmethod
    def of(cls, process: int | str) -> Weight:
        """What /proc says of it."""
        proc = Path(f"/proc/{process}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text("utf-8").splitlines())
        resident, peak = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return cls(resident, peak, len(list((proc / "fd").iterdir())))


@dataclass(frozen=True, slots=True)
class Ground:
    """What a part of the soak stands on."""

    folder: Path
    bk: Simulator
    url: str

    def configure(
        self, tasks: int, *, rate: float = 100_000, pool: int = POOL, ttl: str = "1s", timeout: str = "5s"
    ) -> Path:
        """Write a configuration of so many tasks."""
        head = _HEAD.format(url=self.url, rate=rate, pool=pool, ttl=ttl, timeout=timeout)
        rows = (f"  - {{system: sops, bk_biz_id: 2, task_id: {BASE + number}}}\n" for number in range(1, tasks + 1))
        file = self.folder / "config.yaml"
        file.write_text(head + "".join(rows), "utf-8")
        return file


@contextlib.contextmanager
def ground(folder: Path, options: Options | None = None) -> Iterator[Ground]:
    """A BlueKing with 1,000 tasks of 5 nodes, half of them running."""
    bk = Simulator(seed=1, options=options, population=Population(tasks=1000, nodes=5, arrivals=False))
    with simulated.serving(bk) as url:
        yield Ground(folder, bk, url)


@contextlib.contextmanager
def exporting(file: Path, *flags: str) -> Iterator[tuple[Exporter, httpx.Client]]:
    """A running exporter, and a client with a connection to it."""
    with (
        serving(file, *flags) as exporter,
        plain.Client(base_url=exporter.url, timeout=60) as client,
    ):
        yield exporter, client


def page(client: httpx.Client, seconds: float = 10) -> str:
    """One page, asked for with this scrape timeout; AssertionError where there is none."""
    answer = client.get("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": str(seconds)})
    assert answer.status_code == 200, answer.text
    return answer.text


def weighed(times: int, exporter: Exporter, act: Callable[[int], object]) -> tuple[Weight, Weight]:
    """The exporter's weight when a tenth of the times is over, and at the end."""
    weights = []
    for number in range(times):
        act(number)
        weights.append(Weight.of(exporter.process.pid))
    return weights[times // 10 - 1], weights[-1]


def level(what: str, before: Weight, after: Weight) -> Iterable[Row]:
    """Neither memory nor open files may grow; the pool towards BlueKing may have some connections more or less."""
    resident = f"{before.resident:.1f}, then {after.resident:.1f} MiB"
    yield Row(f"{what}: memory", resident, after.resident <= before.resident * 1.1, counted=False)
    yield Row("... open files", f"{before.files}, then {after.files}", after.files <= before.files + POOL)
