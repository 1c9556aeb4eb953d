"""The forms in which BlueKing's four systems write a time. All take epoch seconds."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

SHANGHAI = timezone(timedelta(hours=8))


@lru_cache(maxsize=65536)
def _spaced(second: int) -> str:
    return datetime.fromtimestamp(second, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +0800")


def spaced(at: float) -> str:
    """`2026-01-02 03:04:05 +0800`: trees of bk-sops and BKFlow."""
    return _spaced(int(at))


def spaced_utc(at: float) -> str:
    """The same moment, as written by a bk-sops thread on which another user's zone is active."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def compact(at: float) -> str:
    """`2021-09-16 15:06:03+0800`: nodeman 2.x, and the lists of BKFlow and gsekit."""
    return _spaced(int(at)).replace(" +", "+")


def naive(at: float) -> str:
    """`2018-12-05 21:20:20`, without a zone: nodeman's legacy API."""
    return _spaced(int(at))[:19]


def iso_milliseconds(at: float) -> str:
    """`2020-08-17T12:13:53.320Z`: the old sops engine, and bk-sops' lists."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def utc_text(at: float) -> str:
    """`2020-12-03 02:12:36.080806+00:00`, without the fraction where it is 0: gsekit's `job_status`."""
    return str(datetime.fromtimestamp(at, UTC))


def parse(text: str) -> float:
    """Epoch seconds of a filter's time; ValueError if it is none. Shanghai where it names no zone."""
    moment = datetime.fromisoformat(text.strip().replace(" +", "+").replace(" -", "-"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).timestamp()
