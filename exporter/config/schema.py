"""What may stand in a configuration file: keys, types, limits, defaults, descriptions. The one source of all of them.

Files are checked against these structs, and `config.schema.json` and docs/configuration.md are made from them.
`extra={"written": ...}` says how a value is written; see exporter.config.leaves. A struct that is tagged by `system`
has a variant for each of SYSTEMS, so a further system needs no line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.config import zones
from exporter.config.types import Metrics
from exporter.duration import DURATION
from exporter.systems import SYSTEMS
from exporter.systems.base import AllowParams, DiscoverParams, Nodes, TaskParams

#: For each tagged struct its variants by the name of the system.
VARIANTS: Mapping[type, Mapping[str, type]] = {
    TaskParams: {name: system.Params for name, system in SYSTEMS.items()},
    DiscoverParams: {name: system.LISTING.Params for name, system in SYSTEMS.items() if system.LISTING is not None},
    AllowParams: {name: system.Allow for name, system in SYSTEMS.items()},
}


def _written(how: str, description: str, example: str = "") -> Meta:
    return Meta(description=description, extra={"written": how}, examples=[example] if example else None)


def _twin(key: str) -> Meta:
    return _written("file", f"A file that holds `{key}`; it is read again when it changes.", f"/run/secrets/{key}")


def _seconds(description: str, *, least: float = 0.0, most: float) -> Meta:
    return Meta(ge=least, le=most, description=description, extra=dict(DURATION))


Text = Annotated[str, Meta(min_length=1)]


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who we are to BlueKing: an app (`bk_app_code`, `bk_app_secret`) with a user where needed, or `access_token`."""

    bk_app_code: Annotated[Text | None, _written("text", "The code of the app.", "task-exporter")] = None
    bk_app_code_file: Annotated[Text | None, _twin("bk_app_code")] = None
    bk_app_secret: Annotated[Text | None, _written("secret", "The secret of the app.", "${BK_APP_SECRET}")] = None
    bk_app_secret_file: Annotated[Text | None, _twin("bk_app_secret")] = None
    bk_username: Annotated[
        Text | None,
        _written(
            "text",
            "A user, where the site accepts a bare name from this app: ESB's skip list, or an exemption.",
            "admin",
        ),
    ] = None
    bk_username_file: Annotated[Text | None, _twin("bk_username")] = None
    bk_token: Annotated[Text | None, _written("secret", "A user's login token (enterprise edition).")] = None
    bk_token_file: Annotated[Text | None, _twin("bk_token")] = None
    bk_ticket: Annotated[Text | None, _written("secret", "A user's login ticket (internal edition).")] = None
    bk_ticket_file: Annotated[Text | None, _twin("bk_ticket")] = None
    access_token: Annotated[
        Text | None, _written("secret", "Stands for app and user; where it is given, nothing else is sent.")
    ] = None
    access_token_file: Annotated[Text | None, _twin("access_token")] = None


class TlsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to trust, and who we are, where the address begins with https."""

    ca_file: Annotated[Text | None, _written("file", "Certificates to trust in place of the system's own, in PEM.")] = (
        None
    )
    cert_file: Annotated[Text | None, _written("file", "Our own certificate, in PEM.")] = None
    key_file: Annotated[
        Text | None, _written("file", "The key of our own certificate, in PEM; default: in `cert_file`.")
    ] = None
    insecure_skip_verify: Annotated[
        bool, Meta(description="Accept any certificate. Everybody in between can read the secrets.")
    ] = False


class Bkapi(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How BlueKing is reached."""

    auth: Annotated[Auth | None, Meta(description="Who we are to BlueKing.")] = None
    timeout: Annotated[float, _seconds("How long one request may take.", least=0.1, most=300)] = 10.0
    max_connections: Annotated[int, Meta(ge=1, le=1000, description="Most requests to one system at a time.")] = 32
    requests_per_second: Annotated[
        float,
        Meta(
            ge=0.001,
            le=100_000,
            description="Most requests per second to one system; up to `max_connections` may go out in one burst.",
        ),
    ] = 10.0
    tls: Annotated[TlsFile, Meta(description="Whom to trust, and who we are, where the address begins with https.")] = (
        TlsFile()
    )
    proxy_url: Annotated[
        str,
        _written(
            "proxy",
            "An HTTP proxy on the way, with user and password if need be; empty: none.",
            "http://proxy.example.com:3128",
        ),
    ] = ""


class SystemEntry(Bkapi, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one system is reached. A key of `bkapi` that is given here too replaces the one there as a whole."""

    url: Annotated[
        Text, _written("url", "The address below which the system's paths begin.", "https://paas.example.com")
    ]
    route: Annotated[str | None, Meta(description="Through the API gateway (`apigw`) or the older ESB (`esb`).")] = None
    api: Annotated[str | None, Meta(description="Which of the system's APIs to ask, where it has several.")] = None


class CollectFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept, for how long, and how much of it goes onto a page."""

    cache_ttl: Annotated[float, _seconds("How long an answer is used again; `0s`: never.", most=3600)] = 10.0
    final_cache_ttl: Annotated[
        float, _seconds("The same for a task that is finished, revoked or expired.", most=7 * 86400)
    ] = 300.0
    nodes: Annotated[
        Nodes,
        Meta(
            description="Which single nodes get series of their own. With `none`, BKFlow is asked for the states of "
            "many tasks at once, and for nothing else: their times and counts of nodes are absent then."
        ),
    ] = "all"
    nodes_per_task: Annotated[
        int, Meta(ge=0, le=1_000_000, description="Most single nodes of one task, the most urgent first.")
    ] = 100
    node_series: Annotated[
        int,
        Meta(ge=0, le=100_000_000, description="Most single nodes on a whole page; each has one series per family."),
    ] = 10_000
    metrics: Annotated[
        Metrics,
        Meta(
            description="Which tasks stand on `/metrics`: all, only those of `tasks`, or none. The others are there for"
            " `/sd`, and are scraped through `/probe`."
        ),
    ] = "all"
    time_zone: Annotated[
        str,
        _written(
            "zone", "The zone of times that carry no offset (nodeman): an IANA name, or an offset such as +08:00."
        ),
    ] = zones.DEFAULT


class ProbeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `/probe` may be asked for."""

    allow: Annotated[
        tuple[AllowParams, ...] | None,
        Meta(
            description="Businesses, projects and spaces that may be probed; default: those of `tasks` and `discover`."
        ),
    ] = None


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration of bk-task-exporter."""

    bkapi: Annotated[
        Bkapi, Meta(description="How BlueKing is reached; each key can be given anew for one system, under `systems`.")
    ] = Bkapi()
    systems: Annotated[dict[str, SystemEntry], Meta(min_length=1, description="The systems that this site has.")]
    collect: Annotated[
        CollectFile, Meta(description="What is kept, for how long, and how much of it goes onto a page.")
    ] = CollectFile()
    tasks: Annotated[tuple[TaskParams, ...], Meta(description="Tasks that are watched by their ids.")] = ()
    discover: Annotated[
        tuple[DiscoverParams, ...],
        Meta(description="Listings of tasks, so that new ones find their way in by themselves."),
    ] = ()
    probe: Annotated[ProbeFile, Meta(description="What `/probe` may be asked for.")] = ProbeFile()
