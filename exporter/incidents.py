"""One log line when a task becomes unreadable for some cause, and one when it can be read again; none between."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from exporter.errors import Reason, TaskError
from exporter.logs import fields
from exporter.model import Identity
from exporter.outcome import Outcome

log = logging.getLogger(__name__)

#: When more tasks of one system begin to fail for one reason on one page, the system is the news, not each task.
_MANY = 10


class Incidents:
    """What is unreadable now, as far as the log has said it."""

    def __init__(self) -> None:
        self._open: dict[Identity, Reason] = {}

    def update(self, outcomes: Sequence[Outcome[Any]]) -> None:
        """Log what began and what ended with this page."""
        began: dict[tuple[str, Reason], list[tuple[Identity, TaskError]]] = {}
        ended: dict[tuple[str, Reason], list[Identity]] = {}
        for outcome in outcomes:
            identity, error = outcome.identity, outcome.error
            before = self._open.get(identity)
            if error is not None and error.reason is not before:
                self._open[identity] = error.reason
                began.setdefault((identity.system, error.reason), []).append((identity, error))
            elif error is None and before is not None:
                del self._open[identity]
                ended.setdefault((identity.system, before), []).append(identity)
        for (system, reason), failing in began.items():
            _log_begun(system, reason, failing)
        for (system, reason), healed in ended.items():
            _log_ended(system, reason, healed)

    def forget(self, identities: Iterable[Identity]) -> None:
        """Tasks that left the page end no incident."""
        for identity in identities:
            self._open.pop(identity, None)

    def forget_all_but(self, identities: Iterable[Identity]) -> None:
        """Tasks that left the configuration end no incident."""
        kept = set(identities)
        self._open = {identity: reason for identity, reason in self._open.items() if identity in kept}


def _task_fields(identity: Identity) -> dict[str, str]:
    return {
        "system": identity.system,
        "bk_biz_id": identity.bk_biz_id,
        "scope": identity.scope,
        "task_id": identity.task_id,
    }


def _log_begun(system: str, reason: Reason, failing: Sequence[tuple[Identity, TaskError]]) -> None:
    if len(failing) > _MANY:
        first, error = failing[0]
        said = fields(system=system, tasks=len(failing), first_task_id=first.task_id, **_error_fields(reason, error))
        log.warning("tasks cannot be read", extra=said)
        return
    for identity, error in failing:
        log.warning("task cannot be read", extra=fields(**_task_fields(identity), **_error_fields(reason, error)))


def _error_fields(reason: Reason, error: TaskError) -> dict[str, Any]:
    return {"reason": reason.value, "cause": error.message, "code": error.code, "request_id": error.request_id}


def _log_ended(system: str, reason: Reason, healed: Sequence[Identity]) -> None:
    if len(healed) > _MANY:
        log.info("tasks can be read again", extra=fields(system=system, tasks=len(healed), reason=reason.value))
        return
    for identity in healed:
        log.info("task can be read again", extra=fields(**_task_fields(identity), reason=reason.value))
