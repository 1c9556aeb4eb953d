"""Which task a query names, and whether it may be asked for here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from exporter.config import parse_task
from exporter.config.words import SHOWN, listed
from exporter.errors import UserError
from exporter.model import Identity
from exporter.setup import Setup
from exporter.targets import Target

#: Labels that say nothing of the task where they are empty.
_MAY_BE_EMPTY = frozenset({"bk_biz_id", "scope"})


class RefusedError(Exception):
    """The query is answered with this status, 400 or 403, and a message that says what is wrong with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def task_of(query: Sequence[tuple[str, str]], setup: Setup) -> Target:
    """The task that `system=sops&bk_biz_id=2&task_id=10` names; raises RefusedError.

    What is configured or discovered may always be asked for, also by the labels of its metrics, everything else where
    `probe.allow` has its place.
    """
    given = once(query)
    if labelled := _labelled(given, setup):
        return labelled
    given = {name: value for name, value in given.items() if value or name not in _MAY_BE_EMPTY}
    if not (system := given.pop("system", "")):
        raise RefusedError(400, f"system: missing ({listed(setup.config.systems, 'or')})")
    try:
        params = parse_task(system, given)
    except UserError as error:
        raise RefusedError(400, str(error)) from None
    if system not in setup.config.systems:
        here = listed(setup.config.systems)
        raise RefusedError(400, f"system: {system} is not configured here, only {here}; give its url under systems")
    identity = params.identity
    if known := setup.find(identity):
        return known
    if identity.place not in setup.config.probe.allow:
        raise RefusedError(403, f"{identity.place} may not be asked about here; name it under probe.allow")
    return Target.of(params, source="probed")


def _labelled(labels: dict[str, str], setup: Setup) -> Target | None:
    """The known task that `system=nodeman&bk_biz_id=2&scope=&task_id=9` names: so alerts and dashboards link."""
    names = Identity.__struct_fields__
    return setup.find(Identity(**dict.fromkeys(names, "") | labels)) if labels.keys() <= set(names) else None


def once(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parameters of a query, none of which may be given twice; raises RefusedError."""
    for name, times in Counter(name for name, _ in query).items():
        if times > 1:
            raise RefusedError(400, f"{name[:SHOWN]}: given {'twice' if times == 2 else f'{times} times'}")
    return dict(query)
