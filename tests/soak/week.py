"""A week of the exporter's life in this process, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from exporter.config import loads
from tests.alive import alive
from tests.soak.ground import Weight
from tests.support import sops_site, tree
from tests.ui.site import CONFIG, Exporter, exporter, sops
from tests.virtual_time import Clock, run

HOURS = 7 * 24
TASKS = 50


@dataclass(frozen=True, slots=True)
class Life:
    """How it went: weights after half of the time and at the end, and which objects there are more of then."""

    early: Weight
    late: Weight
    grown: Counter[str]


def live(hours: int, scrapes_an_hour: int = 60) -> Life:
    """Live so many hours, 8 or more: what nobody asks for any more is kept for one of them."""

    async def main(clock: Clock) -> Life:
        exporting = exporter(clock, {"sops": sops_site(lambda task_id: _tree(clock, task_id))})
        lived = []
        for half in (range(hours // 2), range(hours // 2, hours)):
            for hour in half:
                await _an_hour(exporting, hour, scrapes_an_hour)
            lived.append((Weight.of("self"), alive()))
        (early, before), (late, after) = lived
        return Life(early, late, after - before)

    return run(main)


async def _an_hour(exporting: Exporter, hour: int, scrapes: int) -> None:
    """Scrapes of tasks that nobody knew before."""
    tasks = sops(*range(1 + hour * TASKS, 1 + (hour + 1) * TASKS))
    await exporting.live.swap(loads(CONFIG.format(systems='  sops: {url: "http://sops.test"}', tasks=", ".join(tasks))))
    for _ in range(scrapes):
        answer = await exporting.get("/metrics")
        assert answer.status_code == 200, answer.text
        exporting.sites["sops"].asked.clear()
        await asyncio.sleep(3600 / scrapes)


def _tree(clock: Clock, task_id: int) -> dict[str, object]:
    """Each task ends some time, or does not, and is another at every look."""
    ended = clock.now % 3600 > task_id % 80 * 60
    return tree("FINISHED" if ended else "RUNNING", elapsed_time=round(clock.now))
