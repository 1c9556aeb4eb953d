"""Why single tasks of a system that talks to us cannot be read: each cause once for each place."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from exporter.doctor import blame
from exporter.doctor.case import Case
from exporter.doctor.findings import Finding, fine, found
from exporter.doctor.places import BUSINESSES, discover_for
from exporter.doctor.verdict import Evidence, InBulk, cause_for
from exporter.errors import Reason, TaskError
from exporter.model import Identity, Place
from exporter.systems.base import Bulk, Reading
from exporter.targets import Target

#: Tasks of one place that are looked into one by one.
LOOKED_INTO = 20


async def tasks(case: Case) -> AsyncIterator[Finding]:
    """Ask for every task, and look into those that fail."""
    await _read_all(case)
    causes: dict[tuple[str, str], list[Identity]] = defaultdict(list)
    for place, failed in _by_place(case.failed).items():
        for identity, cause in (await _causes(case, place, failed)).items():
            causes[cause, str(place)].append(identity)
    if case.read:
        yield fine(case.name, "tasks", f"{len(case.read):,} can be read", tasks=len(case.read))
    for finding in (*_strangers(case), *_unknown(case)):
        yield finding
    for (cause, shown), ids in causes.items():
        yield found(
            case.name,
            "tasks",
            cause,
            level="warning" if cause == "not_examined" else "wrong",
            error=case.failed[ids[0]],
            place=shown,
            tasks=ids,
        )


async def _read_all(case: Case) -> None:
    """In bulk where BlueKing can; singly else, which shows the raw answers too."""
    if case.system.BULK is None:
        await asyncio.gather(*map(case.ask_for, case.targets))
        return
    for identity, outcome in (await case.tools.collect(case.targets, case.tools.deadline)).items():
        if isinstance(outcome, TaskError):
            case.failed[identity] = outcome
        else:
            case.read[identity] = outcome


def _strangers(case: Case) -> Iterator[Finding]:
    """Tasks that can be read, but say themselves that they are of another business."""
    told = BUSINESSES.get(case.name)
    groups: dict[tuple[str, str], list[Identity]] = defaultdict(list)
    for identity, data in case.raw.items() if told else ():
        businesses = told(data) if told else set()
        if businesses and identity.bk_biz_id not in businesses:
            groups[", ".join(sorted(businesses)[:5]), str(identity.place)].append(identity)
    for (theirs, place), ids in groups.items():
        detail = f"Hosts are of business {theirs}."
        yield found(case.name, "tasks", "task_of_another_business", detail=detail, place=place, tasks=ids)


def _unknown(case: Case) -> Iterator[Finding]:
    words = {word[:40] for task in case.read.values() for word in task.unknown_words}
    ids = [identity for identity, task in case.read.items() if task.unknown_words]
    if ids:
        detail = f"The words: {', '.join(sorted(words)[:10])}."
        yield found(case.name, "tasks", "unknown_state", level="warning", detail=detail, tasks=ids)


async def _causes(case: Case, place: Place, failed: Sequence[Identity]) -> Mapping[Identity, str]:
    """Why tasks of one place cannot be read."""
    causes: dict[Identity, str] = {}
    for identity in failed:
        error = case.failed[identity]
        if error.reason is Reason.TIMEOUT and case.late:
            causes[identity] = "not_examined"
        elif blame.of_the_system(error) and not _unsaid(error):
            page = error.reason is Reason.AUTH and not error.explicit
            causes[identity] = "page" if page else case.cause_of(error)
    rest = [identity for identity in failed if identity not in causes]
    return causes | (await _looked_into(case, place, rest) if rest else {})


def _unsaid(error: TaskError) -> bool:
    """Our own word for what a bulk call left out: BlueKing itself has not said anything yet."""
    return error.reason is Reason.NOT_FOUND and not error.explicit


async def _looked_into(case: Case, place: Place, failed: Sequence[Identity]) -> dict[Identity, str]:
    """The first ones of a place singly, with all that can be learnt of the place; the others by reason."""
    known = {target.identity: target for target in case.targets}
    chosen = [known[identity] for identity in failed[:LOOKED_INTO]]
    discover = discover_for(chosen[0].params)
    listing = None if discover is None else await case.listing(discover)
    in_bulk = await _in_bulk(case, chosen)
    await asyncio.gather(*(case.ask_for(target) for target in chosen if _unsaid(case.failed[target.identity])))
    unknown = discover is None or (listing is not None and listing.reason is Reason.BAD_URL)
    listed = None if unknown else listing is None
    siblings = any(identity.place == place for identity in case.read)
    return {
        identity: cause_for(case.failed[identity], Evidence(listed, listing, siblings, in_bulk.get(identity)))
        for identity in failed
        if identity in case.failed
    }


async def _in_bulk(case: Case, targets: Sequence[Target]) -> Mapping[Identity, InBulk]:
    """What bulk calls say of tasks that cannot be read: all in one, or where that fails whole, one by one."""
    bulk = case.system.BULK
    if bulk is None or bulk.key(targets[0].params, case.site, case.whole.collect.nodes) is None:
        return {}
    together = await _ask_in_bulk(case, bulk, targets)
    if len(targets) == 1 or any(said != "refused" for said in together.values()):
        return together
    parts = await asyncio.gather(*(_ask_in_bulk(case, bulk, [target]) for target in targets))
    return {identity: said for part in parts for identity, said in part.items()}


async def _ask_in_bulk(case: Case, bulk: Bulk, targets: Sequence[Target]) -> Mapping[Identity, InBulk]:
    params = [target.params for target in targets]
    answer = await case.ask(bulk.request(params, case.site))
    try:
        if answer.error is not None:
            raise answer.error
        parts = bulk.split(answer.data, params)
    except TaskError as error:
        about_tasks = error.reason in {Reason.REFUSED, Reason.FORBIDDEN} and not blame.of_the_system(error)
        return dict.fromkeys((target.identity for target in targets), "refused") if about_tasks else {}
    return {target.identity: _said(case, bulk, target, part) for target, part in zip(targets, parts, strict=True)}


def _said(case: Case, bulk: Bulk, target: Target, part: bytes | TaskError) -> InBulk:
    if isinstance(part, TaskError):
        return "absent"
    try:
        bulk.read(part, target.params, Reading(case.now, case.whole.collect.time_zone))
    except TaskError as error:
        return "deleted" if error.reason is Reason.NOT_FOUND else "there"
    return "there"


def _by_place(identities: Mapping[Identity, TaskError]) -> Mapping[Place, list[Identity]]:
    places: dict[Place, list[Identity]] = defaultdict(list)
    for identity in identities:
        places[identity.place].append(identity)
    return places
