"""One system under examination: what is configured of it, what it is examined with, and what is known so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from exporter.config import Config, SystemConfig
from exporter.doctor import blame
from exporter.doctor.asking import Answer, ask
from exporter.doctor.places import discover_for, list_request
from exporter.doctor.wire import Way
from exporter.errors import TaskError
from exporter.gateway import Clocks, Gateway
from exporter.model import Identity, Place, Task
from exporter.systems import SYSTEMS
from exporter.systems.base import DiscoverParams, Reading, Request, Site, System
from exporter.targets import Target

Look = Callable[[SystemConfig], Awaitable[Way]]
SpeaksTls = Callable[[str, int], Awaitable[bool]]
#: All tasks, as a page would ask for them, until a deadline.
Collect = Callable[[Sequence[Target], float], Awaitable[Mapping[Identity, Task | TaskError]]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What cases are examined with; `deadline` is on the steady clock."""

    look: Look
    speaks_tls: SpeaksTls
    collect: Collect
    clocks: Clocks
    deadline: float


@dataclass(slots=True)
class Case:
    """One system. `aheads`: seconds by which its clock was ahead of ours. `raw`: answers of tasks as they came."""

    whole: Config
    gateway: Gateway
    targets: Sequence[Target]
    tools: Tools
    aheads: list[float] = field(default_factory=list)
    read: dict[Identity, Task] = field(default_factory=dict)
    failed: dict[Identity, TaskError] = field(default_factory=dict)
    raw: dict[Identity, bytes] = field(default_factory=dict)
    _lists: dict[Place, Answer] = field(default_factory=dict)

    @property
    def config(self) -> SystemConfig:
        """How the system is reached."""
        return self.gateway.config

    @property
    def name(self) -> str:
        """The system's name."""
        return self.config.name

    @property
    def site(self) -> Site:
        """The route and API."""
        return self.config.site

    @property
    def system(self) -> System:
        """The system's dialect."""
        return SYSTEMS[self.name]

    @property
    def discover(self) -> list[DiscoverParams]:
        """Its listings."""
        return [params for params in self.whole.discover if params.place.system == self.name]

    @property
    def allowed(self) -> list[DiscoverParams]:
        """Lists of the places that may be probed."""
        given = self.whole.probe.given or ()
        lists = [discover_for(params) for params in given if params.place.system == self.name]
        return [each for each in lists if each is not None]

    @property
    def now(self) -> float:
        """The moment, in seconds since the epoch."""
        return self.tools.clocks.wall()

    @property
    def late(self) -> bool:
        """Whether there is no time left."""
        return self.tools.clocks.steady() >= self.tools.deadline

    def cause_of(self, error: TaskError) -> str:
        """The closest word for an error that is about the whole system."""
        return blame.cause_of(error, self.config.credentials)

    async def ask(self, request: Request, gateway: Gateway | None = None) -> Answer:
        """Ask one question."""
        answer = await ask(gateway or self.gateway, request, self.tools.deadline, self.tools.clocks)
        if answer.ahead is not None:
            self.aheads.append(answer.ahead)
        return answer

    async def listing(self, params: DiscoverParams) -> TaskError | None:
        """Why the list of a place cannot be read, None if it can; asked once for each place."""
        if params.place not in self._lists:
            self._lists[params.place] = await self.ask(list_request(params, self.site, self.now))
        return self._lists[params.place].error

    async def ask_for(self, target: Target) -> None:
        """Ask for one task by itself."""
        answer = await self.ask(self.system.request(target.params, self.site))
        try:
            if answer.error is not None:
                raise answer.error
            self.read[target.identity] = self.task(target, answer.data)
        except TaskError as error:
            self.failed[target.identity] = error
        else:
            self.raw[target.identity] = answer.data
            self.failed.pop(target.identity, None)

    def task(self, target: Target, data: bytes, zone: tzinfo | None = None) -> Task:
        """Read the answer for one task, times without offset in this zone; raises TaskError."""
        return self.system.read(data, target.params, Reading(self.now, zone or self.whole.collect.time_zone))
