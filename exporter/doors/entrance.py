"""What clients meet before the doors."""

from __future__ import annotations

from typing import Protocol

from starlette.types import ASGIApp

from exporter.connections import Tls


class Entrance(Protocol):
    """Who is let in, and over which kind of connection."""

    def guard(self, app: ASGIApp) -> ASGIApp:
        """The application, for those only who are let in."""
        ...

    def security(self) -> Tls | None:
        """How the next connection is secured; None: not at all."""
        ...

    def check(self) -> None:
        """Raises UserError if what the entrance is made from would be refused at a start."""
        ...

    def close(self) -> None:
        """Let nobody in any more."""
        ...


class _Open:
    """Everybody, in clear."""

    def guard(self, app: ASGIApp) -> ASGIApp:
        return app

    def security(self) -> None:
        return None

    def check(self) -> None:
        return None

    def close(self) -> None:
        return None


OPEN: Entrance = _Open()
