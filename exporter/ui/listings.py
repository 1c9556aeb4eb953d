"""How each discovery is: when its list was last read, how many tasks it knows, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    def trouble(self) -> str:
        """The text that says why somebody should look at it; empty where nobody needs to."""
        if self.error is not None:
            return f"reason.{self.error.reason}"
        return "listing.truncated" if self.truncated else ""


def grouped(listings: Iterable[Listing]) -> list[tuple[str, Sequence[Listing]]]:
    """Listings with equal trouble together, those with errors first and those without any trouble last."""
    groups: dict[str, list[Listing]] = {}
    for listing in listings:
        groups.setdefault(listing.trouble, []).append(listing)
    return sorted(groups.items(), reverse=True, key=lambda group: (group[0].startswith("reason."), group[0]))
