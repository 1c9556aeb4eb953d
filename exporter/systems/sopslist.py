"""bk-sops' `get_task_list`: newest id first, without a creation time and without states.

Source: bk-sops 3.34, gcloud/apigw/views/get_task_list.py, forms/get_task_list.py and views/utils.py. A form ignores
what it does not know, so an older bk-sops ignores the newer filters in silence: all but `keyword` are applied here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from exporter.model import Labels, Place
from exporter.systems.base import (
    BizId,
    DiscoverParams,
    Id,
    Reading,
    Request,
    Site,
    Word,
    count,
    decode,
    flag,
    text,
    timestamp,
)
from exporter.systems.listing import Listed, ListPage, Slice, iso, rows, valid_id

NAME = "sops"

Scope = Annotated[
    Literal["cmdb_biz", "project"],
    msgspec.Meta(description="`project`: `bk_biz_id` is the id of a bk-sops project, not of a CMDB business."),
]


def place_of(bk_biz_id: int, scope: str) -> Place:
    """The business, or `project:7` where the id is a project's."""
    if scope == "project":
        return Place(NAME, "", f"project:{bk_biz_id}")
    return Place(NAME, str(bk_biz_id), "")


class Discover(DiscoverParams, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=NAME):
    """The tasks of a business or project, by `get_task_list`."""

    REFUSED: ClassVar[Mapping[str, str]] = {
        "state": "bk-sops lists no states; ask for the tasks and choose by the label state",
        "creator": "bk-sops cannot list by creator; choose by the label creator of bk_task_info",
        "is_started": "a task that starts would leave the listing, or come late; choose by the label state",
        "is_finished": "a task that finishes would leave the listing before its end was seen; see keep_finished",
    }

    bk_biz_id: BizId
    scope: Scope = "cmdb_biz"
    template_id: Annotated[
        tuple[Id, ...], msgspec.Meta(max_length=100, description="Only tasks made from these templates.")
    ] = ()
    keyword: Annotated[Word, msgspec.Meta(description="Only tasks whose name contains this.")] = ""
    executor: Annotated[Word, msgspec.Meta(description="Only tasks that this user started.")] = ""
    create_method: Annotated[
        tuple[Literal["app", "api", "app_maker", "periodic", "clocked", "mobile", "mcp"], ...],
        msgspec.Meta(description="Only tasks that were made in these ways."),
    ] = ()
    child_tasks: Annotated[
        bool,
        msgspec.Meta(description="List the tasks of independent subprocesses too; their parents show them as a node."),
    ] = False

    @property
    def place(self) -> Place:
        """The business or project."""
        return place_of(self.bk_biz_id, self.scope)


class _Row(msgspec.Struct, gc=False):
    id: Any = None
    name: Any = None
    creator: Any = None
    executor: Any = None
    create_method: Any = None
    template_id: Any = None
    start_time: Any = None
    finish_time: Any = None
    is_finished: Any = None
    is_child_taskflow: Any = None


_page = msgspec.json.Decoder(list[msgspec.Raw])
_row = msgspec.json.Decoder(_Row)


class _Listing:
    Params = Discover
    operation = "get_task_list"
    size = 200  # bk-sops cuts any larger page to this
    past_end: frozenset[str] = frozenset()  # ... it is empty
    cure = "this bk-sops has no get_task_list under this address; compare the address with that of get_task_status"

    def request(self, discover: Discover, site: Site, part: Slice) -> Request:
        """`without_count` spares bk-sops a count of all rows for each page."""
        query: dict[str, str | int] = {"offset": part.offset, "limit": part.limit, "without_count": "true"}
        if site.route == "esb":
            path = "/api/c/compapi/v2/sops/get_task_list/"
            query["bk_biz_id"] = discover.bk_biz_id
        else:
            path = f"/get_task_list/{discover.bk_biz_id}/"
        if discover.scope != "cmdb_biz":
            query["scope"] = discover.scope
        return Request(self.operation, "GET", path, query | _filters(discover, part.since))

    def read(self, data: bytes, discover: Discover, reading: Reading, since: float) -> ListPage:
        """Ids grow with time: what has a smaller id than a task that began too early was created too early as well."""
        read = rows(decode(data, _page, self.operation), _row)
        oldest = max((_id(row) or 0 for row in read if row and _too_old(row, reading, since)), default=0)
        return ListPage([_entry(row, discover, reading, oldest) for row in read], over=oldest > 0)


def _filters(discover: Discover, since: float) -> dict[str, str | int]:
    query: dict[str, str | int] = {"create_time_start": iso(since)}
    query |= {key: value for key in ("keyword", "executor") if (value := getattr(discover, key))}
    if len(discover.template_id) == 1:
        query["template_id"] = discover.template_id[0]
    elif discover.template_id:
        query["template_ids"] = ",".join(map(str, discover.template_id))
    if len(discover.create_method) == 1:
        query["create_method"] = discover.create_method[0]
    if not discover.child_tasks:
        query["is_child_taskflow"] = "false"
    return query


def _id(row: _Row) -> int | None:
    return valid_id(count(row.id))


def _too_old(row: _Row, reading: Reading, since: float) -> bool:
    """Nothing begins before it was created. The list has no creation time, and older versions no filter for it."""
    started = timestamp(row.start_time, reading.zone)
    return started is not None and started < since


def _entry(row: _Row | None, discover: Discover, reading: Reading, oldest: int) -> Listed | None:
    task_id = _id(row) if row else None
    if row is None or task_id is None or task_id <= oldest or not _wanted(row, discover):
        return None
    finish = timestamp(row.finish_time, reading.zone)
    # A terminated task is not `is_finished`, but has a finish time; a failed one, which may go on, has none.
    final = flag(row.is_finished) is True or finish is not None
    labels = Labels(task_name=text(row.name), kind=text(row.template_id), creator=text(row.creator))
    return Listed(task_id, labels, final, finish)


def _wanted(row: _Row, discover: Discover) -> bool:
    return (
        (discover.child_tasks or not flag(row.is_child_taskflow))
        and _among(count(row.template_id), discover.template_id)
        and _among(row.create_method, discover.create_method)
        and discover.executor in ("", row.executor)
    )


def _among(value: object, allowed: Sequence[object]) -> bool:
    return not allowed or value in allowed


LISTING = _Listing()
