"""What the answers of one installation share: its world, its release, and how requests and replies look inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from exporter.demo.credentials import App, Caller
from exporter.demo.world import World

Route = Literal["apigw", "esb"]
# 3.30: permission errors 9900403. 3.5: unset times are "", and single answers have no code. oldest: no elapsed_time.
SopsRelease = Literal["3.34", "3.30", "3.5", "oldest"]
NodemanRelease = Literal["both", "legacy", "2.x"]


@dataclass(frozen=True, slots=True)
class Options:
    """How the installation behaves. Seconds are real ones; shares are of all requests.

    `sops_workers` above 0: that many web workers, each with bk-sops' own cache of 10 s. `mixed_zones`: every other
    answer of bk-sops writes its times in UTC. `limit`: how many requests a second the gateway lets through, 0 for any.
    """

    latency: float = 0.0
    slow: float = 1.0
    late: float = 0.0
    broken: float = 0.0
    throttled: float = 0.0
    limit: float = 0.0
    reset: int = 1
    sops_release: SopsRelease = "3.34"
    sops_workers: int = 0
    mixed_zones: bool = False
    nodeman: NodemanRelease = "both"
    apps: Mapping[str, App] | None = None
    query_credentials: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has been let in: its parameters from path, query and body, read as one."""

    system: str
    operation: str
    route: Route
    params: Mapping[str, Any]
    many: Mapping[str, Sequence[str]]
    caller: Caller

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text."""
        value = self.params.get(name)
        return default if value is None else str(value)

    def flag(self, name: str) -> bool:
        """A flag as Python reads a string: `false` is true."""
        return bool(self.params.get(name))

    def number(self, name: str, default: int) -> int:
        """A whole number; ValueError if it is none."""
        return int(self.params.get(name, default))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is written: JSON unless `raw` is given. `wait`: seconds until it goes out; inf: never."""

    value: Any = None
    status: int = 200
    raw: bytes | None = None
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0


class Rejected(Exception):  # noqa: N818  # a verdict, not a fault
    """The answer to a request that cannot be served."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


@dataclass(slots=True)
class Site:
    """One installation: four systems over one world.

    Present troubles by their words: `specials` by task id in every system, `tasks` by system and id, `systems` by
    system, and `operations` by system and operation.
    """

    world: World
    options: Options = field(default_factory=Options)
    specials: Mapping[int, str] = field(default_factory=dict)
    tasks: dict[tuple[str, int], str] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)
    operations: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: int = 0
    # One dict for every answer about a task that has not started: upstream keeps it on a class.
    created: dict[str, Any] = field(default_factory=dict)
    searched: dict[tuple[str, int, int, str], Sequence[int]] = field(default_factory=dict)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.world.seed}/answers")
        self.created.update(
            start_time=None, state="CREATED", retry=0, skip=0, finish_time=None, elapsed_time=0, children={}
        )

    def failing(self, system: str, number: int) -> str:
        """The trouble of one task; empty if it has none."""
        return self.tasks.get((system, number), self.specials.get(number, ""))

    def stamp(self) -> str:
        """A fresh trace or request id: 32 hex digits."""
        return f"{self.random.getrandbits(128):032x}"

    def cached_now(self) -> float:
        """The moment that bk-sops' cache of 10 s shows: each web worker's is another one."""
        now, workers = self.world.now(), self.options.sops_workers
        if not workers:
            return now
        self.asked += 1
        return now - (now + self.asked % workers * 10 / workers) % 10
