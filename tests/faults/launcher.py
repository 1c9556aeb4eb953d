"""The exporter with a wall clock that can be stepped and a resolver that knows `.invalid`: launcher.py CONTROL serve ...

CONTROL is a file that holds the seconds by which the wall clock is wrong.
"""

import asyncio
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

control = Path(sys.argv.pop(1))
true_time = time.time


def stepped() -> float:
    return true_time() + float(control.read_text("utf-8"))


time.time = stepped

from aiohttp.resolver import ThreadedResolver  # noqa: E402 (the clock goes first)

resolve = ThreadedResolver.resolve


async def resolve_or_fail(self: ThreadedResolver, host: str, *rest: Any, **more: Any) -> Any:
    if host == "hangs.invalid":
        await asyncio.Event().wait()
    if host.endswith(".invalid"):
        unknown(host)
    return await resolve(self, host, *rest, **more)


def unknown(host: str) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {host}")


ThreadedResolver.resolve = resolve_or_fail  # type: ignore[method-assign]

from exporter.cli import main  # noqa: E402

sys.exit(main())
