"""The text of a `--web.config.file` -> what it asks for, or every problem in it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from exporter.config import files
from exporter.config.leaves import one_of
from exporter.config.nodes import EnoughError, Scalar
from exporter.config.reader import Path, Reader
from exporter.config.secret import Secret
from exporter.config.tree import compose
from exporter.config.words import listed, suggestion
from exporter.errors import ConfigError, Problem, UserError
from exporter.passwords import problem_of
from exporter.webconfig import names
from exporter.webconfig.schema import File, RateFile, TlsFile
from exporter.webconfig.server import AuthorityError, CertificateError, ServerTls, Wanted, context

_MAX_BYTES = 1024 * 1024

_TLS = ("tls_server_config",)
_HEADERS: Path = ("http_server_config", "headers")
_USERS: Path = ("basic_auth_users",)
_RATE: Path = ("rate_limit",)

#: No browser and no proxy takes these from a header.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Rate:
    """Most requests: one every `interval` seconds, `burst` at once."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True)
class WebConfig:
    """A checked `--web.config.file`. `users` have bcrypt hashes; `files` are those that were read; `notes` are for
    the log.
    """

    tls: ServerTls | None
    headers: Mapping[str, str]
    users: Mapping[str, Secret]
    rate: Rate | None
    files: tuple[FilePath, ...]
    notes: tuple[str, ...]


def load(file: FilePath) -> WebConfig:
    """The configuration in a file; raises UserError where it cannot be read, ConfigError for what stands in it."""
    raw, _ = files.read(file, most=_MAX_BYTES)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        problem = Problem(raw.count(b"\n", 0, error.start) + 1, "", "not UTF-8 text: save the file as UTF-8")
        raise ConfigError(str(file), (problem,)) from None
    return _Loader(file).load(text)


