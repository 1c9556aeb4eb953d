"""`bkapi` and `systems` of a file -> how each system is reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from exporter.config import addresses
from exporter.config.auth import credentials
from exporter.config.credentials import Credentials
from exporter.config.fields import fields_of
from exporter.config.reader import Path, Reader
from exporter.config.schema import Auth, Bkapi, SystemEntry, TlsFile
from exporter.config.tls import Tls
from exporter.config.types import SystemConfig
from exporter.config.words import listed, suggestion
from exporter.systems import SYSTEMS
from exporter.systems.base import Site

_BKAPI: Path = ("bkapi",)


def systems(reader: Reader, base: FilePath) -> dict[str, SystemConfig]:
    """The systems that could be built; file names are relative to `base`. What is wrong with them is noted."""
    names = [str(path[1]) for path in reader.spots if len(path) == 2 and path[0] == "systems"]
    owners: list[Path] = [_BKAPI, *(("systems", name) for name in names)]
    _check_auth(reader, names)
    auths = {owner: _credentials(reader, owner, base) for owner in owners}
    tls = {owner: _tls(reader, owner, base) for owner in owners}
    built = {}
    for name in names:
        owner: Path = ("systems", name)
        auth, trust = auths[owner] or auths[_BKAPI], tls[owner] or tls[_BKAPI] or Tls()
        built[name] = _system(reader, name, auth, trust)
    return {name: system for name, system in built.items() if system is not None}


def _system(reader: Reader, name: str, auth: Credentials | None, tls: Tls) -> SystemConfig | None:
    path: Path = ("systems", name)
    site = _site(reader, name, path)
    if site is not None and auth is not None:
        _check_user(reader, site, auth, path)
    entry = reader.found.get(path)
    if site is None or auth is None or not isinstance(entry, SystemEntry):
        return None
    keys = _merged(reader, path)
    return SystemConfig(
        name=name,
        url=addresses.base_url(entry.url),
        site=site,
        credentials=auth,
        timeout=keys["timeout"],
        max_connections=keys["max_connections"],
        requests_per_second=keys["requests_per_second"],
        tls=tls,
        proxy_url=addresses.proxy_url(keys["proxy_url"]) if keys["proxy_url"] else None,
    )


def _merged(reader: Reader, path: Path) -> dict[str, Any]:
    """The keys of `bkapi`, each replaced where the system gives its own."""
    defaults = {key: field.default for key, field in fields_of(Bkapi).items()}
    shared = {key: reader.found.get((*_BKAPI, key), default) for key, default in defaults.items()}
    return {key: reader.found.get((*path, key), value) for key, value in shared.items()}


def _site(reader: Reader, name: str, path: Path) -> Site | None:
    routes = SYSTEMS[name].ROUTES
    here = (*path, "route")
    route = reader.found.get(here, next(iter(routes)))
    if route not in routes:
        ways = f"{name} is asked through {listed(routes, 'or')}"
        reader.problem(reader.spots[here], here, f"unknown route ({ways})")
        return None
    here = (*path, "api")
    api = reader.found.get(here, routes[route][0])
    if api not in routes[route]:
        reader.problem(reader.spots[here], here, f"unknown api ({_api_cure(routes, route, api)})")
        return None
    return Site(route, api)


def _api_cure(routes: Mapping[str, Any], route: str, api: str) -> str:
    elsewhere = [other for other, apis in routes.items() if api in apis]
    return f"it needs route: {elsewhere[0]}" if elsewhere else f"route {route}: {suggestion(api, routes[route])}"


def _check_auth(reader: Reader, names: list[str]) -> None:
    """`bkapi.auth` must be there if a system has none of its own; one that was given and refused was there."""
    lacking = [name for name in names if ("systems", name, "auth") not in reader.spots]
    path = (*_BKAPI, "auth")
    if lacking and path not in reader.spots and (_BKAPI not in reader.spots or _BKAPI in reader.found):
        spot = reader.spots.get(_BKAPI, reader.spots[()])
        verb = "needs" if len(lacking) == 1 else "need"
        reader.problem(spot, path, f"missing ({listed(lacking)} {verb} bk_app_code and bk_app_secret, or access_token)")


def _credentials(reader: Reader, owner: Path, base: FilePath) -> Credentials | None:
    path = (*owner, "auth")
    auth = reader.found.get(path)
    return credentials(reader, auth, path, base) if isinstance(auth, Auth) else None


def _check_user(reader: Reader, site: Site, auth: Credentials, path: Path) -> None:
    """ESB asks for a user whatever the app may do; the gateway only where the resource says so."""
    if site.route == "esb" and not auth.has_user:
        spot = reader.spots.get((*path, "auth"), reader.spots[path])
        user = "bk_username, bk_token, bk_ticket or access_token"
        reader.problem(spot, (*path, "auth"), f"no user, and ESB always asks for one: give {user}")


def _tls(reader: Reader, owner: Path, base: FilePath) -> Tls | None:
    path = (*owner, "tls")
    given = reader.found.get(path)
    if not isinstance(given, TlsFile):
        return None
    files = {
        key: str(base / getattr(given, key)) for key in ("ca_file", "cert_file", "key_file") if getattr(given, key)
    }
    tls = Tls(**files, insecure_skip_verify=given.insecure_skip_verify)
    for key, message in tls.problems():
        reader.problem(reader.spots[*path, key], (*path, key), message)
    return tls
