"""The body of an answer as it comes in, unpacked in bounded steps: what is a megabyte on the wire may be a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator

from isal import isal_zlib

from exporter.errors import Reason, TaskError

#: A task tree of 100,000 nodes is below this.
MAX_BODY = 64 << 20

#: What one step may add, so that a body that is too large is noticed before it is there.
_STEP = 1 << 20

#: zlib's way to ask for a gzip header around 32 KiB of window.
_GZIP = 16 + 15

#: Its stub takes the class for an instance.
_BROKEN: type[Exception] = isal_zlib.error  # type: ignore[assignment]


class Body:
    """Takes a body chunk by chunk; raises TaskError (malformed) as soon as it is too large or its gzip is broken.

    gzip is all that was asked for, so any other `Content-Encoding` is taken for a mistake of whoever wrote the header.
    """

    def __init__(self, encoding: str = "", most: int = MAX_BODY) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0
        self._fed = False
        packed = encoding.strip().lower() in {"gzip", "x-gzip"}
        self._unpacker = isal_zlib.decompressobj(wbits=_GZIP) if packed else None

    def feed(self, chunk: bytes) -> Iterator[int]:
        """Take the next chunk from the wire; the size of the body after each step, the next of which can wait."""
        if self._unpacker is None:
            self._take(chunk)
            yield self._size
            return
        while chunk and not self._unpacker.eof:
            self._unpack(chunk)
            yield self._size
            chunk = self._unpacker.unconsumed_tail

    def end(self) -> bytes:
        """The whole body."""
        if self._unpacker is not None:
            while not self._unpacker.eof and self._unpack(b""):  # it may hold back what one step was too small for
                pass
            if self._fed and not self._unpacker.eof:
                raise TaskError(Reason.MALFORMED, "the compressed answer is cut off")
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def _unpack(self, chunk: bytes) -> bool:
        """One step; whether anything came of it."""
        assert self._unpacker is not None  # noqa: S101 (whoever calls has looked)
        self._fed |= bool(chunk)
        try:
            part = self._unpacker.decompress(chunk, _STEP)
        except _BROKEN:
            raise TaskError(Reason.MALFORMED, "the answer's compression is broken") from None
        self._take(part)
        return bool(part)

    def _take(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most:
            raise TaskError(Reason.MALFORMED, f"the answer is larger than {self._most >> 20} MiB")
        self._parts.append(part)
