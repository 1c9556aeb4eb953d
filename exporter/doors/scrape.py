"""Where Prometheus scrapes: all tasks and the exporter itself."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from exporter.exposition import accepts_gzip, gzip, negotiate
from exporter.live import Live
from exporter.render import Renderer
from exporter.setup import Page
from exporter.systems.base import Nodes

#: Seconds kept back from the scraper's own timeout, for the page's way to it.
MARGIN = 0.5
#: Seconds for a page that nobody set a timeout for: Prometheus's default of 10 s, less the margin.
DEFAULT_SECONDS = 9.5

TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"


def seconds_allowed(request: Request) -> float:
    """How long a page may take, by the scraper's own words; a header that makes no sense is none."""
    try:
        timeout = float(request.headers.get(TIMEOUT_HEADER, ""))
    except ValueError:
        return DEFAULT_SECONDS
    if not math.isfinite(timeout) or timeout <= 0:
        return DEFAULT_SECONDS
    return max(timeout - MARGIN, timeout / 2)


def routes(live: Live) -> list[Route]:
    """`/metrics`."""

    async def metrics(request: Request) -> Response:
        page = await live.scrape(seconds_allowed(request))
        return exposition(request, page, page.setup.config.collect.nodes, live.telemetry.render)

    return [Route("/metrics", metrics)]


def exposition(request: Request, page: Page, nodes: Nodes, own: Callable[..., bytes] | None = None) -> Response:
    """A page in the format and the encoding that the client takes; `own(openmetrics=...)` gives what ends it."""
    form = negotiate(request.headers.get("accept"))
    collect = page.setup.config.collect
    chunks: Iterable[bytes] = Renderer(nodes, collect.nodes_per_task).page(
        page.outcomes,
        node_series=collect.node_series,
        openmetrics=form.openmetrics,
        tail=own(openmetrics=form.openmetrics) if own else b"",
    )
    headers = {"Content-Type": form.content_type, "Vary": "Accept, Accept-Encoding"}
    if accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        chunks = gzip(chunks)
    return StreamingResponse(_stream(chunks), headers=headers)


async def _stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Chunk by chunk, so that other doors are answered in between."""
    for chunk in chunks:
        yield chunk
