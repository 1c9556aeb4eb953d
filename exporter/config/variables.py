"""`${NAME}` in a value is replaced by the environment's variable; `$${NAME}` stands for the text `${NAME}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

PATTERN = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"

_REFERENCE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """The text with its variables replaced, once; raises ValueError with the cure."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "${"
        if not _NAME.fullmatch(found[2]) or not found[0].endswith("}"):
            raise ValueError("a ${ that begins no variable such as ${NAME}; write $${ where the text ${ is meant")
        return _variable(found[2], environ)

    return _REFERENCE.sub(value, text)


def _variable(name: str, environ: Mapping[str, str]) -> str:
    found = environ.get(name)
    if found is None:
        raise ValueError(f"the environment variable {name} is not set")
    if not _encodable(found):
        raise ValueError(f"the environment variable {name} is not UTF-8 text")
    return found


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
