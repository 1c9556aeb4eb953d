"""Log lines as operators feed them to their log systems: logfmt or JSON, one line each, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

LEVELS = ("debug", "info", "warning", "error")
Format = Literal["logfmt", "json"]


def fields(**values: object) -> dict[str, Any]:
    """Structured fields of a log line: `log.info("task unreadable", extra=fields(task_id="10"))`."""
    return {"fields": {name: value for name, value in values.items() if value not in ("", None)}}


def _columns(record: logging.LogRecord) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "msg": record.getMessage(),
        **getattr(record, "fields", {}),
    }
    if record.exc_info and record.exc_info[1] is not None:
        columns["error"] = repr(record.exc_info[1])
        columns["traceback"] = logging.Formatter().formatException(record.exc_info)
    return columns


class Logfmt(logging.Formatter):
    """`time=... level=info msg="..." task_id=10`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; what needs quotes is quoted as JSON does."""
        return " ".join(f"{name}={_quoted(str(value))}" for name, value in _columns(record).items())


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The same columns as logfmt's."""
        return json.dumps(_columns(record), ensure_ascii=True, default=str)


def _quoted(value: str) -> str:
    plain = value.isprintable() and not any(sign in value for sign in ' "=\\')
    return value if plain and value else json.dumps(value, ensure_ascii=not value.isprintable())


def set_up(level: str, line_format: Format) -> None:
    """Send every log line of the process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if line_format == "json" else Logfmt())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "aiohttp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # uvicorn warns of what clients do wrong, a line for each request: a stranger must not fill the log with it.
    logging.getLogger("uvicorn").setLevel(logging.WARNING if level == "debug" else logging.ERROR)
