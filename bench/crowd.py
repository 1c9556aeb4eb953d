"""The simulated BlueKing with a crowd of tasks of bk-sops, for measuring: `python -m bench.crowd --tasks 10000`."""

from __future__ import annotations

import argparse
import asyncio

from exporter.connections import Limits
from exporter.demo.simulator import Simulator
from exporter.demo.world import Population
from exporter.server import Address, listen, serve


async def run(simulator: Simulator, port: int) -> None:
    """Serve it on loopback until the process is killed."""
    with listen(Address("127.0.0.1", port)) as bound:
        await serve(simulator.app, bound, asyncio.Event(), limits=Limits())


def main() -> None:
    """Serve what the flags say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--running", type=float, default=0.5, help="share of the tasks that still run")
    asked = parser.parse_args()
    population = Population(tasks=asked.tasks, nodes=asked.nodes, running_share=asked.running, arrivals=False)
    asyncio.run(run(Simulator(seed=1, population=population), asked.port))


if __name__ == "__main__":
    main()
