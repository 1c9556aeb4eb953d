"""How hard one system may be asked: a token bucket, a bound on connections, and a breaker that leaves it alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from exporter.errors import Reason, TaskError

#: Shortest wait for a token, in seconds: rounding must not make a waiter spin.
_GRAIN = 0.001

#: Refusals of our credentials, with no good answer between, after which the rest of the page is not asked for.
REFUSALS = 3


class Bucket:
    """A token bucket: `rate` tokens a second, `burst` at once. Waiters are served in order.

    Nothing is reserved: a waiter that gives up costs nobody a token.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = max(1, burst)
        self._clock = clock
        self._tokens = float(self._burst)
        self._filled = clock()
        self._turn = asyncio.Lock()

    async def take(self) -> float:
        """Wait for a token; the seconds that it took, 0 if there was one."""
        if not self._turn.locked() and self._fill() >= 1.0:
            self._tokens -= 1.0
            return 0.0
        began = self._clock()
        async with self._turn:
            while (missing := 1.0 - self._fill()) > 0:  # noqa: ASYNC110 (time is what is waited for)
                await asyncio.sleep(max(missing / self._rate, _GRAIN))
            self._tokens -= 1.0
        return self._clock() - began

    def within(self, seconds: float) -> int:
        """How many tokens can be had within that time."""
        return int(self._fill() + self._rate * max(0.0, seconds))

    def _fill(self) -> float:
        """A clock that steps back adds nothing."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled) * self._rate)
        self._filled = now
        return self._tokens


class Breaker:
    """Leaves a system alone that refuses our credentials again and again, or throttles us until a stated time.

    After refusals it stays alone for the rest of the page; the next page asks one request first. After a throttling
    answer with a reset time it stays alone until then, whatever page comes. One bad answer of any other kind costs
    only the task that got it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refusals = 0
        self._cause: TaskError | None = None
        self._until = 0.0
        self._suspect = False
        self._trial: asyncio.Event | None = None

    @property
    def cause(self) -> TaskError | None:
        """Why the system is left alone now, if it is."""
        if self._cause is not None and self._cause.reason is Reason.THROTTLED and self._clock() >= self._until:
            self._cause, self._suspect = None, True
        return self._cause

    def begin_page(self) -> None:
        """A page may ask again, with one request first, what refused the page before."""
        if self._cause is not None and self._cause.reason is Reason.AUTH:
            self._cause, self._suspect = None, True

    @asynccontextmanager
    async def admission(self) -> AsyncIterator[None]:
        """Ask within this; raises the cause while the system is left alone."""
        while self._raise_cause() and self._suspect and self._trial is not None:
            await self._trial.wait()
        if not self._suspect:
            yield
            return
        self._trial = trial = asyncio.Event()
        try:
            yield
        finally:
            self._trial = None
            trial.set()

    def _raise_cause(self) -> bool:
        if (cause := self.cause) is not None:
            raise _again(cause)
        return True

    def answered(self) -> None:
        """Any answer that shows that the system talks to us."""
        self._refusals, self._suspect = 0, False

    def refused(self, error: TaskError) -> None:
        """Weigh one failure."""
        if error.reason is Reason.AUTH and error.explicit:
            self._refusals += 1
            if self._suspect or self._refusals >= REFUSALS:
                self._cause, self._suspect = error, False
        elif error.reason is Reason.THROTTLED and error.retry_after is not None:
            self._cause, self._suspect = error, False
            self._until = max(self._until, self._clock() + error.retry_after)
        else:
            self._suspect = False
            if error.explicit and error.reason is not Reason.THROTTLED:
                self._refusals = 0  # it knows us; the rest is about one task


def _again(cause: TaskError) -> TaskError:
    """The same refusal for a request that was not sent."""
    return TaskError(cause.reason, f"not asked: {cause.message}", code=cause.code, explicit=cause.explicit)
