"""One question to BlueKing, and all that its answer tells a doctor. I/O by way of the gateway."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from exporter.doctor.times import ahead_of
from exporter.errors import Reason, TaskError
from exporter.gateway import Clocks, Gateway
from exporter.systems.base import Request
from exporter.witness import Exchange, Witness


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question: `data`, or an error. `ahead`: seconds by which BlueKing's clock is ahead of ours."""

    data: bytes = b""
    error: TaskError | None = None
    ahead: float | None = None


async def ask(gateway: Gateway, request: Request, deadline: float, clocks: Clocks) -> Answer:
    """Ask, not longer than until `deadline` (steady clock)."""
    witness = Witness(clocks.steady)
    try:
        async with asyncio.timeout(max(0.0, deadline - clocks.steady())):
            answer = Answer(data=await gateway.witnessed(witness.watch).ask(request))
    except TimeoutError:
        answer = Answer(error=TaskError(Reason.TIMEOUT, "no answer within the time that was given"))
    except TaskError as error:
        answer = Answer(error=error)
    return replace(answer, ahead=_ahead(witness.exchanges, clocks))


def _ahead(exchanges: list[Exchange], clocks: Clocks) -> float | None:
    """By the moment at which the headers came, less half of what the request took."""
    for exchange in reversed(exchanges):
        if exchange.ended is not None and exchange.status is not None:
            then = clocks.wall() - (clocks.steady() - exchange.ended)
            return ahead_of(exchange.headers.get("date"), then)
    return None
