"""Turns: who is next, who must go, and that little is kept of either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

from exporter import turns
from exporter.turns import BusyError, Lanes, Turns, neighbourhood


class Crowd:
    """Many who want one turn at a time; `served` and `gone` are those who had it, and those who were turned away."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns = Turns(1, lambda: self.now)
        self.served: list[Lanes] = []
        self.gone: list[Lanes] = []

    async def one(self, lanes: Lanes) -> None:
        try:
            async with self.turns.turn(lanes):
                await asyncio.sleep(0)
                self.served.append(lanes)
        except BusyError:
            self.gone.append(lanes)

    async def all(self, wanting: Iterable[Lanes]) -> None:
        await asyncio.gather(*map(self.one, wanting))


def run(main: Callable[[Crowd], Awaitable[Any]]) -> Crowd:
    async def wrapped() -> Crowd:
        crowd = Crowd()
        await main(crowd)
        return crowd

    return asyncio.run(wrapped())


GUESSER, SCRAPER, PERSON = ("guesser", "any"), ("scraper", "prometheus"), ("guesser", "person")


def test_so_many_have_a_turn_at_once() -> None:
    """The others wait until one of them is done."""
    most = 0

    async def main() -> None:
        having, two = 0, Turns(2)

        async def one(number: int) -> None:
            nonlocal having, most
            async with two.turn((number,)):
                having += 1
                most = max(most, having)
                await asyncio.sleep(0)
                having -= 1

        await asyncio.gather(*map(one, range(9)))

    asyncio.run(main())
    assert most == 2


def test_of_equals_the_first_is_the_first() -> None:
    """Nobody who had no turn overtakes another."""
    wanting = [(number, "user") for number in range(9)]
    assert run(lambda crowd: crowd.all(wanting)).served == wanting


def test_who_had_no_turn_goes_before_who_had_one() -> None:
    """However many turns somebody else waits for, at the same address too."""
    crowd = run(lambda crowd: crowd.all([*[GUESSER] * 20, SCRAPER, PERSON]))
    assert crowd.served[:4] == [GUESSER, SCRAPER, PERSON, GUESSER]


def test_an_address_has_no_more_turns_for_naming_more_users() -> None:
    """The address goes before the user."""
    guesses = [("guesser", f"user-{number}") for number in range(20)]
    assert run(lambda crowd: crowd.all([*guesses, SCRAPER])).served[1] == SCRAPER


def test_where_too_many_wait_the_newest_of_the_greediest_goes() -> None:
    """Never one who wants a single turn, at the same address as the greedy one or another."""
    many = [(f"guesser-{number % 30}", "any") for number in range(240)]
    crowd = run(lambda crowd: crowd.all([*[GUESSER] * 70, *many, SCRAPER, PERSON]))
    assert {SCRAPER, PERSON} <= set(crowd.served)
    assert len(crowd.served) == 65
    assert set(crowd.gone) == {GUESSER, *many}


def test_more_addresses_than_places_keep_nobody_out_who_is_new() -> None:
    """Who had a turn lately makes place."""
    many = [(f"guesser-{number}", "any") for number in range(80)]

    async def main(crowd: Crowd) -> None:
        for lanes in many:
            await crowd.one(lanes)
        await crowd.all([*many, SCRAPER])

    crowd = run(main)
    assert crowd.served[80:82] == [many[0], SCRAPER]
    assert len(crowd.gone) == 16


@pytest.mark.parametrize(("seconds", "first"), [(59.0, SCRAPER), (61.0, GUESSER)])
def test_a_turn_is_forgotten_after_a_minute(seconds: float, first: Lanes) -> None:
    """Who mistyped once is not behind for long."""

    async def main(crowd: Crowd) -> None:
        await crowd.one(GUESSER)
        crowd.now = seconds
        await crowd.all([("other", "user"), GUESSER, SCRAPER])

    assert run(main).served[2] == first


def test_nobody_is_behind_for_more_than_an_hour() -> None:
    """A proxy through which somebody guessed all night is as good as any other then."""

    async def main(crowd: Crowd) -> None:
        for _ in range(1000):
            await crowd.one(GUESSER)
        crowd.now = 3600.0
        await crowd.all([("other", "user"), GUESSER, SCRAPER])

    assert run(main).served[-2:] == [GUESSER, SCRAPER]


def test_what_is_known_of_lanes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever new names and addresses push out the oldest."""
    monkeypatch.setattr(turns, "_LANES", 10)

    async def main(crowd: Crowd) -> None:
        for number in range(100):
            await crowd.one((number, (number, "user")))

    assert [*run(main).turns._behind_until] == [
        lane for number in range(95, 100) for lane in (number, (number, "user"))
    ]


def test_a_failure_gives_the_turn_back() -> None:
    """The next one has it."""

    async def main(crowd: Crowd) -> None:
        with pytest.raises(ZeroDivisionError):
            async with crowd.turns.turn(GUESSER):
                raise ZeroDivisionError
        await crowd.one(SCRAPER)

    assert run(main).served == [SCRAPER]


def test_the_end_of_the_loop_is_the_end_of_waiting() -> None:
    """Whoever still waits leaves without a word."""

    async def main(crowd: Crowd) -> None:
        async with crowd.turns.turn(GUESSER):
            waiting = asyncio.create_task(crowd.one(SCRAPER))
            await asyncio.sleep(0)
            waiting.cancel()

    assert run(main).served == []


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_neighbourhoods(address: str, whose: str) -> None:
    """An address of IPv4 is one client, whichever way the socket writes it; of IPv6 it is a whole network."""
    assert neighbourhood(address) == whose
