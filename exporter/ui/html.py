"""View models -> HTML. Everything that a page needs comes from this package: nothing is loaded from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from exporter import __version__
from exporter.labeltext import clean
from exporter.ui.bars import bar
from exporter.ui.speech import Speech
from exporter.ui.tree import DEEPEST

if TYPE_CHECKING:
    from jinja2 import Environment

#: No script, no frame, no plugin, nothing from elsewhere, whatever upstream manages to write into a page.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _static(name: str) -> bytes:
    return (resources.files("exporter.ui") / "static" / name).read_bytes()


STYLE = _static("style.css")
ICON = _static("icon.svg")

#: Changes with the style sheet, so that browsers may keep it for ever.
STYLE_VERSION = hashlib.blake2b(STYLE, digest_size=6).hexdigest()


def page(template: str, say: Speech, view: Mapping[str, Any]) -> str:
    """The HTML of one page; `template` is a file in `templates`."""
    return _environment().get_template(template).render(say=say, **view)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 (a scrape never needs it)

    environment = Environment(
        loader=PackageLoader("exporter.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"style_version": STYLE_VERSION, "program_version": __version__, "deepest": DEEPEST}
    environment.filters |= {"shown": clean, "bar": bar}
    return environment
