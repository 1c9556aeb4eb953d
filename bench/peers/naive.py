"""What an operator writes in an hour: `httpx.get` for each task inside `collect()`. A peer of the benchmark."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import httpx
from prometheus_client import start_http_server
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

STATES = ("CREATED", "RUNNING", "SUSPENDED", "FAILED", "REVOKED", "FINISHED")


class Tasks(Collector):
    """Asks for one task after the other."""

    def __init__(self, url: str, tasks: int) -> None:
        self._url, self._tasks = url, tasks

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked at registration."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """State and elapsed time of tasks, state of nodes."""
        state = GaugeMetricFamily("bk_task_state", "state", labels=["task_id", "state"])
        elapsed = GaugeMetricFamily("bk_task_elapsed_seconds", "elapsed", labels=["task_id"])
        nodes = GaugeMetricFamily("bk_task_node_state", "node", labels=["task_id", "node_id", "name", "state"])
        for task_id in range(1, self._tasks + 1):
            data = httpx.get(f"{self._url}/get_task_status/{task_id}/2/").json()["data"]
            for word in STATES:
                state.add_metric([str(task_id), word], float(word == data["state"]))
            elapsed.add_metric([str(task_id)], data["elapsed_time"])
            for node_id, node in data["children"].items():
                nodes.add_metric([str(task_id), node_id, node["name"], node["state"]], 1)
        yield from (state, elapsed, nodes)


if __name__ == "__main__":
    REGISTRY.register(Tasks(sys.argv[1], int(sys.argv[2])))
    start_http_server(int(sys.argv[3]), "127.0.0.1")
    while True:
        time.sleep(3600)
