"""`POST /-/reload`, as Prometheus has it: the new configuration works when it answers 200."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.errors import UserError

Reload = Callable[[], Awaitable[None]]

_OFF = "Reloading by HTTP is off; start with --web.enable-lifecycle, or send SIGHUP.\n"


def routes(reload: Reload | None) -> list[Route]:
    """`/-/reload`; without `reload` it says how to have one."""

    async def answer(_: Request) -> Response:
        if reload is None:
            return PlainTextResponse(_OFF, status_code=403)
        try:
            await reload()
        except UserError as error:
            return PlainTextResponse(f"Refused; the old configuration stays:\n{error}\n", status_code=400)
        return PlainTextResponse("Reloaded\n")

    return [Route("/-/reload", answer, methods=["POST", "PUT"])]
