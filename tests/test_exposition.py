"""Which format and encoding a client gets, and gzip."""

import gzip as standard_gzip
from collections.abc import Iterator
from random import Random

import pytest

from exporter import exposition
from exporter.exposition import accepts_gzip, negotiate

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OLD_OPENMETRICS = "application/openmetrics-text; version=0.0.1; charset=utf-8"

PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_3 = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + PROMETHEUS_3
)
PROMETHEUS_3_TEXT_FIRST = "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PROMETHEUS_2_42, OPENMETRICS),
        (PROMETHEUS_2_3, OLD_OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        (PROMETHEUS_3_PROTOBUF, OPENMETRICS),
        (PROMETHEUS_3_TEXT_FIRST, TEXT),
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/*", OPENMETRICS),
        ('APPLICATION/OpenMetrics-Text ; Version="0.0.1"', OLD_OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0,*/*", TEXT),
        ("text/plain;q=0,*/*;q=0.5", OPENMETRICS),
        ("application/openmetrics-text;q=0.0", TEXT),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;q=1e9", TEXT),
        ("application/openmetrics-text;q=nan", TEXT),
        ("application/openmetrics-text;q=-1", TEXT),
        ("application/openmetrics-text;q=", TEXT),
        ("application/json", TEXT),
        (";;;,,,=;q=;\x00\xff", TEXT),
        ("x," * 100_000, TEXT),
        ("," * 5_000 + "application/openmetrics-text", TEXT),
    ],
)  # fmt: skip
def test_format(accept: str | None, content_type: str) -> None:
    """The best of what the client names, by its q-values; text 0.0.4 where it names nothing that we have."""
    form = negotiate(accept)
    assert form.content_type == content_type
    assert form.openmetrics == content_type.startswith("application/")


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("deflate, gzip;q=0.1", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("*", True),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", True),
        (None, False),
        ("", False),
        ("identity", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity;q=1, gzip;q=0.5", False),
        ("gzip;q=maybe", False),
        ("notgzip", False),
    ],
)
def test_encoding(accept_encoding: str | None, expected: bool) -> None:
    """Gzip where the client takes it, by its q-values, and does not like the plain page better."""
    assert accepts_gzip(accept_encoding) is expected


@pytest.mark.parametrize(
    "chunks", [[], [b""], [b"one line\n"], [b"line %d\n" % number * 10_000 for number in range(20)]]
)
def test_gzip_gives_the_same_page(chunks: list[bytes]) -> None:
    """What is compressed is, unpacked by another library, what was given."""
    assert standard_gzip.decompress(b"".join(exposition.gzip(chunks))) == b"".join(chunks)


def test_gzip_is_a_stream() -> None:
    """A page is compressed as it comes, and never held as a whole."""
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for seed in range(100):
            taken += 1
            yield Random(seed).randbytes(50_000)

    next(exposition.gzip(chunks()))
    assert taken < 100
