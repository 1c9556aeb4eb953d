"""Places and their lists, and what an answer says of the business that a job is of. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from exporter.systems import SYSTEMS, listing_of
from exporter.systems.base import AllowParams, DiscoverParams, Request, Site, TaskParams, where
from exporter.systems.listing import Slice

#: A list is asked for one entry of the last day: whether it can be read is all that matters.
_DAY = 86400.0


def discover_for(params: TaskParams | AllowParams) -> DiscoverParams | None:
    """The listing of the place that a task, or an entry of `probe.allow`, is in; None where the system has no list."""
    system = SYSTEMS[str(params.__struct_config__.tag)]
    return None if system.LISTING is None else system.LISTING.Params(**where(system, params))


def list_request(discover: DiscoverParams, site: Site, now: float) -> Request:
    """Ask for the newest entry of a list."""
    return listing_of(discover).request(discover, site, Slice(0, 1, now - _DAY))


class _Job(msgspec.Struct):
    bk_biz_id: Any = None
    hosts: Any = None
    list: Any = None


def _of_nodeman(data: bytes) -> set[str]:
    """Nodeman finds a job by its id alone, whatever business it was asked for in; its hosts say theirs."""
    try:
        job = msgspec.json.decode(data, type=_Job)
    except (msgspec.MsgspecError, RecursionError):
        return set()
    rows = [row for part in (job.hosts, job.list) if isinstance(part, list) for row in part if isinstance(row, dict)]
    hosts = [row["host"] if isinstance(row.get("host"), dict) else row for row in rows]
    told = [job.bk_biz_id, *(host.get("bk_biz_id") for host in hosts)]
    return {str(value) for value in told if isinstance(value, str | int) and not isinstance(value, bool) and value}


#: The businesses that the raw answer of one task tells of, where the system does not compare them itself.
BUSINESSES: Mapping[str, Callable[[bytes], set[str]]] = {"nodeman": _of_nodeman}
