"""Measures what a page costs on the simulated BlueKing, with up to 100,000 tasks: `python -m bench.scaling`.

It takes some ten minutes and writes `bench/scaling.json`, and the tables of docs/scaling.md from it.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import msgspec

from bench import costmodel
from bench.costmodel import COSTS, Results, Run, Size
from bench.process import Server, listed, machine, running, serving
from exporter.demo.crowd import BASE
from tools.generate import rewrite
from tools.processes import free_port

CONFIG = """
bkapi:
  auth: {{bk_app_code: task-exporter, bk_app_secret: demo-secret, bk_username: admin}}
  timeout: 120s
  max_connections: 8
  requests_per_second: 100000
systems: {{sops: {{url: "{url}/api/bk-sops/prod"}}}}
collect: {{cache_ttl: 0s, final_cache_ttl: 1d, node_series: 100000000}}
tasks:
"""
#: As Prometheus asks, but with all the time it takes.
HEADERS = {"Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "900"}


@contextlib.contextmanager
def blueking(size: Size, file: Path) -> Iterator[None]:
    """A crowd of this size, and a configuration for all of it."""
    port = free_port()
    crowd = [f"--port={port}", f"--tasks={size.tasks}", f"--nodes={size.nodes}", f"--running={size.running}"]
    with running([sys.executable, "-m", "bench.crowd", *crowd], port, "/") as source:
        tasks = listed(range(BASE + 1, BASE + 1 + size.tasks))
        file.write_text(CONFIG.format(url=source.url) + tasks, "utf-8")
        yield


def page(server: Server) -> tuple[bytes, int]:
    """A page, and the bytes of it that travelled."""
    body = server.get("/metrics", timeout=1000, headers=HEADERS).body
    return gzip.decompress(body), len(body)


def requests(text: bytes) -> float:
    """The requests that an exporter has sent until this page of it."""
    counted = re.findall(rb'^bk_task_exporter_api_requests_total\{.*system="sops".*\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, counted))


def count(pattern: bytes, text: bytes) -> int:
    """How many lines begin so."""
    return sum(1 for _ in re.finditer(pattern, text, re.MULTILINE))


def one(size: Size, ordinal: int, file: Path) -> Run:
    """One exporter, from its start to the last of some pages; the smaller they are, the more."""
    pages = max(3, 12_000 // round(size.shown))
    with serving(file, f"--shard={ordinal}/{size.shards}", patience=600) as server:
        peak = server.memory("VmHWM")
        text, sent = page(server)
        asked, used = requests(text), server.cpu()
        for _ in range(pages):
            time.sleep(1.1)  # what runs has run for longer
            text, sent = page(server)
        each, cpu, resident = (requests(text) - asked) / pages, (server.cpu() - used) / pages, server.memory()
    up, shown = count(rb"^bk_task_up\{.*\} 1\.0$", text), count(rb"^bk_task_up\{", text)
    if up != shown or (size.shards == 1 and up != size.tasks):
        raise RuntimeError(f"{size}, shard {ordinal}: of {shown} tasks {up} could be read")
    return Run(size, peak, each, cpu, resident, len(text) / 2**20, sent / 2**20, count(rb"^[^#\n]", text))


def measured(size: Size) -> Run:
    """The mean of all shards, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        with blueking(size, file):
            runs = [one(size, ordinal, file) for ordinal in range(size.shards)]
    costs = [field.name for field in fields(Run) if field.name != "size"]
    mean = Run(size, **{name: statistics.fmean(getattr(run, name) for run in runs) for name in costs})
    print(mean, flush=True)
    return mean


def main() -> int:
    """Measure everything and store it; return 1 if the model misses a check by more than 20 %."""
    training, checks = ([measured(size) for size in sizes] for sizes in (costmodel.TRAINING, costmodel.CHECKS))
    text = msgspec.json.format(msgspec.json.encode(Results(machine(), training, checks)))
    costmodel.RESULTS.write_bytes(text + b"\n")
    rewrite("docs/scaling.md")
    model = costmodel.fitted(training)
    errors = [(run.size, cost.field, costmodel.error(model, cost, run)) for run in checks for cost in COSTS]
    print(*errors, sep="\n")
    return int(any(abs(error) > 0.2 for _, _, error in errors))


if __name__ == "__main__":
    sys.exit(main())
