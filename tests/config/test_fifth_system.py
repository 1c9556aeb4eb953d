"""A further system is a module beside the others and a line in SYSTEMS: the configuration knows it by itself."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = '''
import types
from typing import Annotated
import msgspec
import exporter.systems
from exporter.model import Identity, Place
from exporter.systems import gsekit
from exporter.systems.base import AllowParams, DiscoverParams, TaskParams

class Params(TaskParams, frozen=True, forbid_unknown_fields=True, tag="jobs"):
    plan_id: Annotated[int, msgspec.Meta(ge=1, description="The plan.")]
    identity = property(lambda self: Identity("jobs", "", "plans", str(self.plan_id)))

class Allow(AllowParams, frozen=True, forbid_unknown_fields=True, tag="jobs"):
    place = property(lambda self: Place("jobs", "", "plans"))

class Discover(DiscoverParams, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="jobs"):
    place = property(lambda self: Place("jobs", "", "plans"))

jobs = types.SimpleNamespace(**{**vars(gsekit), "NAME": "jobs", "TITLE": "Jobs", "ROUTES": {"apigw": ("get_plan",)},
                                "Params": Params, "Allow": Allow, "Discover": Discover})
exporter.systems.SYSTEMS = {**exporter.systems.SYSTEMS, "jobs": jobs}

from exporter.config import loads, masked, parse_task
from exporter.config.json_schema import schema_json
from exporter.config.reference import reference
from exporter.errors import ConfigError

TEXT = """
bkapi: {auth: {access_token: t}}
systems: {jobs: {url: http://a}}
tasks: [{system: jobs, plan_id: 7}]
discover: [{system: jobs}]
probe: {allow: [{system: jobs}]}
"""
config = loads(TEXT)
assert config.tasks == (Params(7),) == (parse_task("jobs", {"plan_id": "7"}),)
assert config.systems["jobs"].site.api == "get_plan"
assert "plan_id: 7" in masked(config) and "plan_id" in schema_json() and "`system: jobs` (Jobs)" in reference()
try:
    loads(TEXT.replace("plan_id", "job_id"))
except ConfigError as error:
    print(error)
'''


def test_a_fifth_system_needs_no_line_in_the_configuration() -> None:
    """Its tasks, listings, addresses, schema and reference follow from its module."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "config.yaml:4: tasks[0].plan_id: missing (jobs needs plan_id)",
        "config.yaml:4: tasks[0].job_id: unknown key (known: plan_id)",
    ]
