"""bk-sops 标准运维: `get_task_status` for one task, `get_tasks_status` for up to 50 of a business.

Source: bk-sops 3.34, gcloud/apigw/views/get_task_status.py and get_tasks_status.py; the API documents.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from exporter.errors import Reason, TaskError
from exporter.model import Identity, Labels, Place, Task
from exporter.systems import nodetree, sopslist
from exporter.systems.base import (
    AllowParams,
    BizId,
    Id,
    Nodes,
    Reading,
    Request,
    Site,
    TaskParams,
    count,
    decode,
    flag,
    malformed,
    text,
    timestamp,
)
from exporter.systems.sopslist import Scope, place_of

NAME = sopslist.NAME
TITLE = "bk-sops 标准运维"
ROUTES: Mapping[str, Sequence[str]] = {"apigw": ("get_task_status",), "esb": ("get_task_status",)}
STATES = nodetree.STATES
LISTING = sopslist.LISTING
MIN_INTERVAL: Mapping[str, float] = {}


class Allow(AllowParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A business, or a project where `scope` is `project`."""

    bk_biz_id: BizId
    scope: Scope = "cmdb_biz"

    @property
    def place(self) -> Place:
        """The business or project."""
        return place_of(self.bk_biz_id, self.scope)


class Params(TaskParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A task of a business, or of a project where `scope` is `project`; `subprocess_id` asks for a subtree of it."""

    bk_biz_id: BizId
    task_id: Annotated[Id, msgspec.Meta(description="The task.")]
    scope: Scope = "cmdb_biz"
    subprocess_id: Annotated[
        Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None,
        msgspec.Meta(description="The node of a subprocess, whose part of the task is asked for instead of all of it."),
    ] = None

    @property
    def identity(self) -> Identity:
        """A subtree has the subprocess' node after the task's id."""
        place = place_of(self.bk_biz_id, self.scope)
        return Identity(
            system=NAME,
            bk_biz_id=place.bk_biz_id,
            scope=place.scope,
            task_id=f"{self.task_id}/{self.subprocess_id}" if self.subprocess_id else str(self.task_id),
        )


def request(params: Params, site: Site) -> Request:
    """Ask for one task. `scope` is sent only where it is not the default, so that old versions are not confused."""
    query: dict[str, str | int] = {}
    if site.route == "esb":
        path = "/api/c/compapi/v2/sops/get_task_status/"
        query |= {"bk_biz_id": params.bk_biz_id, "task_id": params.task_id}
    else:
        path = f"/get_task_status/{params.task_id}/{params.bk_biz_id}/"
    if params.scope != "cmdb_biz":
        query["scope"] = params.scope
    if params.subprocess_id:
        query["subprocess_id"] = params.subprocess_id
    return Request("get_task_status", "GET", path, query)


def read(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one task's tree."""
    return nodetree.read(data, reading, params.labels, "get_task_status")


def detail_request(params: Params, site: Site) -> Request:
    """Ask for one task with what its failed nodes said, which bk-sops tells where the whole task is FAILED.

    One parameter more makes another entry in bk-sops's cache, so no scrape may send it. Any text counts as true.
    """
    plain = request(params, site)
    return replace(plain, query={**plain.query, "with_ex_data": 1})


read_detail = read


class _Item(msgspec.Struct, gc=False):
    """One task of a batch. Its outer id and name are the task's; those inside `status` may be another's."""

    id: Any = None
    name: Any = None
    url: Any = None
    is_deleted: Any = None
    start_time: Any = None
    finish_time: Any = None
    status: msgspec.Raw = msgspec.Raw()


class _ItemId(msgspec.Struct, gc=False):
    id: Any = None


_items = msgspec.json.Decoder(list[msgspec.Raw])
_item = msgspec.json.Decoder(_Item)
_item_id = msgspec.json.Decoder(_ItemId)


class _Bulk:
    """`get_tasks_status`: tasks of one business and scope. The gateway has it; ESB never registered it."""

    operation = "get_tasks_status"
    size = 50

    def key(self, params: Params, site: Site, nodes: Nodes) -> Hashable | None:  # noqa: ARG002 (node counts are always wanted)
        """Business and scope, unless the task is a subtree."""
        if site.route != "apigw" or params.subprocess_id:
            return None
        return params.bk_biz_id, params.scope

    def request(self, batch: Sequence[Params], site: Site) -> Request:  # noqa: ARG002 (one route has it)
        """Ask for a batch, children included: trouble hides below a root."""
        first = batch[0]
        body: dict[str, Any] = {"task_id_list": [params.task_id for params in batch], "include_children_status": True}
        if first.scope != "cmdb_biz":
            body["scope"] = first.scope
        return Request(self.operation, "POST", f"/get_tasks_status/{first.bk_biz_id}/", body=body)

    def split(self, data: bytes, batch: Sequence[Params]) -> list[bytes | TaskError]:
        """Answers come newest first, not as asked; unknown ids are left out without a word."""
        found: dict[int, bytes] = {}
        for raw in decode(data, _items, "get_tasks_status"):
            try:
                task_id = count(_item_id.decode(raw).id)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            if task_id is not None:
                found.setdefault(task_id, bytes(raw))
        missing = TaskError(Reason.NOT_FOUND, "get_tasks_status: BlueKing knows no such task in this business")
        return [found.get(params.task_id, missing) for params in batch]

    def read(self, item: bytes, params: Params, reading: Reading) -> Task:
        """One task of a batch; a deleted one still carries a live state, but is gone."""
        outer = decode(item, _item, "get_tasks_status")
        if flag(outer.is_deleted):
            raise TaskError(Reason.NOT_FOUND, "get_tasks_status: the task was deleted")
        if not outer.status:
            raise malformed("get_tasks_status: no status of the task in the answer")
        labels = Labels(task_name=params.name or text(outer.name), url=text(outer.url))
        task = nodetree.read(bytes(outer.status), reading, labels, "get_tasks_status")
        return nodetree.with_times(
            task, timestamp(outer.start_time, reading.zone), timestamp(outer.finish_time, reading.zone)
        )


BULK = _Bulk()
