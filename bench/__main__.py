"""What the exporter costs, beside its peers, in one run: `python -m bench` (or `make bench`).

Each goal is a ratio of two things measured here and now, several times in turn; medians are compared. Nothing here is a
test: the machine may be busy. `--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench import rendering
from bench.process import ROOT, Server, exporter, installed, machine, running, upstream
from tools.processes import free_port

TASKS = 1000
LATENCY = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One goal: what was measured, in words and figures, and what it should be at the most."""

    what: str
    measured: str
    value: float
    goal: float

    def __str__(self) -> str:
        verdict = "met" if self.value <= self.goal else "MISSED"
        return f"| {self.what} | {self.measured} | {self.value:.3g} | <= {self.goal:g} | {verdict} |"


def wrk_seconds(url: str, tasks: int, seconds: int = 4) -> float:
    """How long wrk takes for one answer of each task, 64 at once."""
    script = ROOT / "bench" / "peers" / "tasks.lua"
    command = ["wrk", "-t2", "-c64", f"-d{seconds}s", "-s", str(script), url, "--", str(tasks)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = next(float(line.split()[1]) for line in said.splitlines() if line.startswith("Requests/sec:"))
    return tasks / rate


@dataclass(frozen=True, slots=True)
class Cost:
    """One page of a server: seconds, seconds of its CPU."""

    wall: float
    cpu: float


def page(server: Server, times: int = 3) -> Cost:
    """The median of some pages."""
    costs = []
    for _ in range(times):
        before = server.cpu()
        fetched = server.get("/metrics")
        costs.append(Cost(fetched.seconds, server.cpu() - before))
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))


def cpu_of_pages(server: Server, pages: int) -> float:
    """CPU seconds of a page, from so many that the clock's ticks of 10 ms do not matter."""
    before = server.cpu()
    for _ in range(pages):
        server.get("/metrics")
    return (server.cpu() - before) / pages


def requests_of(source: Server, action: Callable[[], object]) -> int:
    """How many requests an action made upstream."""
    before = int(source.get("/count").body)
    action()
    return int(source.get("/count").body) - before


