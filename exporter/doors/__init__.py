"""The doors: a module for each kind. Each parses its request, calls one function, and encodes what comes back."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from exporter.doors import health, lifecycle, pages, probe, scrape, sd
from exporter.live import Live


def build(live: Live, *, reload: lifecycle.Reload | None = None, external: str = "") -> ASGIApp:
    """The application with all doors.

    `reload` is what `/-/reload` calls; `external` our own `host:port`, for whoever reads it in an answer.
    """
    app = Starlette(
        routes=[
            *scrape.routes(live),
            *sd.routes(live, external),
            *probe.routes(live),
            *pages.routes(live),
            *health.routes(),
            *lifecycle.routes(reload),
        ],
        exception_handlers={404: _not_found, 405: _wrong_method},
    )
    # A redirect from /metrics/ would name the host that the request claims to be for, which may be anybody's.
    app.router.redirect_slashes = False
    return app


async def _not_found(_: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page. Metrics are at /metrics, the overview is at /.\n", status_code=404)


async def _wrong_method(request: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return PlainTextResponse(f"This page does not take {request.method}.\n", status_code=405, headers=headers)
