"""`auth` of a file -> Credentials, with the files of its secrets read."""

from __future__ import annotations

import dataclasses
from pathlib import Path as FilePath

from exporter.config.credentials import Credentials
from exporter.config.fields import fields_of
from exporter.config.reader import Path, Reader
from exporter.config.schema import Auth
from exporter.config.secret import Secret, Setting
from exporter.errors import UserError

KEYS = tuple(field.name for field in dataclasses.fields(Credentials))


def credentials(reader: Reader, auth: Auth, path: Path, base: FilePath) -> Credentials:
    """The credentials of one `auth`; file names are relative to `base`. What is wrong with them is noted."""
    settings = {key: _setting(reader, auth, key, path, base) for key in KEYS}
    given = {key for key in KEYS for twin in (key, f"{key}_file") if (*path, twin) in reader.spots}
    _check_together(reader, given, path)
    return Credentials(**settings)  # type: ignore[arg-type]  # _setting makes a Secret of each key that is one


def _setting(reader: Reader, auth: Auth, key: str, path: Path, base: FilePath) -> Setting | None:
    kind = Secret if fields_of(Auth)[key].written == "secret" else Setting
    value, file = getattr(auth, key), getattr(auth, f"{key}_file")
    here = (*path, f"{key}_file")
    if (*path, key) in reader.spots and here in reader.spots:
        reader.problem(reader.spots[here], here, f"{key} is given too (line {reader.spots[*path, key]}): leave one out")
    elif file is not None:
        try:
            return kind.from_file(base / file)
        except UserError as error:
            reader.problem(reader.spots[here], here, str(error))
    return None if value is None else kind(value)


def _check_together(reader: Reader, given: set[str], path: Path) -> None:
    """An app is its code and its secret; only an access token does without."""
    spot = reader.spots[path]
    app = {"bk_app_code", "bk_app_secret"}
    if "access_token" in given:
        return
    if not given & app:
        reader.problem(
            spot, path, "no app: give bk_app_code and bk_app_secret (or bk_app_secret_file), or access_token"
        )
    for key in sorted(app - given if given & app else ()):
        (other,) = app - {key}
        reader.problem(spot, (*path, key), f"missing ({other} needs {key} or {key}_file)")
