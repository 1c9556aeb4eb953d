"""Where else the API may be, when it is not where the configuration says. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from exporter.config import SystemConfig
from exporter.errors import Reason, TaskError
from exporter.systems import SYSTEMS
from exporter.systems.base import Site

#: Stages that BlueKing's own systems are published under (config/prod.py, config/stag.py of each).
STAGES = ("prod", "stage", "stag")

_NOT_THERE = frozenset(
    {Reason.BAD_URL, Reason.SERVER, Reason.MALFORMED, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT, Reason.THROTTLED}
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A guess: the cause if it answers, its address and site, and what to write."""

    cause: str
    url: str
    site: Site
    write: str


def worth_guessing(error: TaskError) -> bool:
    """Whether an error may come of a wrong address, route or version."""
    if error.reason is Reason.AUTH:
        return not error.explicit
    return error.reason in {Reason.BAD_URL, Reason.SERVER, Reason.MALFORMED} or (
        error.reason in {Reason.REFUSED, Reason.FORBIDDEN} and not error.explicit
    )


def is_there(error: TaskError | None) -> bool:
    """Whether an answer shows that the API is there, whatever it says."""
    return error is None or (error.explicit and error.reason not in _NOT_THERE)


def guesses(config: SystemConfig) -> Iterator[Elsewhere]:
    """The likely ones first, and few: each costs a request."""
    routes, site = SYSTEMS[config.name].ROUTES, config.site
    bare = _bare(config.url)
    for api in routes[site.route]:
        if api != site.api:
            yield Elsewhere("api_version", config.url, Site(site.route, api), f"api: {api}")
    if site.route == "apigw":
        yield from (Elsewhere("stage", url, site, f"url: {url}") for url in _staged(config.url))
        if "esb" in routes:
            yield Elsewhere("route", bare, Site("esb", routes["esb"][0]), f"url: {bare}, route: esb")
    elif bare != config.url:
        yield Elsewhere("address", bare, site, f"url: {bare}")


def _staged(url: str) -> Iterator[str]:
    """The address with another stage at its end, and with one where none may be."""
    parts = urlsplit(url)
    above, _, last = parts.path.rstrip("/").rpartition("/")
    for stage in STAGES[:2]:
        if stage != last and last:
            yield urlunsplit(parts._replace(path=f"{above}/{stage}"))
    if last not in STAGES:
        yield urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{STAGES[0]}"))


def _bare(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=""))
