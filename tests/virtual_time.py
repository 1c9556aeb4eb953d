"""An event loop whose clock jumps: a test of a ten-second timeout takes no time, and is the same every time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Never waits: where the loop would sleep, its clock moves instead."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("everything waits for something that never comes")
            self._clock.now += max(0.0, timeout)
        return ready


class Clock:
    """Both clocks of a test: `steady` is the loop's, `wall` runs with it from 2026-11-22 00:00 UTC."""

    def __init__(self) -> None:
        self.now = 1000.0

    def steady(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1795305600.0 - 1000.0 + self.now


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__(_Selector(clock))
        self._test_clock = clock

    def time(self) -> float:
        return self._test_clock.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """At once: while a real thread works, a clock that jumps would pass every deadline."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (whoever awaits it gets it)
            future.set_exception(error)
        return future


def loop(clock: Clock) -> asyncio.AbstractEventLoop:
    """A loop whose time is this clock's."""
    return _Loop(clock)


def run(main: Callable[[Clock], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in virtual time."""
    clock = Clock()
    with asyncio.Runner(loop_factory=lambda: loop(clock)) as runner:
        return runner.run(main(clock))
