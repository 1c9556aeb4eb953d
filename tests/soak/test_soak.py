"""A small share of the soak: what is counted there grows in none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.parts import BURST, PARTS, RATE, over_the_bucket
from tests.soak.week import live

#: Of 10,000 connections, enough to meet the limit.
SHARES = {"scrapes": 0.03, "crowd": 0.02, "connections": 0.2, "reloads": 0.02, "trouble": 0.02}


@pytest.mark.real
@pytest.mark.parametrize("part", SHARES)
def test_nothing_is_left_behind(part: str, tmp_path: Path) -> None:
    """Neither by scrapes, crowds, connections and reloads nor by a bad day, on which no request is one too many."""
    counted = [row for row in PARTS[part](SHARES[part], tmp_path) if row.counted]
    assert counted
    assert [row for row in counted if not row.fine] == []


def test_hours_leave_nothing_behind() -> None:
    """Tasks that nobody asks for any more are forgotten, and so is all that was made for them."""
    assert not live(8, scrapes_an_hour=6).grown


def test_too_many_requests_are_noticed() -> None:
    """More than the rate allows for long, or more than the burst at once."""
    assert over_the_bucket([each / RATE for each in range(500)]) == 0
    assert over_the_bucket([each / RATE / 1.2 for each in range(500)]) > 50
    assert over_the_bucket([0.0] * (BURST + 10)) == 5
