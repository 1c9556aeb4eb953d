"""What may stand in a `--web.config.file`: the keys, their types and their defaults."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

_Secret = Annotated[str, Meta(extra={"written": "secret"})]
#: Values as Go's YAML library reads them: a number is text where text is asked for.
_Text = Annotated[str, Meta(extra={"written": "go-text"})]
_Flag = Annotated[bool, Meta(extra={"written": "go-flag"})]
_Whole = Annotated[int, Meta(extra={"written": "go-whole"})]
_Seconds = Annotated[float, Meta(extra={"written": "go-duration"})]


class TlsFile(msgspec.Struct, frozen=True, kw_only=True):
    """`tls_server_config`; an empty text is as good as none."""

    cert: str = ""
    key: _Secret = ""
    client_ca: str = ""
    cert_file: _Text = ""
    key_file: _Text = ""
    client_auth_type: str = ""
    client_ca_file: _Text = ""
    client_allowed_sans: tuple[_Text, ...] | None = None
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: _Flag = True
    curve_preferences: tuple[str, ...] = ()


class HttpFile(msgspec.Struct, frozen=True, kw_only=True):
    """`http_server_config`. We speak HTTP/1.1 only, so `http2` changes nothing."""

    http2: _Flag = True
    headers: dict[str, _Text] = {}


class RateFile(msgspec.Struct, frozen=True, kw_only=True):
    """`rate_limit`: a request every `interval` seconds, and `burst` at once; 0s is no limit."""

    interval: _Seconds = 0.0
    burst: _Whole = 0


class File(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    tls_server_config: TlsFile = TlsFile()
    http_server_config: HttpFile = HttpFile()
    basic_auth_users: dict[str, _Secret] = {}
    rate_limit: RateFile = RateFile()
