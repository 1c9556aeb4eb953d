"""Whether a system talks to us at all, and if not, why. What it says of one task or list does not matter yet."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.doctor import blame, elsewhere
from exporter.doctor.case import Case
from exporter.doctor.findings import Check, Finding, fine, found
from exporter.doctor.places import list_request
from exporter.doctor.wire import Way
from exporter.errors import Reason, TaskError
from exporter.systems.base import Request

#: Tasks that are asked for before a whole system is blamed: one of them may be bad by itself.
FIRST = 3


async def first_contact(case: Case, way: Way) -> Finding:
    """Ask until somebody answers, a few times at most."""
    error: TaskError | None = None
    for request in _requests(case):
        error = (await case.ask(request)).error
        if error is None or not blame.of_the_system(error):
            return fine(case.name, "credentials", f"{request.operation} answers through {case.site.route}")
    return (
        found(case.name, "api", "nothing_to_ask", level="warning") if error is None else await _blamed(case, error, way)
    )


def _requests(case: Case) -> Iterable[Request]:
    if case.targets:
        chosen = case.targets[:: max(1, len(case.targets) // FIRST)][:FIRST]
        return [case.system.request(target.params, case.site) for target in chosen]
    return [list_request(params, case.site, case.now) for params in [*case.discover, *case.allowed][:FIRST]]


async def _blamed(case: Case, error: TaskError, way: Way) -> Finding:
    url = case.config.url
    if url.startswith("http://") and not (way.proxied or error.explicit) and await _speaks_tls(case, way):
        return found(case.name, "address", "tls_expected", detail=f"Asked at {url}", error=error)
    if elsewhere.worth_guessing(error) and (guess := await _guessed(case)):
        return found(case.name, "api", guess.cause, detail=f"This answers: {guess.write}", error=error)
    check: Check = "credentials" if error.reason in {Reason.AUTH, Reason.FORBIDDEN} else "api"
    return found(case.name, check, case.cause_of(error), detail=f"Asked at {url}", error=error)


async def _speaks_tls(case: Case, way: Way) -> bool:
    return await case.tools.speaks_tls(way.host, way.port)


async def _guessed(case: Case) -> elsewhere.Elsewhere | None:
    """Where else the API answers."""
    for guess in elsewhere.guesses(case.config) if case.targets else ():
        request = case.system.request(case.targets[0].params, guess.site)
        if elsewhere.is_there((await case.ask(request, case.gateway.at(guess.url))).error):
            return guess
    return None
