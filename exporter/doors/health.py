"""Whether the process lives, and whether it can be scraped. No I/O: a broken BlueKing must not get us restarted."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def routes() -> list[Route]:
    """`/-/healthy` and `/-/ready`; nothing is served before a configuration was loaded."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Healthy\n")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("Ready\n")

    return [Route("/-/healthy", healthy), Route("/-/ready", ready)]
