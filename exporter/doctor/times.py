"""What times tell: whether the clocks agree, and whether times without offset are read in the right zone. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

from exporter.config import zones
from exporter.doctor.findings import Finding, fine, found
from exporter.errors import TaskError
from exporter.model import Identity, Task
from exporter.moments import moment

#: Seconds by which clocks may differ: below that nothing that we show is wrong by more than a scrape interval.
CLOSE = 10.0
#: Seconds that a time may lie in the future, beside what the clocks differ.
SLACK = 60.0

Read = Callable[[tzinfo], Task]


def ahead_of(date: str | None, now: float) -> float | None:
    """By how many seconds the clock that wrote a `Date` header is ahead of ours; None where there is no such header.

    The header has whole seconds: half a second is what is lost on average.
    """
    try:
        when = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() + 0.5 - now


def clock(system: str, aheads: Sequence[float]) -> Iterator[Finding]:
    """Compare the clocks by the answer that took the shortest way, which is the least late."""
    if not aheads:
        return
    ahead = min(aheads, key=abs)
    who = "BlueKing's is ahead of ours" if ahead > 0 else "ours is ahead of BlueKing's"
    if abs(ahead) > CLOSE:
        yield found(system, "clock", "clock", detail=f"{who} by {duration(abs(ahead))}.")
    else:
        yield fine(system, "clock", f"{abs(ahead):.0f} s apart")


def latest(task: Task) -> float:
    """The latest time that a task tells of; -inf where it tells none."""
    return max((time for time in (task.start, task.finish) if time is not None), default=-math.inf)


def times(
    system: str, tasks: Sequence[tuple[Identity, Task]], now: float, zone: tzinfo, reread: Read | None
) -> Iterator[Finding]:
    """Look for times in the future. `now` is BlueKing's own; `reread` reads the task with the latest one anew."""
    known = [(identity, latest(task)) for identity, task in tasks if latest(task) > -math.inf]
    if not known:
        return
    newest = max(time for _, time in known)
    naive = has_no_offset(reread, zone)
    shown = zones.written(zone)
    if newest <= now + SLACK:
        how = f", read as {shown} because it has no offset: is that so?" if naive else ""
        yield fine(system, "times", f"the latest is {duration(max(0.0, now - newest))} ago{how}")
        return
    future = [identity for identity, time in known if time > now + SLACK]
    said = f"The latest is {duration(newest - now)} ahead of now"
    if naive:
        hint = f"{said}, read as {shown}; it would be past at {offset_for(newest, now, zone)} or east of it."
        yield found(system, "times", "time_zone", detail=hint, tasks=future)
    else:
        yield found(system, "times", "future", detail=f"{said}, and says its own offset.", tasks=future)


def has_no_offset(reread: Read | None, zone: tzinfo) -> bool:
    """Whether a task's times depend on the zone that they are read in."""
    if reread is None:
        return False
    other = timezone((zone.utcoffset(datetime.now(UTC).replace(tzinfo=None)) or timedelta()) - timedelta(hours=1))
    try:
        return latest(reread(zone)) != latest(reread(other))
    except TaskError:
        return False


def offset_for(newest: float, now: float, zone: tzinfo) -> str:
    """The least offset, in whole half hours, at which a time that was read in `zone` is not in the future."""
    read_at = moment(newest, zone).utcoffset() or timedelta()
    halves = math.ceil((read_at.total_seconds() + newest - now) / 1800)
    sign, minutes = "-" if halves < 0 else "+", abs(halves) * 30
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"


def duration(seconds: float) -> str:
    """Seconds as people say them: the two largest units."""
    parts = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    rest, words = int(seconds), []
    for size, unit in parts:
        if rest >= size:
            words.append(f"{rest // size} {unit}")
            rest %= size
    return " ".join(words[:2]) or "0 s"
