"""Moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

#: The calendar's last second.
_LAST = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()


def moment(when: float, zone: tzinfo) -> datetime:
    """Seconds since the epoch, whatever BlueKing may have sent; in UTC where the zone is beyond the calendar's end."""
    utc = datetime.fromtimestamp(min(max(0.0, when), _LAST), UTC)
    try:
        return utc.astimezone(zone)
    except OverflowError:
        return utc
