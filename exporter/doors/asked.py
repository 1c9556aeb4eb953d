"""Which task a query names, and whether it may be asked for here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

from exporter.config import parse_task
from exporter.config.words import SHOWN
from exporter.errors import UserError
from exporter.model import Identity
from exporter.setup import Setup
from exporter.targets import Target
from exporter.ui.english import ENGLISH

#: Labels that say nothing of the task where they are empty.
_MAY_BE_EMPTY = frozenset({"bk_biz_id", "scope"})


class RefusedError(Exception):
    """The query is answered with this status, 400 or 403, and a message that says what is wrong with it.

    `key` and `values` are the text of the pages that says so too; `key` is empty where there is none.
    """

    def __init__(self, status: int, message: str, key: str = "", **values: object) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.key = key
        self.values = values

    @classmethod
    def of(cls, status: int, key: str, **values: object) -> Self:
        """Say it with a text of the pages."""
        return cls(status, ENGLISH[key].format(**values), key, **values)


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
        raise RefusedError.of(400, "refused.system.missing", systems=", ".join(setup.config.systems))
    try:
        params = parse_task(system, given)
    except UserError as error:
        raise RefusedError(400, str(error)) from None
    if system not in setup.config.systems:
        raise RefusedError.of(400, "refused.system.other", system=system, systems=", ".join(setup.config.systems))
    identity = params.identity
    if known := setup.find(identity):
        return known
    if identity.place not in setup.config.probe.allow:
        raise RefusedError.of(403, "refused.place", place=identity.place)
    return Target.of(params, source="probed")


def _labelled(labels: dict[str, str], setup: Setup) -> Target | None:
    """The known task that `system=nodeman&bk_biz_id=2&scope=&task_id=9` names: so alerts and dashboards link."""
    names = Identity.__struct_fields__
    return setup.find(Identity(**dict.fromkeys(names, "") | labels)) if labels.keys() <= set(names) else None


def once(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parameters of a query, none of which may be given twice; raises RefusedError."""
    for name, times in Counter(name for name, _ in query).items():
        if times > 1:
            raise RefusedError.of(400, "refused.twice" if times == 2 else "refused.often", name=name[:SHOWN], n=times)
    return dict(query)
