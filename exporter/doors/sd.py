"""HTTP service discovery: every known task as a target for `/probe`, as Prometheus' `http_sd_configs` reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.discovery import Discovery
from exporter.doors.asked import RefusedError
from exporter.doors.scrape import DEFAULT_SECONDS
from exporter.errors import UserError
from exporter.exposition import accepts_gzip, gzip
from exporter.labeltext import clean
from exporter.live import Live
from exporter.model import Place
from exporter.targets import Target, merged

META = "__meta_bk_"

_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_PORTS = {"http": 80, "https": 443}
_FILTERS = ("system", "bk_biz_id")


def authority(url: str) -> str:
    """The `host:port` of an address such as `http://exporter.example.com:9840`; raises UserError."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        parts, port = urlsplit(""), None
    if port is None or parts.path.strip("/") or parts.query or parts.fragment or not _AUTHORITY.fullmatch(parts.netloc):
        raise UserError(f"external url {url!r}: write http://HOST:PORT or https://HOST:PORT, without path")
    return parts.netloc if parts.port else f"{parts.netloc}:{port}"


def routes(live: Live, external: str = "") -> list[Route]:
    """`/sd`; `external` is our own `host:port` as scrapers know it, by default what the request's Host says."""

    async def sd(request: Request) -> Response:
        try:
            address = external or _host(request.headers.get("host", ""))
            wanted = _wanted(request.query_params, live)
        except RefusedError as refused:
            return PlainTextResponse(f"{refused.message}\n", status_code=refused.status)
        known = await live.inventory(DEFAULT_SECONDS, wanted)
        if known.failed:
            return PlainTextResponse("".join(map(_failure, known.failed)), status_code=503)
        return _answer(request, groups(known.targets, address))

    return [Route("/sd", sd)]


def groups(targets: Iterable[Target], address: str) -> list[Mapping[str, Any]]:
    """The body of an answer: a group for each task, all of them at our own address."""
    return [{"targets": [address], "labels": labels(target)} for target in targets]


def labels(target: Target) -> dict[str, str]:
    """`__param_*` as `/probe` takes them, `__meta_bk_*` for relabelling; what is empty is left out."""
    identity, told = target.identity, merged(target.params.labels, target.known)
    meta = {
        "target": f"{identity.system}/{identity.scope or identity.bk_biz_id}/{identity.task_id}",
        "system": identity.system,
        "biz_id": identity.bk_biz_id,
        "scope": identity.scope,
        "task_id": identity.task_id,
        "task_name": told.task_name,
        "kind": told.kind,
        "creator": told.creator,
        "url": told.url,
        "source": target.source,
    }
    params = {f"__param_{name}": value for name, value in target.params.query.items()}
    return params | {f"{META}{name}": clean(value) for name, value in meta.items() if value}


def _host(header: str) -> str:
    """Where the scraper found us; a target must be nothing but a host and a port."""
    if not _AUTHORITY.fullmatch(header):
        raise RefusedError(400, "Host: no host and port; send one, or start with --web.external-url")
    return header


def _wanted(query: QueryParams, live: Live) -> Callable[[Place], bool]:
    """The places that a query asks for; raises RefusedError."""
    for name in query:
        if name not in _FILTERS:
            raise RefusedError(400, f"{name[:40]!r}: /sd knows only {' and '.join(_FILTERS)}")
        if len(query.getlist(name)) > 1:
            raise RefusedError(400, f"{name}: given twice")
    system, bk_biz_id = query.get("system"), query.get("bk_biz_id")
    if system is not None and system not in live.systems:
        raise RefusedError(400, f"system: none such is configured here; there are {', '.join(live.systems)}")
    if bk_biz_id is not None and not (bk_biz_id.isascii() and bk_biz_id.isdigit()):
        raise RefusedError(400, "bk_biz_id: must be a whole number")
    return lambda place: system in (None, place.system) and bk_biz_id in (None, place.bk_biz_id)


def _failure(discovery: Discovery) -> str:
    error = discovery.error
    why = "not listed yet" if error is None else f"cannot be listed: {error.reason.value}: {error}"
    return f"{discovery.params.label}: {why}\n"


def _answer(request: Request, body: Sequence[Mapping[str, Any]]) -> Response:
    content = msgspec.json.encode(body)
    headers = {"Vary": "Accept-Encoding, Host", "Cache-Control": "no-store"}
    if accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        content = b"".join(gzip([content]))
    return Response(content, headers=headers, media_type="application/json")
