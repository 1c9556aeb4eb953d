"""The smallest system that there can be: plans of teams, which are made up. They have a state, and no list.

It shows what a system must say of itself, and tests/test_fifth_system.py that nothing else is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from exporter.model import Identity, Place, State, Task
from exporter.systems.base import AllowParams, Id, Reading, Request, Site, TaskParams, decode

NAME = "plans"
TITLE = "Plans"
ROUTES: Mapping[str, Sequence[str]] = {"apigw": ("get_plan",)}
STATES = (State.RUNNING, State.FAILED, State.FINISHED, State.UNKNOWN)
MIN_INTERVAL: Mapping[str, float] = {}
BULK = None
LISTING = None

WORDS = {"doing": State.RUNNING, "broken": State.FAILED, "done": State.FINISHED}

Team = Annotated[Id, msgspec.Meta(description="The team.")]


class Allow(AllowParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A team."""

    team: Team

    @property
    def place(self) -> Place:
        """`team:5`."""
        return Place(NAME, "", f"team:{self.team}")


class Params(TaskParams, frozen=True, forbid_unknown_fields=True, tag=NAME):
    """A plan of a team."""

    team: Team
    plan_id: Annotated[Id, msgspec.Meta(description="The plan.")]

    @property
    def identity(self) -> Identity:
        """`team:5`."""
        return Identity(NAME, "", f"team:{self.team}", str(self.plan_id))


def request(params: Params, site: Site) -> Request:
    """Ask for one plan."""
    return Request("get_plan", "GET", f"/teams/{params.team}/plans/{params.plan_id}/")


class _Plan(msgspec.Struct):
    state: Any = None


_decoder = msgspec.json.Decoder(_Plan)


def read(data: bytes, params: Params, reading: Reading) -> Task:
    """Read one plan."""
    word = str(decode(data, _decoder, "get_plan").state)
    state = WORDS.get(word, State.UNKNOWN)
    return Task(
        state=state,
        final=state is State.FINISHED,
        labels=params.labels,
        unknown_words=(word,) if state is State.UNKNOWN else (),
    )


detail_request = request
read_detail = read
