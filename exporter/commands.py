"""What the commands do: wiring, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from exporter import __version__, doors
from exporter.config import Config, load, loads, parse_task
from exporter.doors.entrance import OPEN, Entrance
from exporter.doors.sd import authority
from exporter.errors import UserError
from exporter.live import Live
from exporter.logs import fields
from exporter.reloading import Reloader, checked
from exporter.render import Renderer
from exporter.server import Address, event_on, listen, stop_on_signals
from exporter.server import serve as serve_app
from exporter.shards import WHOLE, Shard
from exporter.targets import Target
from exporter.telemetry import Telemetry
from exporter.tracing import UNTRACED, Tracing, set_up

log = logging.getLogger(__name__)

#: Set by whoever builds an image.
REVISION = os.environ.get("BK_TASK_EXPORTER_REVISION") or "unknown"


def _live(config: Config, shard: Shard = WHOLE, tracing: Tracing = UNTRACED) -> Live:
    telemetry = Telemetry(CollectorRegistry(), version=__version__, revision=REVISION)
    return Live(config, telemetry, shard=shard, tracing=tracing)


async def serve(
    config_file: str,
    listen_address: str,
    *,
    web_config_file: str = "",
    external_url: str = "",
    shard: str,
    lifecycle: bool = False,
) -> None:
    """Answer scrapes until SIGTERM; SIGHUP takes the configuration anew, and so does a request with `lifecycle`."""
    stop, reload_asked = stop_on_signals(), event_on(signal.SIGHUP)
    external = authority(external_url) if external_url else ""
    part = Shard.parse(shard, hostname=os.environ.get("HOSTNAME"))
    entrance = _entrance(web_config_file)
    live = _live(load(Path(config_file)), part, set_up(os.environ, version=__version__))
    reloader = Reloader(Path(config_file), live, entrance.check)
    following = asyncio.create_task(reloader.follow(reload_asked))
    try:
        app = doors.build(live, reload=reloader.reload if lifecycle else None, external=external)
        await _serve(live, app, Address.parse(listen_address), stop, entrance)
    finally:
        following.cancel()


def _entrance(web_config_file: str) -> Entrance:
    if not web_config_file:
        return OPEN
    from exporter.doors.guard import Guarded  # noqa: PLC0415 (bcrypt is loaded where there are passwords)

    return Guarded(Path(web_config_file))


async def _serve(live: Live, app: ASGIApp, address: Address, stop: asyncio.Event, entrance: Entrance = OPEN) -> None:
    try:
        sock = listen(address)
        tls = entrance.security() is not None
        said = fields(address=Address.of(sock), tls=tls, version=__version__, shard=str(live.shard))
        log.info("listening", extra=said)
        await serve_app(entrance.guard(app), sock, stop, security=entrance.security)
    finally:
        entrance.close()
        await live.aclose()
        await asyncio.to_thread(live.tracing.close)
    log.info("stopped")


async def demo(listen_address: str, *, seed: int, speed: float) -> None:
    """The exporter on a simulated BlueKing, which answers on a loopback port of its own."""
    from exporter.demo.configuration import demo_config  # noqa: PLC0415 (a site's exporter never needs it)
    from exporter.demo.simulator import Simulator  # noqa: PLC0415

    stop = stop_on_signals()
    sock = listen(Address("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    simulator = asyncio.create_task(serve_app(Simulator(seed=seed, speed=speed).app, sock, stop))
    try:
        live = _live(loads(demo_config(url, discover=True), "demo"))
        address = Address.parse(listen_address)
        log.info("simulated BlueKing is up", extra=fields(url=url, seed=seed, speed=speed))
        log.info("look at", extra=fields(url=f"http://{Address(address.host or '127.0.0.1', address.port)}/"))
        await _serve(live, doors.build(live), address, stop)
    finally:
        stop.set()
        await simulator


async def simulator_only(listen_address: str, *, seed: int, speed: float) -> None:
    """The simulated BlueKing alone."""
    from exporter.demo.simulator import Simulator  # noqa: PLC0415 (a site's exporter never needs it)

    stop = stop_on_signals()
    sock = listen(Address.parse(listen_address))
    log.info("simulated BlueKing is up", extra=fields(address=Address.of(sock)))
    await serve_app(Simulator(seed=seed, speed=speed).app, sock, stop)


def check_config(file: str, web_config_file: str = "") -> str:
    """One line that says what a good configuration holds; raises UserError, with every problem, for any other."""
    config = checked(lambda: load(Path(file)), lambda: _entrance(web_config_file))
    return (
        f"{file}: fine ({len(config.systems)} systems, {len(config.tasks)} tasks, {len(config.discover)} discoveries)"
    )


async def probe(config_file: str, system: str, parameters: Mapping[str, str], seconds: float) -> str:
    """One task's metrics; raises UserError if it could not be read."""
    config = load(Path(config_file))
    target = Target.of(parse_task(system, parameters), source="probed")  # it is told below, and not by the log
    if system not in config.systems:
        raise UserError(f"{system}: {config_file} does not say how to reach it; add it under `systems`")
    live = _live(config)
    try:
        async with live.setup() as setup:
            page = await live.probe(setup, target, seconds)
    finally:
        await live.aclose()
    error = page.outcomes[0].error
    if error is not None:
        raise UserError(f"{target.identity}: {error.reason.value}: {error}")
    collect = config.collect
    chunks = Renderer(collect.nodes, collect.nodes_per_task).page(
        page.outcomes, node_series=collect.node_series, openmetrics=False
    )
    return b"".join(chunks).decode()


async def doctor(config_file: str, form: str, seconds: float) -> tuple[str, bool]:
    """What is to be said of a configuration at work, as text or JSON, and whether nothing is wrong."""
    from exporter.doctor.run import examine, polite  # noqa: PLC0415 (a scrape never needs it)
    from exporter.doctor.text import text  # noqa: PLC0415

    config = polite(load(Path(config_file)))
    live = _live(config)
    try:
        report = await examine(live, seconds)
    finally:
        await live.aclose()
    if form == "json":
        shown = msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"
    else:
        addresses = {name: f"{s.url} ({s.site.route}, {s.site.api})" for name, s in config.systems.items()}
        shown = text(report, addresses)
    return shown, report.result != "wrong"
