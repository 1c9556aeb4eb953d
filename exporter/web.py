"""The doors: each parses its request, calls one function, and encodes what comes back."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from exporter.exposition import accepts_gzip, gzip, negotiate
from exporter.live import Live
from exporter.render import Renderer

#: Seconds kept back from the scraper's own timeout, for the page's way to it.
MARGIN = 0.5
#: Seconds for a page that nobody set a timeout for: Prometheus's default of 10 s, less the margin.
DEFAULT_SECONDS = 9.5

TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"


def seconds_allowed(header: str | None) -> float:
    """How long a page may take, by the scraper's own words; a header that makes no sense is none."""
    try:
        timeout = float(header or "")
    except ValueError:
        return DEFAULT_SECONDS
    if not math.isfinite(timeout) or timeout <= 0:
        return DEFAULT_SECONDS
    return max(timeout - MARGIN, timeout / 2)


def build(live: Live) -> ASGIApp:
    """The application with all doors."""

    async def metrics(request: Request) -> Response:
        page = await live.scrape(seconds_allowed(request.headers.get(TIMEOUT_HEADER)))
        form = negotiate(request.headers.get("accept"))
        collect = page.setup.config.collect
        chunks = Renderer(collect.nodes, collect.nodes_per_task).page(
            page.outcomes,
            node_series=collect.node_series,
            openmetrics=form.openmetrics,
            tail=live.telemetry.render(openmetrics=form.openmetrics),
        )
        return _exposition(request, chunks, form.content_type)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Healthy\n")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("Ready\n")

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
        ],
        exception_handlers={404: _not_found, 405: _wrong_method},
    )


def _exposition(request: Request, chunks: Iterable[bytes], content_type: str) -> Response:
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        chunks = gzip(chunks)
    return StreamingResponse(_stream(chunks), headers=headers)


async def _stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Chunk by chunk, so that other doors are answered in between."""
    for chunk in chunks:
        yield chunk


async def _not_found(_: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page. Metrics are at /metrics, the overview is at /.\n", status_code=404)


async def _wrong_method(request: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return PlainTextResponse(f"This page does not take {request.method}.\n", status_code=405, headers=headers)
