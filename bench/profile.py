"""Where a scrape's time goes: `python -m bench.profile` (or `make profile`), for single calls; `--bulk` for batches.

The first page reads every answer anew; the pages after it find them unchanged. Figures under the profiler are larger
than without it: they say where, not how long.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from dataclasses import dataclass

import uvloop
from prometheus_client import CollectorRegistry

from bench.process import CONFIG, listed, upstream
from exporter.config import loads
from exporter.live import Live
from exporter.render import Renderer
from exporter.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Scraped:
    """CPU seconds of one page, made and rendered."""

    collect: float
    render: float


async def page(live: Live) -> Scraped:
    """One page, without its way to the scraper."""
    began = time.process_time()
    made = await live.scrape(60)
    collected = time.process_time()
    collect = made.setup.config.collect
    renderer = Renderer(collect.nodes, collect.nodes_per_task)
    sum(map(len, renderer.page(made.outcomes, node_series=collect.node_series, openmetrics=False)))
    return Scraped(collected - began, time.process_time() - collected)


async def main(url: str, tasks: int, lines: int) -> None:
    """Profile the first page and an unchanged one."""
    text = CONFIG.format(url=url, cache_ttl="0s", final_cache_ttl="0s") + listed(range(1, tasks + 1))
    live = Live(loads(text), Telemetry(CollectorRegistry(), version="bench", revision="bench"))
    for name in ("everything is new", "nothing changed"):
        profile = cProfile.Profile()
        profile.enable()
        await page(live)
        profile.disable()
        print(f"\n--- {name} ---")
        pstats.Stats(profile).sort_stats("tottime").print_stats(lines)
    costs = [await page(live) for _ in range(5)]
    least = Scraped(min(cost.collect for cost in costs), min(cost.render for cost in costs))
    print(f"without the profiler, nothing changed: {least.collect:.3f} s to collect, {least.render:.3f} s to render")
    await live.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--bulk", action="store_true", help="the gateway has the bulk resource")
    parser.add_argument("--lines", type=int, default=25, help="functions to list")
    arguments = parser.parse_args()
    with upstream(tasks=arguments.tasks, latency=0.01, bulk=arguments.bulk) as source:
        uvloop.run(main(source.url, arguments.tasks, arguments.lines))
