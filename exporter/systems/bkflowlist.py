"""BKFlow's `get_task_list`: newest creation first, without states; `next` leads to an internal host.

Source: BKFlow 1.11, bkflow/apigw/views/get_task_list.py and serializers/task.py. The serializer drops what it does not
know, and each version knows more: every filter is applied here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from exporter.model import Labels, Place
from exporter.systems.base import (
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

NAME = "bkflow"

SpaceId = Annotated[Id, msgspec.Meta(description="The space.")]


class Discover(DiscoverParams, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=NAME):
    """The tasks of a space, by `get_task_list`."""

    REFUSED: ClassVar[Mapping[str, str]] = {
        "state": "BKFlow lists no states; ask for the tasks and choose by the label state",
        "is_started": "BKFlow takes this filter and ignores it",
        "is_finished": "BKFlow takes this filter and ignores it; see keep_finished",
    }

    space_id: SpaceId
    template_id: Annotated[
        tuple[Id, ...], msgspec.Meta(max_length=100, description="Only tasks made from these templates.")
    ] = ()
    keyword: Annotated[Word, msgspec.Meta(description="Only tasks whose name contains this.")] = ""
    creator: Annotated[Word, msgspec.Meta(description="Only tasks that this user created.")] = ""
    executor: Annotated[Word, msgspec.Meta(description="Only tasks that this user started.")] = ""
    scope_type: Annotated[Word, msgspec.Meta(description="Only tasks of this `scope_type`.")] = ""
    scope_value: Annotated[Word, msgspec.Meta(description="Only tasks of this `scope_value`.")] = ""
    child_tasks: Annotated[
        bool,
        msgspec.Meta(description="List the tasks of independent subprocesses too; their parents show them as a node."),
    ] = False

    @property
    def place(self) -> Place:
        """`space:5`."""
        return Place(NAME, "", f"space:{self.space_id}")


#: Filters that BlueKing and the entries call by the same name.
_TEXTS = ("creator", "executor", "scope_type", "scope_value")


class _Row(msgspec.Struct, gc=False):
    id: Any = None
    name: Any = None
    template_id: Any = None
    creator: Any = None
    executor: Any = None
    scope_type: Any = None
    scope_value: Any = None
    trigger_method: Any = None
    create_time: Any = None
    finish_time: Any = None
    is_finished: Any = None
    is_revoked: Any = None
    is_deleted: Any = None
    is_expired: Any = None


class _Page(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]
    count: Any = None


_page = msgspec.json.Decoder(_Page)
_row = msgspec.json.Decoder(_Row)


class _Listing:
    Params = Discover
    operation = "get_task_list"
    size = 200  # BKFlow cuts any larger page to this
    past_end: frozenset[str] = frozenset()  # ... it is empty
    cure = "this BKFlow has no get_task_list under this address; compare the address with that of get_task_states"

    def request(self, discover: Discover, site: Site, part: Slice) -> Request:  # noqa: ARG002 (BKFlow has one way)
        """One template can be asked for; of several the others are left out here."""
        query: dict[str, str | int] = {"offset": part.offset, "limit": part.limit}
        query["create_at_start"] = iso(part.since)
        query |= {key: value for key in _TEXTS if (value := getattr(discover, key))}
        if discover.keyword:
            query["name"] = discover.keyword
        if len(discover.template_id) == 1:
            query["template_id"] = discover.template_id[0]
        return Request(self.operation, "GET", f"/space/{discover.space_id}/get_task_list/", query)

    def read(self, data: bytes, discover: Discover, reading: Reading, since: float) -> ListPage:
        """The newest come first, so behind one that is too old all are."""
        page = decode(data, _page, self.operation)
        read = rows(page.results, _row)
        old = [row is not None and _created_before(row, reading, since) for row in read]
        entries = [None if is_old else _entry(row, discover, reading) for row, is_old in zip(read, old, strict=True)]
        return ListPage(entries, count(page.count), over=any(old))


def _created_before(row: _Row, reading: Reading, since: float) -> bool:
    created = timestamp(row.create_time, reading.zone)
    return created is not None and created < since


def _entry(row: _Row | None, discover: Discover, reading: Reading) -> Listed | None:
    task_id = valid_id(count(row.id)) if row else None
    if row is None or task_id is None or not _wanted(row, discover):
        return None
    final = any(flag(each) for each in (row.is_finished, row.is_revoked, row.is_expired))
    labels = Labels(task_name=text(row.name), kind=text(row.template_id), creator=text(row.creator))
    return Listed(task_id, labels, final, timestamp(row.finish_time, reading.zone) if final else None)


def _wanted(row: _Row, discover: Discover) -> bool:
    """The name is left to BKFlow, whose database compares letters in its own way."""
    return (
        not flag(row.is_deleted)
        and (discover.child_tasks or row.trigger_method != "subprocess")
        and (not discover.template_id or count(row.template_id) in discover.template_id)
        and all(getattr(discover, key) in ("", text(getattr(row, key))) for key in _TEXTS)
    )


LISTING = _Listing()
