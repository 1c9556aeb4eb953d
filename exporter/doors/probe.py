"""`/probe`: one task by its parameters, as blackbox_exporter has it; `debug=true` tells the story of the probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, get_args

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.config.words import listed, shown
from exporter.doors.asked import RefusedError, once, task_of
from exporter.doors.scrape import exposition, seconds_allowed
from exporter.live import Live
from exporter.setup import Setup
from exporter.story import story
from exporter.systems.base import Nodes
from exporter.targets import Target
from exporter.telling import tell

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_NODES: tuple[Nodes, ...] = get_args(Nodes)
_SWITCH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks for. `nodes` is None where the configuration decides."""

    target: Target
    nodes: Nodes | None
    debug: bool

    @classmethod
    def of(cls, request: Request, setup: Setup) -> Self:
        """Everything is checked before anything is asked; raises RefusedError."""
        given = once(request.query_params.multi_items())
        nodes, debug = given.pop("nodes", None), given.pop("debug", "false")
        if nodes is not None and nodes not in _NODES:
            raise RefusedError(400, f"nodes: must be {listed(_NODES, 'or')}, not {shown(nodes)}")
        if debug not in _SWITCH:
            raise RefusedError(400, f"debug: must be true or false, not {shown(debug)}")
        return cls(task_of([*given.items()], setup), nodes, _SWITCH[debug])


def routes(live: Live) -> list[Route]:
    """`/probe`. A task that could not be read has `bk_task_up 0`, and the answer is 200 all the same."""

    async def probe(request: Request) -> Response:
        async with live.setup() as setup:
            try:
                asked = Asked.of(request, setup)
            except RefusedError as refused:
                return PlainTextResponse(f"{refused.message}\n", refused.status, _HEADERS)
            seconds, nodes = seconds_allowed(request), asked.nodes or setup.config.collect.nodes
            if asked.debug:
                telling = await tell(live, setup, asked.target, seconds, nodes)
                return PlainTextResponse(story(telling, asked.target, seconds, nodes), headers=_HEADERS)
            page = await live.probe(setup, asked.target, seconds, nodes)
            return exposition(request, page, nodes)

    return [Route("/probe", probe)]
