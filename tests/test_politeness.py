"""The token bucket and the breaker."""

from __future__ import annotations

import asyncio

import pytest

from exporter.errors import Reason, TaskError
from exporter.politeness import REFUSALS, Breaker, Bucket
from tests.virtual_time import Clock, run


def test_a_burst_passes_at_once_and_the_rest_at_the_rate():
    """A bucket of 3 at 2 a second lets 3 through now, and 4 more in two seconds."""

    async def main(clock: Clock) -> list[float]:
        bucket = Bucket(2.0, 3, clock.steady)
        began = clock.now
        await asyncio.gather(*(took(bucket, clock) for _ in range(7)))
        return [moment - began for moment in moments]

    moments: list[float] = []

    async def took(bucket: Bucket, clock: Clock) -> None:
        await bucket.take()
        moments.append(clock.now)

    assert run(main) == pytest.approx([0, 0, 0, 0.5, 1, 1.5, 2])


def test_a_waiter_that_gives_up_costs_nobody_a_token():
    """After a cancelled wait the next one waits no longer than it would have anyway."""

    async def main(clock: Clock) -> float:
        bucket = Bucket(1.0, 1, clock.steady)
        await bucket.take()
        waiter = asyncio.create_task(bucket.take())
        await asyncio.sleep(0.5)
        waiter.cancel()
        return await bucket.take()

    assert run(main) == pytest.approx(0.5)


def test_a_clock_that_steps_back_neither_fills_nor_empties_the_bucket():
    """Tokens stay what they were."""

    async def main(clock: Clock) -> int:
        bucket = Bucket(1.0, 5, clock.steady)
        for _ in range(5):
            await bucket.take()
        clock.now -= 500
        return bucket.within(2.0)

    assert run(main) == 2


def _refusal() -> TaskError:
    return TaskError(Reason.AUTH, "wrong secret", code="1640001", explicit=True)


async def _admitted(breaker: Breaker) -> bool:
    try:
        async with breaker.admission():
            return True
    except TaskError:
        return False


def test_several_refused_credentials_leave_the_system_alone_until_the_next_page():
    """The next page asks one request first; when it is refused too, nobody else asks."""

    async def main(clock: Clock) -> list[object]:
        breaker = Breaker(clock.steady)
        seen: list[object] = []
        for _ in range(REFUSALS):
            seen.append(await _admitted(breaker))
            breaker.refused(_refusal())
        seen.append(await _admitted(breaker))
        breaker.begin_page()
        others = []
        async with breaker.admission():
            others = [asyncio.create_task(_admitted(breaker)) for _ in range(3)]
            await asyncio.sleep(1)
            seen.append([task.done() for task in others])
            breaker.refused(_refusal())
        seen.append(await asyncio.gather(*others))
        return seen

    assert run(main) == [True] * REFUSALS + [False, [False] * 3, [False] * 3]


def test_a_good_answer_to_the_first_request_lets_the_others_in():
    """... without waiting for another page."""

    async def main(clock: Clock) -> list[bool]:
        breaker = Breaker(clock.steady)
        for _ in range(REFUSALS):
            breaker.refused(_refusal())
        breaker.begin_page()
        async with breaker.admission():
            others = [asyncio.create_task(_admitted(breaker)) for _ in range(3)]
            await asyncio.sleep(1)
            breaker.answered()
        return await asyncio.gather(*others)

    assert run(main) == [True, True, True]


@pytest.mark.parametrize(
    "error",
    [
        TaskError(Reason.AUTH, "a login page"),
        TaskError(Reason.SERVER, "HTTP 500"),
        TaskError(Reason.TIMEOUT, "late"),
        TaskError(Reason.THROTTLED, "no reset time", explicit=True),
        TaskError(Reason.MALFORMED, "garbage"),
    ],
)
def test_any_other_failure_costs_only_its_own_task(error: TaskError):
    """However often it comes."""

    async def main(clock: Clock) -> bool:
        breaker = Breaker(clock.steady)
        for _ in range(100):
            breaker.refused(error)
        return await _admitted(breaker)

    assert run(main)


def test_refusals_with_a_good_answer_between_are_about_single_tasks():
    """Only refusals in a row say that it is us."""

    async def main(clock: Clock) -> bool:
        breaker = Breaker(clock.steady)
        for _ in range(20):
            breaker.refused(_refusal())
            breaker.answered()
        return await _admitted(breaker)

    assert run(main)


def test_a_throttling_answer_with_a_reset_time_is_obeyed_across_pages():
    """New pages do not ask before; afterwards one request goes first."""

    async def main(clock: Clock) -> list[object]:
        breaker = Breaker(clock.steady)
        breaker.refused(TaskError(Reason.THROTTLED, "slow down", retry_after=30.0, explicit=True))
        seen: list[object] = [await _admitted(breaker)]
        breaker.begin_page()
        seen.append(await _admitted(breaker))
        await asyncio.sleep(31)
        async with breaker.admission():
            other = asyncio.create_task(_admitted(breaker))
            await asyncio.sleep(1)
            seen.append(other.done())
            breaker.answered()
        seen.append(await other)
        return seen

    assert run(main) == [False, False, False, True]
