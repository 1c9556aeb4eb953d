"""Where people look: `/`, `/task`, `/config`, and the style sheet and icon that these need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.config import masked
from exporter.doors.asked import RefusedError, task_of
from exporter.doors.scrape import DEFAULT_SECONDS
from exporter.exposition import accepts_gzip, gzip
from exporter.live import Live
from exporter.model import Identity
from exporter.outcome import Outcome
from exporter.pieces import Rendered
from exporter.setup import Page, Setup
from exporter.systems import SYSTEMS
from exporter.ui import html
from exporter.ui.detail import detail
from exporter.ui.filters import Filters
from exporter.ui.language import negotiate
from exporter.ui.overview import overview
from exporter.ui.speech import Speech

#: Seconds for which the overview shows what the last scrape found. A little more than Prometheus's default interval:
#: where Prometheus scrapes, looking at the overview costs BlueKing nothing. Older than that, the overview scrapes
#: itself, as a scrape does: what is kept and still good is not asked for again.
MAX_AGE = 75.0

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_A_DAY = {"Cache-Control": "public, max-age=86400"}


def routes(live: Live) -> list[Route]:
    """`/`, `/task`, `/config`, `/style.css`, `/icon.svg`."""

    async def tasks(request: Request) -> Response:
        now = request.query_params.get("refresh") == "now"
        page = await live.survey(DEFAULT_SECONDS, oldest=0.0 if now else MAX_AGE)
        view = overview(
            outcomes=page.outcomes,
            targets=page.setup.known,
            titles={name: SYSTEMS[name].TITLE for name in page.setup.gateways},
            contacts=page.setup.gateways,
            discoveries=page.setup.discoveries,
            when=page.when,
            filters=Filters.of(request.query_params),
        )
        unread = {
            name: gateway.credentials_problem
            for name, gateway in page.setup.gateways.items()
            if gateway.credentials_problem
        }
        frame = {"shard": live.shard, "refusal": live.refusal, "unread": unread}
        return _answer(request, live, page.setup, "overview.html", {"view": view, **frame})

    async def task(request: Request) -> Response:
        async with live.setup() as setup:
            try:
                target = task_of(request.query_params.multi_items(), setup)
            except RefusedError as refused:
                return _answer(request, live, setup, "refused.html", vars(refused), status=refused.status)
            outcome = await setup.details.ask(setup.discoveries.enriched(target), DEFAULT_SECONDS)
        view = detail(target, outcome, _seen(live.last, target.identity))
        return _answer(request, live, setup, "task.html", {"view": view})

    async def config(request: Request) -> Response:
        async with live.setup() as setup:
            view = {"text": masked(setup.config), "file": setup.config.file, "refusal": live.refusal}
            return _answer(request, live, setup, "config.html", view)

    async def style(_: Request) -> Response:
        return Response(html.STYLE, media_type="text/css", headers={**html.HEADERS, **_FOR_EVER})

    async def icon(_: Request) -> Response:
        return Response(html.ICON, media_type="image/svg+xml", headers={**html.HEADERS, **_A_DAY})

    return [
        Route("/", tasks),
        Route("/task", task),
        Route("/config", config),
        Route("/style.css", style),
        Route("/icon.svg", icon),
    ]


def _seen(page: Page | None, identity: Identity) -> Outcome[Rendered] | None:
    """What the last page knew of a task: an answer for it alone does not tell its url and name."""
    return next((outcome for outcome in page.outcomes if outcome.identity == identity), None) if page else None


def _answer(
    request: Request, live: Live, setup: Setup, template: str, view: Mapping[str, Any], *, status: int = 200
) -> Response:
    say = Speech(negotiate(request.headers.get("accept-language")), live.clocks.wall(), setup.config.collect.time_zone)
    body = html.page(template, say, view).encode()
    headers = {**html.HEADERS, **_fresh(say)}
    if accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        body = b"".join(gzip([body]))
    return Response(body, status, headers, media_type="text/html")


def _fresh(say: Speech) -> Mapping[str, str]:
    return {
        "Cache-Control": "no-store",
        "Content-Language": say("lang"),
        "Vary": "Accept-Language, Accept-Encoding",
    }
