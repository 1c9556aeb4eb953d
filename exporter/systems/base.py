"""What a BlueKing system has to say of itself, and how loosely typed values are read. No I/O.

A system is one module. `System` is what it must offer; `exporter.systems.SYSTEMS` is the one list of them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

import msgspec

from exporter.duration import DURATION
from exporter.errors import Reason, TaskError
from exporter.lenient import cleaned
from exporter.model import OVER, Identity, Labels, Place, State, Task
from exporter.systems.listing import Listing

Nodes = Literal["all", "unfinished", "none"]

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
BizId = Annotated[Id, msgspec.Meta(description="The CMDB business.")]
Texts = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(max_length=100)]
Word = Annotated[str, msgspec.Meta(max_length=200)]

T = TypeVar("T")


class TaskParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="system"):
    """The parameters that name one task of one system: what stands in `tasks:` and in /probe's query.

    Each system derives its own struct; the tag is the system's name.
    """

    #: The parameter that is the task's own id; a list tells it, and its place the rest.
    ID: ClassVar[str] = "task_id"

    name: Annotated[str, msgspec.Meta(description="What the page calls the task, whatever BlueKing calls it.")] = ""

    @property
    def identity(self) -> Identity:
        """The identity labels of this task."""
        raise NotImplementedError

    @property
    def labels(self) -> Labels:
        """What is known of the task before it was ever asked for: the configured name, which wins over BlueKing's."""
        return Labels(task_name=self.name)

    @property
    def query(self) -> dict[str, str]:
        """What `/probe` and `/task` know the task by: its system and parameters, without its name and the defaults."""
        given = msgspec.to_builtins(self)
        defaults = dict(zip(self.__struct_fields__[::-1], self.__struct_defaults__[::-1], strict=False))
        return {
            key: str(value)
            for key, value in given.items()
            if key != "name" and (key not in defaults or value != defaults[key])
        }


class AllowParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="system"):
    """The parameters that name one business, project or space of one system: what stands in `probe.allow`."""

    @property
    def place(self) -> Place:
        """The place, as the identities of its tasks have it."""
        raise NotImplementedError


class DiscoverParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="system"):
    """One listing of tasks: what stands in `discover:`. Each system adds the place and the filters that it really has.

    Durations are seconds.
    """

    #: Filters that somebody may look for, and why they cannot be had.
    REFUSED: ClassVar[Mapping[str, str]] = {}

    name: Annotated[
        str,
        msgspec.Meta(description="The label `discovery` of this listing; needed only where two list the same place."),
    ] = ""
    created_within: Annotated[
        float,
        msgspec.Meta(ge=60, le=366 * 86400, description="How old a task may be.", extra=dict(DURATION)),
    ] = 86400.0
    keep_finished: Annotated[
        float,
        msgspec.Meta(
            ge=0,
            le=366 * 86400,
            description="How long a finished task stays on the page: two scrapes at least should see its end.",
            extra=dict(DURATION),
        ),
    ] = 3600.0
    limit: Annotated[
        int,
        msgspec.Meta(ge=1, le=100_000, description="Most entries of BlueKing's list that are read, the newest first."),
    ] = 500
    refresh: Annotated[
        float,
        msgspec.Meta(
            ge=1,
            le=86400,
            description="A scrape lists anew at most this often.",
            extra=dict(DURATION),
        ),
    ] = 60.0

    @property
    def place(self) -> Place:
        """The place whose tasks are listed."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The value of the label `discovery`; no two listings of a configuration share one."""
        return self.name or str(self.place)


@dataclass(frozen=True, slots=True)
class Site:
    """How one system is reached here: what decides which request is the right one."""

    route: str
    api: str


@dataclass(frozen=True, slots=True)
class Request:
    """One question to BlueKing, as data. `path` is below the configured URL; credentials are added at the rim.

    `idempotent` is false where even a read changes something upstream, so that it is never sent twice on suspicion.
    """

    operation: str
    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading an answer may depend on beside the answer: the moment, and the zone of times without offset."""

    now: float
    zone: tzinfo


class Bulk(Protocol):
    """How a system answers for many tasks at once."""

    @property
    def operation(self) -> str:
        """What BlueKing calls it."""
        ...

    @property
    def size(self) -> int:
        """Most tasks of one call."""
        ...

    def key(self, params: Any, site: Site, nodes: Nodes) -> Hashable | None:
        """Tasks with equal keys can share a call; None: this one must be asked for singly."""
        ...

    def request(self, batch: Sequence[Any], site: Site) -> Request:
        """Ask for all tasks of a batch."""
        ...

    def split(self, data: bytes, batch: Sequence[Any]) -> list[bytes | TaskError]:
        """The raw answer for each task of the batch, in its order; an error where the answer lacks it."""
        ...

    def read(self, item: bytes, params: Any, reading: Reading) -> Task:
        """One task from its part of the batch's answer."""
        ...


