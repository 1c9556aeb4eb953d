"""What stands before all doors where `--web.config.file` is given: rate, response headers, passwords."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.passwords import Passwords
from exporter.turns import BusyError
from exporter.webconfig import ServerTls, Watched, WebConfig
from exporter.webconfig.load import Rate

_REALM = 'Basic realm="bk-task-exporter", charset="UTF-8"'


class Guarded:
    """The entrance that a `--web.config.file` asks for."""

    def __init__(self, file: Path) -> None:
        """Read the file; raises UserError."""
        self._watched = Watched(file)
        self._passwords = Passwords()

    def guard(self, app: ASGIApp) -> ASGIApp:
        """The application, for those only who are let in."""
        return Guard(app, self._watched.current, self._passwords)

    def security(self) -> ServerTls | None:
        """How the next connection is secured."""
        return self._watched.current().tls

    def check(self) -> None:
        """Raises UserError if a start would refuse what stands in the file now."""
        self._watched.check()

    def close(self) -> None:
        """Check no more passwords."""
        self._passwords.close()


class Guard:
    """An application behind the web configuration of the moment, which is asked for at each request."""

    def __init__(
        self,
        app: ASGIApp,
        config: Callable[[], WebConfig],
        passwords: Passwords,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._config = config
        self._passwords = passwords
        self._clock = clock
        self._allowance: _Allowance | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in place of the application whom it is not for."""
        config = self._config()
        refusal = self._too_many(config.rate) or await self._unknown(config, scope)
        await (refusal or self._app)(scope, receive, _with(config.headers, send))

    def _too_many(self, rate: Rate | None) -> Response | None:
        if self._allowance is None or self._allowance.rate != rate:
            self._allowance = _Allowance(rate, self._clock) if rate else None
        if self._allowance is None or self._allowance.take():
            return None
        return PlainTextResponse("Too Many Requests\n", status_code=429)

    async def _unknown(self, config: WebConfig, scope: Scope) -> Response | None:
        """Why this client is not let in, None if it is."""
        if not config.users:
            return None
        given = _credentials(scope)
        if given is not None:
            users = {name: hashed.reveal() for name, hashed in config.users.items()}
            client = (scope.get("client") or ("", 0))[0]
            try:
                if await self._passwords.right(users, *given, client):
                    return None
            except BusyError:
                return PlainTextResponse("Too many logins\n", status_code=503, headers={"Retry-After": "1"})
        return PlainTextResponse("Unauthorized\n", status_code=401, headers={"WWW-Authenticate": _REALM})


class _Allowance:
    """A token bucket: whoever comes takes a token or goes."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self.rate = rate
        self._clock = clock
        self._tokens = float(rate.burst)
        self._filled = clock()

    def take(self) -> bool:
        now = self._clock()
        self._tokens = min(self.rate.burst, self._tokens + max(0.0, now - self._filled) / self.rate.interval)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _credentials(scope: Scope) -> tuple[str, bytes] | None:
    """User and password of the first `Authorization`, if it is of the scheme Basic (RFC 7617)."""
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, encoded = given.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return None
    return (user.decode("utf-8", "surrogateescape"), password) if colon else None


def _with(headers: Mapping[str, str], send: Send) -> Send:
    """Set headers of every response; those of the configuration go before our own."""
    octets = {name: value.encode().decode("latin-1") for name, value in headers.items()}  # starlette writes Latin-1

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            mutable = MutableHeaders(scope=message)
            for name, value in octets.items():
                mutable[name] = value
        await send(message)

    return sending if headers else send
