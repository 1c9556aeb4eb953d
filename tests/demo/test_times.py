"""Each system writes a time in its own way, and one moment is one moment in all of them."""

import pytest

from exporter.demo import times

AT = 1_606_961_556.080806


def test_the_forms() -> None:
    """The forms are those of upstream's answers."""
    assert times.spaced(AT) == "2020-12-03 10:12:36 +0800"
    assert times.spaced_utc(AT) == "2020-12-03 02:12:36 +0000"
    assert times.compact(AT) == "2020-12-03 10:12:36+0800"
    assert times.naive(AT) == "2020-12-03 10:12:36"
    assert times.iso_milliseconds(AT) == "2020-12-03T02:12:36.080Z"
    assert times.utc_text(AT) == "2020-12-03 02:12:36.080806+00:00"
    assert times.utc_text(1_606_961_556.0) == "2020-12-03 02:12:36+00:00"


@pytest.mark.parametrize("write", [times.spaced, times.spaced_utc, times.compact, times.naive, times.iso_milliseconds])
def test_filters_read_them(write: object) -> None:
    """What a list shows can be used to filter it."""
    assert callable(write)
    assert int(times.parse(write(AT))) == int(AT)


def test_no_time() -> None:
    """What is no time is refused."""
    with pytest.raises(ValueError, match="yesterday"):
        times.parse("yesterday")
