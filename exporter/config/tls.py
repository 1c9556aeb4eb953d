"""TLS as a client: whom to trust, and who we are."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from exporter.config import files
from exporter.errors import UserError

_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM; None where the system's own trust will do, and where we show no certificate."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure_skip_verify: bool = False

    def context(self) -> ssl.SSLContext:
        """A context for clients, from the files as they are now; raises UserError."""
        for key, message in self.problems():
            raise UserError(f"{key}: {message}")
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file, password=_no_password)
        return context

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the files: the key, and the problem with its cure."""
        if self.key_file is not None and self.cert_file is None:
            yield "key_file", "needs cert_file, the certificate of this key"
        unreadable = dict(self._unreadable())
        yield from unreadable.items()
        if self.ca_file is not None and "ca_file" not in unreadable and (problem := _bad_authority(self.ca_file)):
            yield "ca_file", problem
        if self.cert_file is not None and not unreadable and (problem := _bad_chain(self.cert_file, self.key_file)):
            yield "cert_file", problem

    def _unreadable(self) -> Iterator[tuple[str, str]]:
        for key, file in (("ca_file", self.ca_file), ("cert_file", self.cert_file), ("key_file", self.key_file)):
            try:
                if file is not None:
                    files.read(Path(file), most=_MAX_BYTES)
            except UserError as error:
                yield key, str(error)


def _bad_authority(file: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (OSError, ValueError):
        return f"{file} holds no certificate in PEM"
    return ""


def _bad_chain(cert: str, key: str | None) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        where = f"{cert} and {key}" if key else cert
        return f"{where} do not belong together" if mismatch else f"{where}: no certificate with its key in PEM"
    except UserError as error:
        return str(error)
    except (OSError, ValueError):
        return f"cannot read {cert}"
    return ""


def _no_password() -> NoReturn:
    raise UserError("the key is encrypted; give one without a passphrase")
