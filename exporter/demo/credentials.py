"""Who calls: the checks of the API gateway and of the ESB, which differ in almost everything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

HEADER = "x-bkapi-authorization"
Need = Literal["app", "user"]


@dataclass(frozen=True, slots=True)
class App:
    """An application. `exempted`: a bare bk_username counts as verified (gateway's plugin, ESB's skip list)."""

    secret: str
    exempted: bool = True
    granted: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom the gateway vouches for."""

    app: str
    user: str = ""
    verified: bool = False


class Denied(Exception):  # noqa: N818  # a verdict, not a fault
    """Credentials are missing or wrong. `malformed`: the header could not be read at all."""

    def __init__(self, reason: str, *, malformed: bool = False) -> None:
        super().__init__(reason)
        self.malformed = malformed


APPS: Mapping[str, App] = {
    "task-exporter": App("demo-secret"),
    "plain-app": App("plain-secret", exempted=False),
    "stranger-app": App("stranger-secret", granted=False),
}
TOKENS = {"demo-token": "admin", "alice-token": "alice"}
# Access tokens carry app and user; one of them has no user, and one is past its time.
ACCESS_TOKENS = {"demo-access-token": ("plain-app", "admin"), "app-access-token": ("plain-app", "")}


def read_header(text: str | None) -> dict[str, Any] | None:
    """The JSON object in X-Bkapi-Authorization; None if there is no such header."""
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Denied("the authentication information in the header is not JSON", malformed=True) from error
    if not isinstance(found, dict):
        raise Denied("the authentication information in the header is not a JSON object", malformed=True)
    return found


def gateway(apps: Mapping[str, App], header: str | None, params: Mapping[str, Any], need: Need) -> Caller:
    """The API gateway's verdict. `params` are empty unless the gateway reads credentials there as well."""
    given = read_header(header)
    caller = _caller(apps, dict(params) if given is None else given)
    if need == "user" and not caller.user:
        raise Denied("user authentication failed, please provide a valid user identity, such as bk_token, access_token")
    if need == "user" and not caller.verified:
        raise Denied("the user indicated by bk_username is not verified")
    return caller


def esb(apps: Mapping[str, App], header: str | None, params: Mapping[str, Any]) -> Caller:
    """The ESB's verdict: a user is always required, and older names of the keys are understood."""
    given = read_header(header)
    found = dict(params) if given is None else given
    for alias, name in (("app_code", "bk_app_code"), ("app_secret", "bk_app_secret"), ("username", "bk_username"),
                        ("bk_access_token", "access_token")):  # fmt: skip
        found.setdefault(name, found.get(alias))
    caller = _caller(apps, found)
    if not caller.user:
        raise Denied("User authentication failed, please provide a valid user identity, such as bk_username, bk_token")
    if not caller.verified:
        raise Denied(f"APP is not allowed to call the API on behalf of bk_username [bk_app_code={caller.app}]")
    return caller


def _caller(apps: Mapping[str, App], given: Mapping[str, Any]) -> Caller:
    if given.get("access_token"):
        return _by_access_token(str(given["access_token"]))
    code = str(given.get("bk_app_code") or "")
    if not code:
        raise Denied("please provide bk_app_code")
    app = apps.get(code)
    if app is None:
        raise Denied(f"app not found [bk_app_code={code}]")
    if str(given.get("bk_app_secret") or "") != app.secret:
        raise Denied(f"bk_app_secret verification failed, please confirm if it matches [bk_app_code={code}]")
    return _user(code, app, given)


def _by_access_token(token: str) -> Caller:
    if token not in ACCESS_TOKENS:
        raise Denied("access_token is invalid or has expired")
    code, user = ACCESS_TOKENS[token]
    return Caller(code, user, verified=bool(user))


def _user(code: str, app: App, given: Mapping[str, Any]) -> Caller:
    token = given.get("bk_token") or given.get("bk_ticket")
    if token:
        if str(token) not in TOKENS:
            raise Denied("bk_token is invalid or has expired")
        return Caller(code, TOKENS[str(token)], verified=True)
    user = str(given.get("bk_username") or "")
    return Caller(code, user, verified=bool(user) and app.exempted)
