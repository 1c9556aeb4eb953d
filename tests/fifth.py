"""What the exporter makes of tests/plans.py once it stands in SYSTEMS: ``python -m tests.fifth`` prints it, door by door.

A process of its own, since the configuration learns of all systems when it is imported.
"""

# ruff: noqa: E402 (the fifth system must be there first)
from __future__ import annotations

import sys
from typing import cast

from exporter.systems import SYSTEMS
from exporter.systems.base import System
from tests import plans

cast("dict[str, System]", SYSTEMS)[plans.NAME] = plans

import json

import httpx

from exporter.config import loads
from exporter.config.json_schema import schema_json
from exporter.config.reference import reference
from exporter.doctor.text import text as shown
from exporter.errors import ConfigError
from tests.doctor.surgery import doctored, text
from tests.support import BlueKing, good, refusal
from tests.ui.site import exporter
from tests.virtual_time import Clock, run

REFUSED = """
bkapi: {auth: {access_token: t}}
systems: {plans: {url: http://a}}
tasks: [{system: plans, team: 5, job_id: 7}]
discover: [{system: plans, team: 5}]
probe: {allow: [{system: plans, team: 5}]}
"""

DOORS = {
    "metrics": "/metrics",
    "probe": "/probe?system=plans&team=5&plan_id=8",
    "sd": "/sd",
    "overview": "/?lang=en",
    "task": "/task?system=plans&team=5&plan_id=7",
    "config": "/config",
}


def answer(request: httpx.Request) -> httpx.Response:
    """Plan 7 is broken, plan 9 of another team, and all others are done."""
    plan = request.url.path.split("/")[-2]
    return refusal(1640301, status=403) if plan == "9" else good({"state": "broken" if plan == "7" else "done"})


async def doors(clock: Clock) -> dict[str, str]:
    """What each door answers where one plan is watched."""
    exporting = exporter(clock, {"plans": BlueKing(answer)}, "{system: plans, team: 5, plan_id: 7, name: moving}")
    said = {name: (await exporting.get(path)).text for name, path in DOORS.items()}
    await exporting.live.aclose()
    return said


def main() -> int:
    """Print a JSON object of all."""
    said = run(doors)
    try:
        loads(REFUSED)
    except ConfigError as error:
        said["refused"] = str(error)
    tasks = [f"{{system: plans, team: {team}, plan_id: {plan}}}" for team, plan in ((5, 7), (5, 8), (6, 9))]
    report = doctored(text(*tasks, plans="url: http://a"), transport=lambda _: BlueKing(answer))
    said["doctor"] = shown(report, {})
    sys.stdout.write(json.dumps({**said, "schema": schema_json(), "reference": reference()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