def singles(directory: Path, go: Path | None) -> Iterator[Row]:
    """1,000 single answers at 50 ms, 64 at once; 95 % of them final; nothing asked at all."""
    with upstream(tasks=TASKS, latency=LATENCY) as source, exporter(directory, source.url, TASKS) as ours:
        page(ours, 1)  # it learns that there is no bulk resource, and opens its connections
        walls = [(page(ours, 1), wrk_seconds(source.url, TASKS)) for _ in range(3)]
        ratio = statistics.median(cost.wall / wrk for cost, wrk in walls)
        cost, wrk = walls[0]
        yield Row("1,000 single answers, 64 at once: wall against wrk", f"{cost.wall:.2f} s, {wrk:.2f} s", ratio, 1.15)
        if go is not None:
            port = free_port()
            with running([str(go), source.url, str(TASKS), str(port)], port, "/") as peer:
                page(peer, 1)
                pairs = [(page(ours, 1).cpu, page(peer, 1).cpu) for _ in range(3)]
            mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            yield Row("... CPU against the Go program's", f"{mine:.2f} s, {theirs:.2f} s", mine / theirs, 0.2)
    with (
        upstream(tasks=TASKS, latency=LATENCY, final=TASKS * 95 // 100) as source,
        exporter(directory, source.url, TASKS, final_cache_ttl="1h") as ours,
    ):
        page(ours, 1)
        cost, wrk = page(ours, 5), wrk_seconds(source.url, TASKS)
        yield Row("95 % final: wall against wrk for all", f"{cost.wall:.3f} s, {wrk:.2f} s", cost.wall / wrk, 0.1)


def bulk(directory: Path) -> Iterator[Row]:
    """The same tasks where the gateway has the bulk resource."""
    with upstream(tasks=TASKS, latency=LATENCY, bulk=True) as source, exporter(directory, source.url, TASKS) as ours:
        asked = requests_of(source, lambda: page(ours, 1))
        yield Row("sops in bulk: requests for 1,000 tasks", f"{asked}", asked, 20)
        cost = page(ours, 5)
    with upstream(tasks=TASKS, latency=LATENCY) as source:
        wrk = wrk_seconds(source.url, TASKS)
    yield Row("... wall against wrk's for 1,000 singles", f"{cost.wall:.3f} s, {wrk:.2f} s", cost.wall / wrk, 0.25)


def coalesced(directory: Path) -> Iterator[Row]:
    """Two scrapes at the same moment."""
    with (
        upstream(tasks=TASKS, latency=LATENCY, bulk=True) as source,
        exporter(directory, source.url, TASKS, cache_ttl="10s") as ours,
        ThreadPoolExecutor(2) as pool,
    ):
        asked = requests_of(source, lambda: list(pool.map(lambda _: ours.get("/metrics"), range(2))))
    yield Row("two scrapes at the same moment: requests against one", f"{asked}, 20", asked / 20, 1.0)


def memory(directory: Path) -> Iterator[Row]:
    """10,000 tasks of 20 nodes."""
    with (
        upstream(tasks=10_000, latency=LATENCY, bulk=True) as source,
        exporter(directory, source.url, 10_000) as ours,
    ):
        seconds = [ours.get("/metrics").seconds for _ in range(3)]
        resident, peak = ours.memory(), ours.memory("VmHWM")
    yield Row("10,000 tasks of 20 nodes: resident MiB", f"{resident:.0f} (peak {peak:.0f})", resident, 200)
    yield Row("... the page, in seconds, at 50 ms latency", f"{max(seconds):.2f} s", max(seconds), 10)


def shards(directory: Path) -> Iterator[Row]:
    """100,000 tasks of 5 nodes on 8 shards, of which two are measured; 1,000 of the same tasks on one exporter."""
    sizes = {"0/1": 1_000, "0/8": 100_000, "5/8": 100_000}
    costs = []
    with upstream(tasks=100_000, nodes=5, latency=LATENCY, bulk=True) as source:
        for shard, tasks in sizes.items():
            with exporter(directory, source.url, tasks, flags=[f"--shard={shard}"]) as ours:
                own = ours.get("/metrics").body.count(b"\nbk_task_up{")
                costs.append(cpu_of_pages(ours, 50_000 // own) / own * 1000)
    alone, *parts = costs
    mine = statistics.mean(parts)
    shown = f"{mine:.3f} ms, {alone:.3f} ms of CPU"
    yield Row("100,000 tasks over shards: a task's cost against one of 1,000", shown, mine / alone, 1.1)


def start(directory: Path) -> Iterator[Row]:
    """From exec to the first answer at a door."""
    program, took = installed(directory), []
    for _ in range(6):
        began = time.perf_counter()
        with exporter(directory, "http://127.0.0.1:9", 100, program=program):
            took.append(time.perf_counter() - began)
    del took[0]  # it wrote the bytecode
    yield Row(
        "start to the first answer, in seconds", f"{min(took):.2f} to {max(took):.2f} s", statistics.median(took), 0.6
    )


def naive(directory: Path) -> Iterator[str]:
    """Peers without a goal: for the table below the goals."""
    with upstream(tasks=100, latency=LATENCY) as source:
        port = free_port()
        command = [sys.executable, "-m", "bench.peers.naive", source.url, "100", str(port)]
        with running(command, port, "/favicon.ico") as peer, exporter(directory, source.url, 100) as ours:
            page(ours, 1)
            theirs, mine = page(peer, 1), page(ours, 3)
    yield f"| naive script, 100 tasks | {theirs.wall:.2f} s | {theirs.cpu:.2f} s | {theirs.wall / mine.wall:.0f}x |"
    yield f"| bk-task-exporter, 100 tasks | {mine.wall:.2f} s | {mine.cpu:.3f} s | 1x |"


def build_go(directory: Path) -> Path | None:
    """The Go peer, if there is a toolchain that can build it."""
    if not shutil.which("go"):
        return None
    built = directory / "go-peer"
    done = subprocess.run(["go", "build", "-o", str(built), "."], cwd=ROOT / "bench/peers/go", check=False)
    return built if done.returncode == 0 else None


def report(rows: list[Row], peers: list[str]) -> str:
    """The page for docs/performance.md."""
    lines = [
        "# What it costs",
        "",
        "Measured by `make bench`; every ratio compares two things of one run, by their medians.",
        "Absolute times are this machine's.",
        "",
        f"{machine()},",
        f"loopback upstream with {LATENCY * 1000:.0f} ms latency.",
        "",
        "| what | measured | value | goal | |",
        "|---|---|---|---|---|",
        *map(str, rows),
        "",
        "| peer, single answers | page | CPU | wall |",
        "|---|---|---|---|",
        *peers,
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        go = build_go(directory)
        for rows_of in (
            lambda: singles(directory, go),
            lambda: bulk(directory),
            lambda: coalesced(directory),
            lambda: memory(directory),
            lambda: shards(directory),
            lambda: start(directory),
            lambda: (Row(*figures) for figures in rendering.figures()),
        ):
            for row in rows_of():
                rows.append(row)
                print(row, flush=True)
        peers = list(naive(directory))
        print(*peers, sep="\n")
    if arguments.write:
        (ROOT / "docs" / "performance.md").write_text(report(rows, peers), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
