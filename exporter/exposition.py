"""How a page goes out: which format and which encoding the client asked for, and gzip. No I/O.

Source: RFC 9110 sections 12.5.1 (Accept) and 12.5.3 (Accept-Encoding); the headers of Prometheus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from isal import isal_zlib

from exporter.acceptance import Accepted, accepted


@dataclass(frozen=True, slots=True)
class Format:
    """An exposition format that a page can have."""

    media_type: str
    version: str

    @property
    def openmetrics(self) -> bool:
        """Whether it is OpenMetrics, in either version."""
        return self.media_type == "application/openmetrics-text"

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        return f"{self.media_type}; version={self.version}; charset=utf-8"


TEXT = Format("text/plain", "0.0.4")

#: In the order of our own preference, which decides between what a client likes equally well. No name of ours needs
#: escaping, so a client's `escaping=` makes no difference.
FORMATS = (TEXT, Format("application/openmetrics-text", "1.0.0"), Format("application/openmetrics-text", "0.0.1"))

#: zlib's way to ask for a gzip header around 32 KiB of window.
_GZIP = 16 + 15


def negotiate(accept: str | None) -> Format:
    """The format for this `Accept`; plain text where it is missing, unreadable or matches nothing of ours."""
    ranges = accepted(accept)
    best, liking = TEXT, (0.0, 0)
    for form in FORMATS:
        offered = _liking(form, ranges)
        if offered[0] and offered > liking:
            best, liking = form, offered
    return best


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether this `Accept-Encoding` takes gzip, and does not like the plain page better."""
    codings = {item.name: item.quality for item in accepted(accept_encoding)}
    quality = codings.get("gzip", codings.get("x-gzip", codings.get("*", 0.0)))
    return 0.0 < quality >= codings.get("identity", 0.0)


def gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress a page as it comes, a chunk for a chunk where there is anything to hand out yet."""
    compressor = isal_zlib.compressobj(level=1, wbits=_GZIP)
    for chunk in chunks:
        if compressed := compressor.compress(chunk):
            yield compressed
    yield compressor.flush()


def _specificity(item: Accepted, form: Format) -> int:
    """How exactly an item names a format, from 1; 0 if it does not match."""
    if item.name == form.media_type:
        version = item.parameters.get("version")
        return 0 if version not in {None, form.version} else 4 if version else 3
    return {"*/*": 1, f"{form.media_type.partition('/')[0]}/*": 2}.get(item.name, 0)


def _liking(form: Format, ranges: Iterable[Accepted]) -> tuple[float, int]:
    """The q-value of the range that names the format most exactly, and how exactly."""
    specificity, quality = max(((_specificity(item, form), item.quality) for item in ranges), default=(0, 0.0))
    return (quality, specificity) if specificity else (0.0, 0)
