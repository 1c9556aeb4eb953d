"""What can go wrong, as data.

UserError             the user can mend it: one clear line, exit code 1
└── ConfigError       every problem of a configuration file at once
TaskError             one request to BlueKing failed; `reason` is one word of a closed vocabulary
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a task could not be read; the values of the label `reason`."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    BAD_URL = "bad_url"
    THROTTLED = "throttled"
    SERVER = "server"
    MALFORMED = "malformed"
    REFUSED = "refused"


class UserError(Exception):
    """Something the user can mend. The message is one line that says what, where, and the cure."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file: where it stands, what is wrong, and the cure."""

    line: int
    path: str
    message: str
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(UserError):
    """A configuration that is refused, with every problem that was found in it."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """`config.yaml:12: tasks[3].task_id: missing (...)`, one line for each problem, in the order of the file."""
        ordered = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        return [f"{self.file}:{p.line}: {p}" if p.line else f"{self.file}: {p}" for p in ordered]


class TaskError(Exception):
    """A task, or a batch of tasks, could not be read.

    `message` is for people: ours, or what BlueKing said, already cut to a sane length and free of secrets.
    `code` and `request_id` are BlueKing's own, for its support. `retry_after` are the seconds after which a
    throttled caller may come back, as BlueKing said. `explicit` is true where BlueKing refused in its own words
    (an envelope with a code); a login page or a redirect is not explicit. `begun` is true where an answer came in
    part: that may be this answer's trouble, and need not be the system's. `settled` is true where asking again changes
    nothing.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        explicit: bool = False,
        begun: bool = False,
        settled: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.explicit = explicit
        self.begun = begun
        self.settled = settled

    def bare(self) -> TaskError:
        """The same, to be kept: without the frames that it came through, one of which holds the whole answer."""
        self.__traceback__ = self.__context__ = None
        return self

    def __str__(self) -> str:
        return f"{self.message} (code {self.code})" if self.code else self.message
