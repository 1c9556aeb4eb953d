"""Time zones as configurations name them."""

from __future__ import annotations

import functools
import re
import zoneinfo
from datetime import UTC, timedelta, timezone, tzinfo

from exporter.config.words import shown, suggestion

#: The zone of BlueKing's own settings, and all of its times without offset.
DEFAULT = "Asia/Shanghai"

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
_UTC = frozenset({"Z", "UTC"})


def parse(name: str) -> tzinfo:
    """The zone of an IANA name or a fixed offset (`+08:00`); raises ValueError with the cure."""
    if name in _UTC:
        return UTC
    if offset := _OFFSET.fullmatch(name):
        return _fixed(offset)
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if name == DEFAULT:  # a machine without a zone database; the offset has not changed since 1991
            return timezone(timedelta(hours=8), name)
        raise ValueError(_unknown(name)) from None


def written(zone: tzinfo) -> str:
    """The text that `parse` reads as this zone."""
    if isinstance(zone, zoneinfo.ZoneInfo):
        return zone.key
    name = zone.tzname(None) or ""
    return name if name in {"UTC", DEFAULT} else name.removeprefix("UTC")


def _fixed(offset: re.Match[str]) -> timezone:
    minutes = int(offset[2]) * 60 + int(offset[3])
    if minutes > 14 * 60 or int(offset[3]) >= 60:
        raise ValueError(f"no offset of any zone: {shown(offset[0])} (they go from -14:00 to +14:00)")
    return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))


@functools.cache
def _known() -> tuple[str, ...]:
    return tuple(sorted(zoneinfo.available_timezones()))


def _unknown(name: str) -> str:
    known = _known()
    hint = suggestion(name, known) if known else "this machine has no time zone database"
    cure = (
        hint if hint.startswith(("did", "this")) else "an IANA name such as Asia/Shanghai, or an offset such as +08:00"
    )
    return f"no such time zone: {shown(name)} ({cure})"
