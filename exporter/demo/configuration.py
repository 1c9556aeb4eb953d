"""An exporter configuration that shows the simulated BlueKing like a real site: many healthy tasks, a few incidents."""

from collections.abc import Iterator

from exporter.demo.cast import LATE_STATE, MOODY, SLOW
from exporter.demo.trouble import TROUBLE
from exporter.demo.world import BUSINESSES, SPACES

SOPS = (*range(1, 28), 30, 31, 32, 33)
BKFLOW = (1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 15, 16, 19, 20, 22, 26)
JOBS = (1, 2, 6, 8, 9, 11, 12, 13, 14, 15, 16, 187)
GSEKIT = (1, 2, 3, 6, 10, 12, 13, 14, 15, 16)
# One of each kind, spread over the systems; what would cost its whole system the page is left to tests.
INCIDENTS = {
    "sops": (90001, 90002, 90003, 90004, 90006, 90010, 90012, 90013, SLOW, LATE_STATE),
    "bkflow": (90001, 90011, 90016, 90018, LATE_STATE),
    "nodeman": (90001, 90014, 90019),
    "gsekit": (90006, MOODY),
}
HEAD = """\
# An exporter's configuration for the simulated BlueKing. The credentials are the simulator's own, and no secret.
bkapi:
  auth:
    bk_app_code: task-exporter
    bk_app_secret: demo-secret
    bk_username: admin
  timeout: 2s
  max_connections: 32
  requests_per_second: 100
systems:
  sops: {{url: "{base}/api/bk-sops/prod"}}
  bkflow: {{url: "{base}/api/bkflow/prod"}}
  nodeman: {{url: "{base}", route: esb, api: {nodeman}}}
  gsekit: {{url: "{base}", route: esb}}
collect:
  cache_ttl: 5s
tasks:
"""
DISCOVER = """\
discover:
  - {system: sops, bk_biz_id: 2, created_within: 1h, keep_finished: 10m, refresh: 15s}
  - {system: sops, bk_biz_id: 3, created_within: 1h, keep_finished: 10m, refresh: 15s}
  - {system: bkflow, space_id: 1, created_within: 1h, keep_finished: 10m, refresh: 15s}
  - {system: nodeman, bk_biz_id: 2, created_within: 1h, keep_finished: 10m, refresh: 30s}
  - {system: gsekit, bk_biz_id: 2, created_within: 1h, keep_finished: 10m, refresh: 15s}
"""


def demo_config(base_url: str, *, nodeman: str = "get_task_info", discover: bool = False) -> str:
    """The YAML text of a configuration for a simulator at `base_url`.

    `nodeman` is the API by which nodeman is asked: `get_task_info` or, for 2.x, `job_details`.
    """
    head = HEAD.format(base=base_url.rstrip("/"), nodeman=nodeman)
    return head + "".join(f"  - {line}\n" for line in _tasks()) + (DISCOVER if discover else "")


def _tasks() -> Iterator[str]:
    business, space = BUSINESSES[0], SPACES[0]
    rows = (
        ("sops", SOPS, f"bk_biz_id: {business}, task_id"),
        ("bkflow", BKFLOW, f"space_id: {space}, task_id"),
        ("nodeman", JOBS, f"bk_biz_id: {business}, job_id"),
        ("gsekit", GSEKIT, f"bk_biz_id: {business}, job_id"),
    )
    for system, numbers, keys in rows:
        yield from (f"{{system: {system}, {keys}: {number}}}" for number in numbers)
        for number in INCIDENTS[system]:
            yield f"{{system: {system}, {keys}: {number}}}   # {TROUBLE[number].word}: {TROUBLE[number].says}"
    yield f"{{system: sops, bk_biz_id: {BUSINESSES[1]}, task_id: 34}}"
