"""Moments of which calendars know too little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from exporter.moments import moment

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_moment_is_shown_in_its_zone():
    """As everybody expects."""
    assert moment(0.0, timezone(timedelta(hours=8))).isoformat() == "1970-01-01T08:00:00+08:00"


@pytest.mark.parametrize("hours", [8, 0, -8])
def test_the_calendar_ends_somewhere(hours: int):
    """The last moment of all is one in every zone; what is beyond is shown as that, and what makes no sense as the first."""
    zone = timezone(timedelta(hours=hours))
    assert moment(LAST.timestamp(), zone) == moment(1e300, zone) == LAST
    assert moment(float("nan"), zone).timestamp() == moment(-1e300, zone).timestamp() == 0
