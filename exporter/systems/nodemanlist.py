"""nodeman's `job_list`, whose entries carry a status that may be 30 s old.

Source: nodeman 2.4, apps/node_man/serializers/job.py and handlers/job.py. Asked for a business that the user may not
see, it lists the jobs of all businesses that the user may see: so the business is compared here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec

from exporter.model import Labels
from exporter.systems.base import Reading, Request, Site, Texts, count, decode, flag, text, timestamp
from exporter.systems.businessjob import JobDiscover
from exporter.systems.listing import Listed, ListPage, ListPath, Slice, iso, rows, valid_id

NAME = "nodeman"


class Discover(JobDiscover, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=NAME):
    """The jobs of a business, by `job_list`."""

    SYSTEM: ClassVar[str] = NAME

    step_type: Annotated[
        Texts, msgspec.Meta(description="Only jobs with these kinds of steps, such as `AGENT` or `PLUGIN`.")
    ] = ()
    op_type: Annotated[Texts, msgspec.Meta(description="Only jobs that do this, such as `INSTALL` or `UPGRADE`.")] = ()
    policy_name: Annotated[Texts, msgspec.Meta(description="Only jobs of these policies.")] = ()
    hide_auto_trigger_job: Annotated[
        bool, msgspec.Meta(description="Leave out jobs that a policy triggered by itself.")
    ] = False
    list_path: ListPath = ""


#: Filters that BlueKing and the entries call by the same name.
_LISTS = ("created_by", "step_type", "op_type", "policy_name")


class _Row(msgspec.Struct, gc=False):
    id: Any = None
    created_by: Any = None
    job_type: Any = None
    step_type: Any = None
    op_type: Any = None
    policy_name: Any = None
    is_auto_trigger: Any = None
    bk_biz_scope: Any = None
    status: Any = None
    start_time: Any = None
    end_time: Any = None


class _Page(msgspec.Struct, gc=False):
    jobs: list[msgspec.Raw] = msgspec.field(name="list")
    total: Any = None


_page = msgspec.json.Decoder(_Page)
_row = msgspec.json.Decoder(_Row)


class _Listing:
    Params = Discover
    operation = "job_list"
    size = 1000  # nodeman reads all jobs for each page, whatever its size
    past_end = frozenset({"3800500"})
    cure = "nodeman's own files do not register job_list with ESB; where your site does, say so by list_path"

    def request(self, discover: Discover, site: Site, part: Slice) -> Request:
        """Ask for one page. Empty filters are left out: nodeman would find nothing."""
        esb, gateway = "/api/c/compapi/v2/nodeman/api/job/job_list/", "/api/job/job_list/"
        body: dict[str, Any] = {"page": part.number, "pagesize": part.limit, "bk_biz_id": [discover.bk_biz_id]}
        body["start_time"] = iso(part.since)
        body |= {key: list(value) for key in _LISTS if (value := getattr(discover, key))}
        if discover.hide_auto_trigger_job:
            body["hide_auto_trigger_job"] = True
        path = discover.list_path or (esb if site.route == "esb" else gateway)
        return Request(self.operation, "POST", path, body=body)

    def read(self, data: bytes, discover: Discover, reading: Reading, since: float) -> ListPage:
        """A job's times are those of its creation and its end."""
        page = decode(data, _page, self.operation)
        entries = [_entry(row, discover, reading, since) for row in rows(page.jobs, _row)]
        return ListPage(entries, count(page.total))


def _entry(row: _Row | None, discover: Discover, reading: Reading, since: float) -> Listed | None:
    job_id = valid_id(count(row.id)) if row else None
    if row is None or job_id is None or not _wanted(row, discover):
        return None
    started = timestamp(row.start_time, reading.zone)
    if started is not None and started < since:
        return None
    final = row.status == "SUCCESS"  # a failed job may be retried, and a terminated one is computed anew
    labels = Labels(kind=text(row.job_type), creator=text(row.created_by))
    return Listed(job_id, labels, final, timestamp(row.end_time, reading.zone) if final else None)


def _wanted(row: _Row, discover: Discover) -> bool:
    return (
        _in_scope(row.bk_biz_scope, discover.bk_biz_id)
        and not (discover.hide_auto_trigger_job and flag(row.is_auto_trigger))
        and all(_among(getattr(row, key), getattr(discover, key)) for key in _LISTS)
    )


def _in_scope(scope: object, bk_biz_id: int) -> bool:
    return not isinstance(scope, list) or bk_biz_id in map(count, scope)


def _among(value: object, allowed: Sequence[str]) -> bool:
    """An entry that does not say is believed to be what was asked for."""
    return not allowed or not isinstance(value, str) or value in allowed


LISTING = _Listing()
