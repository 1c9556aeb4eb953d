"""A job of a business: what nodeman and gsekit call their tasks, and what names one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from exporter.model import Identity, Place
from exporter.systems.base import AllowParams, BizId, DiscoverParams, Id, TaskParams, Texts


class JobAllow(AllowParams, frozen=True, forbid_unknown_fields=True):
    """A business."""

    SYSTEM: ClassVar[str]

    bk_biz_id: BizId

    @property
    def place(self) -> Place:
        """The business."""
        return Place(self.SYSTEM, str(self.bk_biz_id), "")


class JobDiscover(DiscoverParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The jobs of a business."""

    SYSTEM: ClassVar[str]
    REFUSED: ClassVar[Mapping[str, str]] = {
        "template_id": "jobs have no templates",
        "keyword": "jobs have no names",
        "status": "a job's status changes, and a job that left the listing would be lost; choose by the label state",
    }

    bk_biz_id: BizId
    created_by: Annotated[Texts, msgspec.Meta(description="Only jobs that these users created.")] = ()

    @property
    def place(self) -> Place:
        """The business."""
        return Place(self.SYSTEM, str(self.bk_biz_id), "")


class JobParams(TaskParams, frozen=True, forbid_unknown_fields=True):
    """A job of a business."""

    SYSTEM: ClassVar[str]
    ID: ClassVar[str] = "job_id"

    bk_biz_id: BizId
    job_id: Annotated[Id, msgspec.Meta(description="The job.")]

    @property
    def identity(self) -> Identity:
        """The job's id is the task's id; no answer's own business is trusted."""
        return Identity(system=self.SYSTEM, bk_biz_id=str(self.bk_biz_id), scope="", task_id=str(self.job_id))
