"""How each discovery is: when its list was last read, how many tasks it knows, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from exporter.discovery import Discovery
from exporter.errors import TaskError


@dataclass(frozen=True, slots=True)
class Listing:
    """One discovery. `succeeded` is when its list was last read to its end, None if it never was."""

    name: str
    system: str
    tasks: int
    succeeded: float | None
    truncated: bool
    error: TaskError | None

    @classmethod
    def of(cls, discovery: Discovery) -> Self:
        """What is known of it now."""
        return cls(
            name=discovery.params.label,
            system=discovery.system,
            tasks=len(discovery.roster.targets),
            succeeded=discovery.succeeded,
            truncated=discovery.truncated,
            error=discovery.error,
        )

    @property
    def trouble(self) -> bool:
        """Whether somebody should look at it."""
        return self.error is not None or self.truncated
