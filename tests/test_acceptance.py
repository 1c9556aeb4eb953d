"""Headers by which a client says what it likes better."""

import pytest

from exporter.acceptance import Accepted, accepted


@pytest.mark.parametrize(
    ("header", "items"),
    [
        (None, [Accepted("")]),
        ("gzip;q=0, BR", [Accepted("gzip", quality=0.0), Accepted("br")]),
        ('text/plain; Version="0.0.4" ;q = 0.5', [Accepted("text/plain", {"version": "0.0.4"}, 0.5)]),
        ("a;q=7,b;q=-1,c;q=nan,d;q=x,e;q", [Accepted(name, quality=0.0) for name in "abcde"]),
        ("a" * 5000, [Accepted("a" * 4096)]),
    ],
)
def test_items(header: str | None, items: list[Accepted]) -> None:
    """Names and parameters in lower case, 1 where no q-value stands, 0 where it is none; no more than can be meant."""
    assert accepted(header) == items
