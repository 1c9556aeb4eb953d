"""BKFlow: `get_task_states` for one task, `get_tasks_states` for the bare states of many.

Source: BKFlow 1.11, bkflow/apigw/views/get_task_states.py and get_tasks_states.py; the API document.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated

import msgspec

from exporter.errors import Reason, TaskError
from exporter.model import Identity, Place, Task
from exporter.systems import bkflowlist, nodetree
from exporter.systems.base import (
    AllowParams,
    Id,
    Nodes,
    Reading,
    Request,
    Site,
    TaskParams,
    decode,
    malformed,
)
from exporter.systems.bkflowlist import SpaceId

NAME = bkflowlist.NAME
TITLE = "BKFlow"
ROUTES: Mapping[str, Sequence[str]] = {"apigw": ("get_task_states",)}
STATES = nodetree.STATES
LISTING = bkflowlist.LISTING
MIN_INTERVAL: Mapping[str, float] = {}


class Allow(AllowParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A space."""

    space_id: SpaceId

    @property
    def place(self) -> Place:
        """`space:5`."""
        return Place(NAME, "", f"space:{self.space_id}")


class Params(TaskParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A task of a space. A space is no CMDB business, so it is the `scope` of the identity."""

    space_id: SpaceId
    task_id: Annotated[Id, msgspec.Meta(description="The task.")]

    @property
    def identity(self) -> Identity:
        """`space:5`."""
        return Identity(system=NAME, bk_biz_id="", scope=f"space:{self.space_id}", task_id=str(self.task_id))


def request(params: Params, site: Site) -> Request:  # noqa: ARG001 (BKFlow has one way)
    """Ask for one task."""
    return Request("get_task_states", "GET", f"/space/{params.space_id}/task/{params.task_id}/get_task_states/")


def read(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one task's tree."""
    return nodetree.read(data, reading, params.labels, "get_task_states")


# BKFlow's gateway never says why a node failed.
detail_request = request
read_detail = read


_states = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Bulk:
    """`get_tasks_states`: the state of each task and nothing else, so only for those whose nodes are not wanted."""

    operation = "get_tasks_states"
    size = 100  # BKFlow sets no limit, but works through the ids one by one

    def key(self, params: Params, site: Site, nodes: Nodes) -> Hashable | None:  # noqa: ARG002 (BKFlow has one way)
        """The space."""
        return params.space_id if nodes == "none" else None

    def request(self, batch: Sequence[Params], site: Site) -> Request:  # noqa: ARG002 (BKFlow has one way)
        """Ask for the states of a batch."""
        body = {"task_ids": [params.task_id for params in batch]}
        return Request(self.operation, "POST", f"/space/{batch[0].space_id}/get_tasks_states/", body=body)

    def split(self, data: bytes, batch: Sequence[Params]) -> list[bytes | TaskError]:
        """Unknown ids are left out without a word."""
        found = decode(data, _states, "get_tasks_states")
        missing = TaskError(Reason.NOT_FOUND, "get_tasks_states: BlueKing knows no such task in this space")
        return [bytes(found[key]) if (key := str(params.task_id)) in found else missing for params in batch]

    def read(self, item: bytes, params: Params, reading: Reading) -> Task:
        """One task's state; a null one says that BlueKing could not read it this time."""
        try:
            task = nodetree.read(item, reading, params.labels, "get_tasks_states")
        except TaskError as error:
            raise malformed(f"{error.message}: BKFlow could not tell the state of this task") from None
        return msgspec.structs.replace(task, nodes=None, node_counts=None)


BULK = _Bulk()
