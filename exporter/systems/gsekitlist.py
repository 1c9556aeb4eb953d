"""gsekit's list of jobs, newest id first.

Source: gsekit 1.0, apps/gsekit/job/views.py and apps/utils/drf.py. How it is registered with ESB is not public; what
is registered (`job/create_job/`, `config_template/config_template_list/`) names what it does behind its resource.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from exporter.model import Labels
from exporter.systems.base import Reading, Request, Site, count, decode, text, timestamp
from exporter.systems.businessjob import JobDiscover
from exporter.systems.listing import Listed, ListPage, ListPath, Slice, iso, rows, valid_id

NAME = "gsekit"


class Discover(JobDiscover, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=NAME):
    """The jobs of a business, by gsekit's job list."""

    SYSTEM: ClassVar[str] = NAME

    job_object: Annotated[
        tuple[Literal["configfile", "process"], ...],
        msgspec.Meta(description="Only jobs on these: configuration files, processes."),
    ] = ()
    job_action: Annotated[
        tuple[
            Literal[
                "generate",
                "release",
                "diff",
                "start",
                "stop",
                "restart",
                "reload",
                "force_stop",
                "set_auto",
                "unset_auto",
            ],
            ...,
        ],
        msgspec.Meta(description="Only jobs that do these."),
    ] = ()
    list_path: ListPath = ""


#: Filters that BlueKing and the entries call by the same name.
_LISTS = ("created_by", "job_object", "job_action")


class _Row(msgspec.Struct, gc=False):
    id: Any = None
    created_by: Any = None
    job_object: Any = None
    job_action: Any = None
    status: Any = None
    start_time: Any = None
    end_time: Any = None


class _Page(msgspec.Struct, gc=False):
    jobs: list[msgspec.Raw] = msgspec.field(name="list")
    count: Any = None


_page = msgspec.json.Decoder(_Page)
_row = msgspec.json.Decoder(_Row)


class _Listing:
    Params = Discover
    operation = "job_list"
    size = 1000  # gsekit refuses more
    past_end = frozenset({"0"})  # its framework's 404: `result` false beside code 0
    cure = "how gsekit's job list is registered with ESB is not public; say where your site has it by list_path"

    def request(self, discover: Discover, site: Site, part: Slice) -> Request:  # noqa: ARG002 (gsekit has one way)
        """Ask for one page; several values of a filter are one text with commas."""
        query: dict[str, str | int] = {"bk_biz_id": discover.bk_biz_id, "page": part.number, "pagesize": part.limit}
        query["start_time__gte"] = iso(part.since)
        query |= {f"{key}__in": ",".join(value) for key in _LISTS if (value := getattr(discover, key))}
        path = discover.list_path or "/api/c/compapi/v2/gsekit/api/job/job_list/"
        return Request(self.operation, "GET", path, query)

    def read(self, data: bytes, discover: Discover, reading: Reading, since: float) -> ListPage:
        """A job's times are those of its creation and its end."""
        page = decode(data, _page, self.operation)
        entries = [_entry(row, discover, reading, since) for row in rows(page.jobs, _row)]
        return ListPage(entries, count(page.count))


def _entry(row: _Row | None, discover: Discover, reading: Reading, since: float) -> Listed | None:
    job_id = valid_id(count(row.id)) if row else None
    if row is None or job_id is None or not all(_among(getattr(row, k), getattr(discover, k)) for k in _LISTS):
        return None
    started = timestamp(row.start_time, reading.zone)
    if started is not None and started < since:
        return None
    final = row.status == "succeeded"  # a failed job may be retried
    kind = "/".join(part for part in (text(row.job_object), text(row.job_action)) if part)
    labels = Labels(kind=kind, creator=text(row.created_by))
    return Listed(job_id, labels, final, timestamp(row.end_time, reading.zone) if final else None)


def _among(value: object, allowed: Sequence[str]) -> bool:
    return not allowed or value in allowed


LISTING = _Listing()
