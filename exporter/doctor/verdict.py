"""Why one task of a system that talks to us cannot be read, from all that was tried. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exporter.errors import Reason, TaskError

#: What a bulk call says of a task.
InBulk = Literal["there", "absent", "deleted", "refused"]


#: What bk-sops since 3.31 says to whoever has no permission, and of much else (gcloud/err_code.py).
_SOPS_UNKNOWN = "3599999"

#: bk-sops refuses a task of another business, a deleted one and one that the user may not see in the same words.
_REFUSED: Mapping[InBulk | None, str] = {
    "there": "permission",
    "refused": "permission",
    "absent": "task_of_another_business",
    None: "task_elsewhere_or_deleted",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the place of a task.

    `listed`: whether its list could be read, None where that cannot be told; `listing` is the error if it could not.
    `siblings`: other tasks of the place can be read. `bulk` is what a bulk call says of the task, None without one.
    """

    listed: bool | None = None
    listing: TaskError | None = None
    siblings: bool = False
    bulk: InBulk | None = None

    @property
    def place_is_open(self) -> bool:
        """Whether the place exists, and we may look into it."""
        return self.siblings or self.listed is True or self.bulk in {"there", "absent"}


def cause_for(error: TaskError, evidence: Evidence) -> str:
    """The closest word for why the task cannot be read."""
    if evidence.bulk == "deleted":
        return "task_deleted"
    if not evidence.place_is_open and (cause := _of_the_place(error, evidence.listing)):
        return cause
    match error.reason:
        case Reason.NOT_FOUND:
            return "task_unknown"
        case Reason.FORBIDDEN:
            # BKFlow's engine refuses a task of another space without a code; IAM has one.
            return "permission" if error.code else "task_of_another_business"
        case _ if evidence.place_is_open:
            return _REFUSED[evidence.bulk]
        case _:
            return error.reason.value


def _of_the_place(error: TaskError, listing: TaskError | None) -> str:
    """What is wrong with the whole place, as far as its list tells; empty if it does not."""
    if listing is None or not listing.explicit:
        return "permission" if error.reason is Reason.FORBIDDEN and error.code else ""
    match listing.reason:
        case Reason.NOT_FOUND:
            return "business"
        case Reason.FORBIDDEN:
            return "permission" if listing.code else "business"  # BKFlow: an unknown space, or one of another app
        case Reason.REFUSED:
            return "permission" if listing.code == _SOPS_UNKNOWN else ""
        case _:
            return ""
