"""How others may write a text, and a reader who sees through all of it."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, unquote


def in_units(text: str, spell: Callable[[str], str]) -> str:
    """Each unit of UTF-16 as an escape of JSON."""
    raw = text.encode("utf-16-be")
    return "".join("\\u" + spell(raw[at : at + 2].hex()) for at in range(0, len(raw), 2))


def inside(text: str) -> str:
    return json.dumps(text)[1:-1]


#: How others may write a text, but for the codes of below.
ESCAPED: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": inside,
    "JSON of PHP": lambda text: inside(text).replace("/", "\\/"),
    "JSON of Go": lambda text: inside(text).replace("&", "\\u0026").replace("+", "\\u002B"),
    "JSON, all characters": lambda text: in_units(text, str.lower),
    "JSON, all characters, upper case": lambda text: in_units(text, str.upper),
    "JSON in JSON": lambda text: inside(inside(text)),
    "JSON in JSON, all characters": lambda text: inside(in_units(text, str.lower)),
    "JSON in JSON in JSON": lambda text: inside(inside(inside(text))),
    "Python": lambda text: repr(text)[1:-1],
    "Python, ASCII": lambda text: ascii(text)[1:-1],
    "Python, bytes": lambda text: repr(text.encode())[2:-1],
    "address": quote,
    "address, whole": lambda text: quote(text, safe=""),
    "address, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "address, twice": lambda text: quote("".join(f"%{byte:02X}" for byte in text.encode())),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    "HTML, some": lambda text: "".join(f"&#{ord(sign):06};" if at % 3 else sign for at, sign in enumerate(text)),
    "HTML in HTML": lambda text: html.escape("".join(f"&#{ord(sign)};" for sign in text)),
    "HTML in JSON": lambda text: inside(html.escape(text)).replace("&", "\\u0026"),
}


def header(text: str) -> str:
    return json.dumps({"bk_app_code": "app", "bk_app_secret": text})


def _base64(before: str, after: str, encode: Callable[[bytes], bytes]) -> Callable[[str], str]:
    return lambda text: encode(f"{before}{text}{after}".encode()).decode()


CODED: dict[str, Callable[[str], str]] = {
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    **{f"base64 behind {before!r}": _base64(before, "", base64.b64encode) for before in ("", "a", "ab", "app:")},
    **{f"base64url behind {before!r}": _base64(before, "?", base64.urlsafe_b64encode) for before in ("", "a", "ab")},
    "base64 of a header": lambda text: base64.b64encode(header(text).encode()).decode(),
}


def readings(text: str) -> Iterator[str]:
    """The text, the same without escapes, and what is written there in hex or base64."""
    for _ in range(6):
        yield text
        yield from map(_decoded, re.findall(r"[A-Za-z0-9+/_-]{12,}", text))
        text = re.sub(
            r"\\+(?:u00|x)([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), html.unescape(unquote(text))
        )
        text = text.replace("\\/", "/")


def _decoded(run: str) -> str:
    """Of a run of signs: whatever it may be the code of, from whichever sign on."""
    found = [bytes.fromhex(part) for part in re.findall(r"(?:[0-9a-fA-F]{2})+", run)]
    for begin in range(4):
        part = run[begin:].translate(str.maketrans("-_", "+/"))
        try:
            found.append(base64.b64decode(part[: len(part) // 4 * 4]))
        except binascii.Error:
            continue
    return b" ".join(found).decode("latin-1")