class System(Protocol):
    """One BlueKing system's dialect."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constants satisfy this Protocol)
        """The word of the label `system`."""
        ...

    @property
    def TITLE(self) -> str:  # noqa: N802
        """What people call it."""
        ...

    @property
    def ROUTES(self) -> Mapping[str, Sequence[str]]:  # noqa: N802
        """Routes by which it can be asked, the default first; and for each its APIs, the default first."""
        ...

    @property
    def STATES(self) -> Sequence[State]:  # noqa: N802
        """The states that this system can be in, in the order of the vocabulary."""
        ...

    @property
    def Params(self) -> type[TaskParams]:  # noqa: N802
        """The parameters of one task."""
        ...

    @property
    def Allow(self) -> type[AllowParams]:  # noqa: N802
        """The parameters of one business or space."""
        ...

    @property
    def MIN_INTERVAL(self) -> Mapping[str, float]:  # noqa: N802
        """Seconds between two readings of one task, per API, where reading has side effects."""
        ...

    @property
    def BULK(self) -> Bulk | None:  # noqa: N802
        """How it answers for many tasks at once, if it can."""
        ...

    @property
    def LISTING(self) -> Listing | None:  # noqa: N802
        """How it lists its tasks, if it can."""
        ...

    def request(self, params: Any, site: Site, /) -> Request:
        """Ask for one task."""
        ...

    def read(self, data: bytes, params: Any, reading: Reading, /) -> Task:
        """Read the `data` of a good answer; raises TaskError (malformed, not_found), and nothing else."""
        ...

    def detail_request(self, params: Any, site: Site, /) -> Request:
        """Ask for one task and why it failed: for a person who looks at one task, as it may cost BlueKing more."""
        ...

    def read_detail(self, data: bytes, params: Any, reading: Reading, /) -> Task:
        """Read the answer to that into a task with its `failures`; raises what `read` raises."""
        ...


def operations(system: System, site: Site, *, lists: bool = False) -> tuple[str, ...]:
    """What a system is asked at this site, as the label `operation` says it; `lists`: also for lists of tasks."""
    more = (system.BULK, system.LISTING if lists else None)
    return (site.api, *(each.operation for each in more if each is not None))


def where(system: System, params: TaskParams | AllowParams | DiscoverParams) -> dict[str, Any]:
    """Those of the parameters that name the place: a task, a listing and an entry of `probe.allow` have them alike."""
    return {name: getattr(params, name) for name in system.Allow.__struct_fields__}


def listed(system: System, discover: DiscoverParams, task_id: int) -> TaskParams:
    """The parameters of a task that a listing named."""
    return system.Params(**(where(system, discover) | {system.Params.ID: task_id}))


def malformed(message: str) -> TaskError:
    """The error of an answer that is not what this system answers."""
    return TaskError(Reason.MALFORMED, message)


def decode(data: bytes, decoder: msgspec.json.Decoder[T], what: str) -> T:
    """Decode one answer, leniently if it must be, or say that it is malformed.

    Depth is bounded by the interpreter's own recursion limit.
    """
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise malformed(f"{what}: nested too deeply") from None
    try:
        return decoder.decode(cleaned(data))
    except (msgspec.MsgspecError, ValueError) as error:
        raise malformed(f"{what}: {error}") from None
    except RecursionError:
        raise malformed(f"{what}: nested too deeply") from None


# --- loosely typed values: whatever comes, a value or None, never an exception ---------------------------------------


def number(value: object) -> float | None:
    """A finite number, also one that came as a string ("35"); None for anything else."""
    if type(value) is int or type(value) is float:
        read: float = value
    elif isinstance(value, str) and len(value) <= 32 and "_" not in value:  # Python's own "1_000" is nobody else's
        try:
            read = float(value)
        except ValueError:
            return None
    else:
        return None
    return read if -1e15 < read < 1e15 and math.isfinite(read) else None


def seconds(value: object) -> float | None:
    """A duration; negative ones are upstream's clocks disagreeing, and unknown to us."""
    if type(value) is int and 0 <= value < 1e12:  # what is nearly always sent
        return value
    read = number(value)
    return read + 0.0 if read is not None and read >= 0 else None  # -0.0 becomes 0.0


def count(value: object) -> int | None:
    """A whole number from 0; None for anything else."""
    if type(value) is int and 0 <= value < 1e12:  # what is nearly always sent
        return value
    read = seconds(value)
    return int(read) if read is not None and read == int(read) else None


_FLAGS = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}


def flag(value: object) -> bool | None:
    """A yes or no: a bool, 0 or 1, or one of these as text."""
    if type(value) is bool:
        return value
    if isinstance(value, str):
        return _FLAGS.get(value.lower())
    return _FLAGS.get(value) if isinstance(value, int) else None


def text(value: object) -> str:
    """A text; numbers are written out, everything else is empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else ""


@functools.lru_cache(maxsize=1 << 16)
def _timestamp(value: str, zone: tzinfo) -> float | None:
    try:
        when = datetime.fromisoformat(value.strip().replace(" +", "+").replace(" -", "-"))
        stamp = (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return stamp if stamp > 0 else None


def timestamp(value: object, zone: tzinfo) -> float | None:
    """Seconds since the epoch from any of BlueKing's formats; None for null, "", and what is no time.

    With or without a space before the offset, `Z`, `+0800`, `+08:00`, fractions; without offset it is in `zone`.
    """
    return _timestamp(value, zone) if isinstance(value, str) and 0 < len(value) <= 40 else None


def elapsed_seconds(
    state: State, reported: float | None, start: float | None, finish: float | None, now: float
) -> float | None:
    """What BlueKing reports; else finish, or now, minus start; None when unknown.

    Only what is over has stopped its clock: what failed may be retried, and is still waited for.
    Nobody ever stops the clock of a revoked task without finish time, so what is reported for it means nothing.
    """
    if finish is None and state is State.REVOKED:
        return None
    if reported is not None:
        return reported
    end = finish if finish is not None else None if state in OVER else now
    return None if start is None or end is None else max(0.0, end - start)


def table(value: object, *, limit: int = 64) -> dict[str, int]:
    """Named counts from a JSON object; what is no count is left out, and so is what exceeds `limit` names."""
    if not isinstance(value, Mapping):
        return {}
    counts = {str(name): read for name, item in value.items() if (read := count(item)) is not None}
    return dict(list(counts.items())[:limit])
