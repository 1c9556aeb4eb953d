"""How times, durations and counts are said."""

from datetime import UTC, timedelta, timezone

import pytest

from exporter.ui.language import Language
from exporter.ui.speech import Speech
from tests.answers import NOW, READING

ENGLISH = Speech("en", NOW, READING.zone)
CHINESE = Speech("zh", NOW, READING.zone)


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (None, "–", "–"),
        (0, "0 s", "0 秒"),
        (0.0004, "1 ms", "1 毫秒"),
        (0.25, "250 ms", "250 毫秒"),
        (59.4, "59 s", "59 秒"),
        (59.6, "1 min", "1 分"),
        (61, "1 min 1 s", "1 分 1 秒"),
        (3600, "1 h", "1 小时"),
        (3601, "1 h", "1 小时"),
        (4000, "1 h 6 min", "1 小时 6 分"),
        (90_061, "1 d 1 h", "1 天 1 小时"),
        (400 * 86400, "400 d", "400 天"),
        (1e9, "11,574 d 1 h", "11,574 天 1 小时"),
    ],
)
def test_durations_are_said_in_two_units(seconds: float | None, english: str, chinese: str):
    """As people say them: nobody wants the seconds of a day."""
    assert ENGLISH.duration(seconds) == english
    assert CHINESE.duration(seconds) == chinese


@pytest.mark.parametrize(
    ("age", "english", "chinese"),
    [(0, "just now", "刚刚"), (12, "12 s ago", "12 秒前"), (-5, "just now", "刚刚"), (7200, "2 h ago", "2 小时前")],
)
def test_ages_are_said_from_now(age: float, english: str, chinese: str):
    """What a clock puts into the future is now."""
    assert ENGLISH.ago(NOW - age) == english
    assert CHINESE.ago(NOW - age) == chinese


def test_times_are_in_the_configured_zone():
    """With the date, unless it is the one beside it; for machines in UTC."""
    assert ENGLISH.clock(NOW) == "2026-11-22 16:00:00"
    assert ENGLISH.clock(NOW, NOW - 3600) == "16:00:00"
    assert ENGLISH.clock(NOW, NOW - 86400) == "2026-11-22 16:00:00"
    assert ENGLISH.machine(NOW) == "2026-11-22T08:00:00Z"
    assert ENGLISH.offset() == "UTC+08:00"
    assert Speech("en", NOW, timezone(timedelta(hours=-3, minutes=-30))).offset() == "UTC-03:30"


@pytest.mark.parametrize("when", [-1e300, -1, 1e300, 1e12])
def test_no_time_is_beyond_a_calendar(when: float):
    """A page is drawn whatever stands in an answer."""
    assert Speech("en", NOW, UTC).clock(when).count("-") == 2


@pytest.mark.parametrize(
    ("language", "one", "many"), [("en", "1 task", "2,000 tasks"), ("zh", "1 个任务", "2,000 个任务")]
)
def test_counts_have_a_plural(language: Language, one: str, many: str):
    """Where the language has one."""
    say = Speech(language, NOW, UTC)
    assert (say.count("task", 1), say.count("task", 2000)) == (one, many)
