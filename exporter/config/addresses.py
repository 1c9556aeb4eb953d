"""Addresses of systems and proxies: what is accepted, and the cure for what is not. Messages show no address."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from exporter.config.secret import MASK, Secret

_COMPAPI = "/api/c/compapi"
_BAD = re.compile(r"[\s\x00-\x20\x7f\\]")


def base_url(text: str) -> str:
    """The address below which a system's paths begin, without a slash at its end; raises ValueError with the cure."""
    parts = _split(text, "https://paas.example.com")
    if "@" in parts.netloc:
        raise ValueError("credentials stand in the address; they belong under auth")
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError("a query or fragment stands in the address; leave out all from ? or # on")
    if "{" in text or "}" in text:
        raise ValueError("a placeholder {...} stands in the address; put this site's own word in its place")
    if _COMPAPI in parts.path:
        raise ValueError(f"leave out {_COMPAPI} and what follows: it is added where the route is esb")
    return urlunsplit(parts).rstrip("/")


def proxy_url(text: str) -> Secret:
    """The address of an HTTP proxy, which may hold a user and a password; raises ValueError with the cure."""
    parts = _split(text, "http://proxy.example.com:3128")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("a proxy has no path; such as http://proxy.example.com:3128")
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    netloc = f"{name}{colon}{MASK if colon else ''}{at}{host}"
    return Secret(text.rstrip("/"), shown=f"{parts.scheme}://{netloc}")


def _split(text: str, example: str) -> SplitResult:
    if _BAD.search(text):
        raise ValueError("a space or control character stands in the address")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"not an address; such as {example}") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"must begin with http:// or https://, such as {example}")
    if not host:
        raise ValueError(f"no host in the address; such as {example}")
    if port == 0:
        raise ValueError("port 0 is none that a server can listen on")
    return parts
