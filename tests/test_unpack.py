"""Bodies as they come in: bounded, whatever they unpack to."""

from __future__ import annotations

import gzip
import itertools
import os
import tracemalloc

import pytest

from exporter.errors import Reason, TaskError
from exporter.unpack import Body

MIB = 1 << 20


def read(data: bytes, encoding: str = "gzip", *, step: int = 1 << 16, most: int = 8 * MIB) -> bytes:
    body = Body(encoding, most)
    for start in range(0, len(data), step):
        for _ in body.feed(data[start : start + step]):
            pass
    return body.end()


@pytest.mark.parametrize("encoding", ["", "identity", "br", "utf-8"])
def test_what_is_not_gzip_is_taken_as_it_is(encoding: str) -> None:
    """Also where a header claims what was never asked for: that is nearly always the header's mistake."""
    assert read(b'{"a": 1}', encoding) == b'{"a": 1}'


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
@pytest.mark.parametrize("step", [1 << 10, 1 << 20, 1 << 24])
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZip "])
def test_gzip_is_unpacked(size: int, step: int, encoding: str) -> None:
    """Whatever the chunks on the wire, and whatever it is packed of."""
    for plain in (bytes(size), os.urandom(size)):
        assert read(gzip.compress(plain, 1), encoding, step=step) == plain


def test_what_comes_after_gzip_is_left_alone() -> None:
    """It belongs to nobody."""
    assert read(gzip.compress(b"a") + b"more", step=3) == b"a"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no gzip at all", "the answer's compression is broken"),
        (gzip.compress(b"{}")[:10] + b"\x07" + b"\xff" * 40, "the answer's compression is broken"),
        (gzip.compress(b"{}")[:-8] + bytes(8), "the answer's compression is broken"),
        (gzip.compress(b'{"result": true}' * 99)[:-9], "the compressed answer is cut off"),
        (gzip.compress(b"")[:3], "the compressed answer is cut off"),
    ],
    ids=["none", "no block", "wrong checksum", "cut off", "cut off in the header"],
)
def test_broken_gzip_is_malformed(data: bytes, message: str) -> None:
    """It says which way it is broken."""
    with pytest.raises(TaskError) as caught:
        read(data)
    assert (caught.value.reason, caught.value.message) == (Reason.MALFORMED, message)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_that_is_too_large_is_malformed(encoding: str) -> None:
    """The limit counts what is unpacked."""
    plain = bytes(8 * MIB + 1)
    data = gzip.compress(plain) if encoding else plain
    with pytest.raises(TaskError, match="larger than 8 MiB"):
        read(data, encoding)
    assert len(read(gzip.compress(plain[1:]))) == 8 * MIB


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    """A quarter of a gigabyte in one chunk, and half as much again as the limit at most."""
    bomb = gzip.compress(bytes(256 * MIB), 1)
    tracemalloc.start()
    with pytest.raises(TaskError):
        read(bomb, step=len(bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * MIB


def test_a_bomb_comes_in_steps() -> None:
    """Whoever feeds it can wait between them, however little of it there is on the wire."""
    sizes = list(Body("gzip").feed(gzip.compress(bytes(32 * MIB), 1)))
    assert all(later - earlier <= MIB for earlier, later in itertools.pairwise([0, *sizes]))