@dataclass(slots=True)
class _Loader:
    """Reads one text. File names in it are relative to where `file` is."""

    file: FilePath
    reader: Reader = field(default_factory=lambda: Reader(None))
    files: list[FilePath] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def load(self, text: str) -> WebConfig:
        root, problems = compose(text)
        self.reader = Reader(None, problems)
        try:
            found: Any = File()
            if root is not None and not (isinstance(root, Scalar) and root.null):
                found = self.reader.struct(root, File)
            made = self.made(found) if isinstance(found, File) else None
        except EnoughError:
            made = None
        if self.reader.problems or made is None:
            raise ConfigError(str(self.file), tuple(self.reader.problems))
        return made

    def made(self, found: File) -> WebConfig:
        self.check_headers(found.http_server_config.headers)
        self.check_users(found.basic_auth_users)
        return WebConfig(
            tls=self.tls(found.tls_server_config),
            headers={name: _one_line(value) for name, value in found.http_server_config.headers.items()},
            users={name: Secret(hashed) for name, hashed in found.basic_auth_users.items()},
            rate=self.rate(found.rate_limit),
            files=(self.file, *self.files),
            notes=tuple(self.notes),
        )

    def problem(self, path: Path, message: str) -> None:
        """Note what is wrong with a value, at its own place or the nearest above it."""
        at = path
        while at not in self.reader.spots:
            at = at[:-1]
        self.reader.problem(self.reader.spots[at], path, message)

    def spoilt(self, path: Path) -> bool:
        """Whether a value was given and refused already."""
        return path in self.reader.spots and path not in self.reader.found

    def attempt(self, path: Path, read: Callable[[], object]) -> None:
        try:
            read()
        except ValueError as error:
            self.problem(path, str(error))

    # --- headers, users, rate ----------------------------------------------------------------------------------------

    def check_headers(self, headers: Mapping[str, str]) -> None:
        for name, value in headers.items():
            if name not in names.HEADERS:
                self.problem((*_HEADERS, name), f"cannot be set ({suggestion(name, names.HEADERS)})")
            elif (known := names.HEADERS[name]) and value not in known:
                self.problem((*_HEADERS, name), f"must be {listed(known, 'or')}")
            elif _CONTROLS.search(value):
                self.problem((*_HEADERS, name), "has control characters, which no client reads")

    def check_users(self, users: Mapping[str, str]) -> None:
        for name, hashed in users.items():
            if ":" in name:
                self.problem((*_USERS, name), "a name with a colon cannot be sent by basic authentication")
            if problem := problem_of(hashed):
                self.problem((*_USERS, name), problem)

    def rate(self, given: RateFile) -> Rate | None:
        if given.interval < 0:
            self.problem((*_RATE, "interval"), "must be at least 0s")
        if given.interval > 0 and given.burst < 1 and not self.spoilt((*_RATE, "burst")):
            self.problem((*_RATE, "burst"), "must be at least 1, or every request is refused")
        return Rate(given.interval, given.burst) if given.interval > 0 else None

    # --- TLS ---------------------------------------------------------------------------------------------------------

    def tls(self, given: TlsFile) -> ServerTls | None:
        self.check_words(given)
        certificate = self.pem(given, "cert")
        key = self.pem(given, "key")
        authority = self.pem(given, "client_ca") if given.client_ca or given.client_ca_file else None
        if given == TlsFile():
            return None
        self.check_together(given)
        if certificate is None or key is None or any(p.path.startswith(_TLS[0]) for p in self.reader.problems):
            return None
        try:
            return ServerTls(context(self.wanted(given, certificate, key, authority)), _sans(given))
        except CertificateError as error:
            at = (*_TLS, "cert_file" if given.cert_file else "cert")
            self.problem(at, f"{given.cert_file or 'cert'} and {given.key_file or 'key'} {error}")
        except AuthorityError as error:
            at = (*_TLS, "client_ca_file" if given.client_ca_file else "client_ca")
            self.problem(at, f"{given.client_ca_file or 'client_ca'} {error}")
        return None

    def check_words(self, given: TlsFile) -> None:
        for key, known in (("min_version", names.VERSIONS), ("max_version", names.VERSIONS)):
            self.attempt((*_TLS, key), lambda key=key, known=known: one_of(getattr(given, key), known))  # type: ignore[misc]
        words = [word for word in names.CLIENT_AUTH if word]
        if given.client_auth_type:
            self.attempt((*_TLS, "client_auth_type"), lambda: one_of(given.client_auth_type, words))
        ciphers = (*names.CIPHERS_13, *names.CIPHERS_12)
        for key, known_words in (("cipher_suites", ciphers), ("curve_preferences", tuple(names.CURVES))):
            for index, word in enumerate(getattr(given, key)):
                self.attempt(
                    (*_TLS, key, index),
                    lambda word=word, known_words=known_words: one_of(word, known_words),  # type: ignore[misc]
                )

    def pem(self, given: TlsFile, key: str) -> bytes | None:
        """What stands in a file, or in the configuration itself; the file goes first, as in exporter-toolkit."""
        name: str = getattr(given, f"{key}_file")
        inline: str = getattr(given, key)
        if not name:
            return inline.encode() or None
        path = self.file.parent / name
        self.files.append(path)
        try:
            return files.read(path, most=_MAX_BYTES)[0]
        except UserError as error:
            self.problem((*_TLS, f"{key}_file"), str(error))
            return None

    def check_together(self, given: TlsFile) -> None:
        missing = [key for key in ("cert", "key") if not self.given(given, key)]
        if missing:
            what = " and ".join(f"{key}_file" for key in missing)
            self.problem((*_TLS, f"{missing[0]}_file"), f"missing: without {what} there is no TLS")
        auth = names.CLIENT_AUTH.get(given.client_auth_type, names.ClientAuth.NONE)
        authority = given.client_ca or given.client_ca_file
        if authority and auth is names.ClientAuth.NONE and given.client_auth_type not in names.UNASKED:
            self.problem((*_TLS, "client_auth_type"), "an authority for clients needs RequireAndVerifyClientCert")
        if given.client_auth_type in names.UNVERIFIED and not authority:
            cure = "give client_ca_file, and RequireAndVerifyClientCert"
            self.problem((*_TLS, "client_auth_type"), f"a certificate that nobody vouches for keeps nobody out: {cure}")
        if given.client_allowed_sans is not None and auth is not names.ClientAuth.REQUIRED:
            self.problem((*_TLS, "client_allowed_sans"), "needs client_auth_type: RequireAndVerifyClientCert")
        self.check_versions(given)

    def given(self, given: TlsFile, key: str) -> bool:
        """Whether this PEM was given in either way, good or bad."""
        return any(getattr(given, way) or self.spoilt((*_TLS, way)) for way in (key, f"{key}_file"))

    def check_versions(self, given: TlsFile) -> None:
        oldest, newest = names.VERSIONS.get(given.min_version), names.VERSIONS.get(given.max_version)
        if oldest is None or newest is None:
            return
        if newest < ssl.TLSVersion.TLSv1_2:
            self.problem((*_TLS, "max_version"), "TLS 1.2 is the oldest that is spoken: TLS12 or TLS13")
        elif newest < oldest:
            self.problem((*_TLS, "max_version"), "is older than min_version")
        elif _only_13(given) and newest < ssl.TLSVersion.TLSv1_3:
            self.problem((*_TLS, "cipher_suites"), "has none of TLS 1.2, which max_version asks for")

    def wanted(self, given: TlsFile, certificate: bytes, key: bytes, authority: bytes | None) -> Wanted:
        self.note(given)
        oldest = ssl.TLSVersion.TLSv1_3 if _only_13(given) else names.VERSIONS[given.min_version]
        return Wanted(
            certificate=certificate,
            key=key,
            authority=authority,
            client_auth=names.CLIENT_AUTH[given.client_auth_type],
            oldest=max(oldest, ssl.TLSVersion.TLSv1_2),
            newest=names.VERSIONS[given.max_version],
            ciphers=[names.CIPHERS_12[name] for name in given.cipher_suites if name in names.CIPHERS_12],
            prefer_own_ciphers=given.prefer_server_cipher_suites,
            curve=names.CURVES[given.curve_preferences[0]] if given.curve_preferences else None,
        )

    def note(self, given: TlsFile) -> None:
        """Tell where more is done for security, or less for choice, than was asked for."""
        if names.VERSIONS[given.min_version] < ssl.TLSVersion.TLSv1_2:
            self.notes.append(f"min_version {given.min_version}: TLS 1.2 is the oldest that is spoken")
        if len(given.curve_preferences) > 1:
            self.notes.append(f"curve_preferences: only the first, {given.curve_preferences[0]}, is used")
        if given.client_auth_type in names.UNASKED:
            self.notes.append(
                f"client_auth_type {given.client_auth_type}: no certificate is asked for, as any would do"
            )
        if given.client_auth_type in names.UNVERIFIED:
            self.notes.append(f"client_auth_type {given.client_auth_type}: certificates are verified too")


def _one_line(value: str) -> str:
    """The value of a header, as Go sends it."""
    return value.replace("\r", " ").replace("\n", " ").strip(" \t")


def _only_13(given: TlsFile) -> bool:
    return bool(given.cipher_suites) and not any(name in names.CIPHERS_12 for name in given.cipher_suites)


def _sans(given: TlsFile) -> frozenset[str] | None:
    return None if given.client_allowed_sans is None else frozenset(given.client_allowed_sans)
