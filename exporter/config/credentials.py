"""Who we are to BlueKing: an app, a user, or an access token that stands for both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields

from exporter.config.secret import Secret, Setting


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of BlueKing's `X-Bkapi-Authorization`; None where a key was not given.

    They are settings that may stand in files: `refresh` reads again what changed.
    """

    bk_app_code: Setting | None = None
    bk_app_secret: Secret | None = None
    bk_username: Setting | None = None
    bk_token: Secret | None = None
    bk_ticket: Secret | None = None
    access_token: Secret | None = None

    def given(self) -> Iterator[tuple[str, Setting]]:
        """The keys that were given, with their settings."""
        for field in fields(self):
            setting: Setting | None = getattr(self, field.name)
            if setting is not None:
                yield field.name, setting

    @property
    def has_user(self) -> bool:
        """Whether a user stands behind the requests."""
        return any(key in {"bk_username", "bk_token", "bk_ticket", "access_token"} for key, _ in self.given())

    def header(self) -> str:
        """The JSON object of `X-Bkapi-Authorization`, plain ASCII.

        An access token carries app and user, and is sent alone, as BlueKing's own SDK does
        (bkpaas-python-sdk, bkapi_client_core/auth.py).
        """
        sent = {key: setting.reveal() for key, setting in self.given()}
        if "access_token" in sent:
            sent = {"access_token": sent["access_token"]}
        return json.dumps(sent)

    def changed(self) -> bool:
        """Whether a file that one of them was read from is another one now. Costs a `stat` for each file."""
        return any(setting.changed() for _, setting in self.given())

    def refresh(self, *, force: bool = False) -> bool:
        """Read again the files that changed, all of them with `force`, and tell whether a value is another now.

        Raises UserError, naming the file, where one cannot be read; all that was known before stays in use.
        """
        read = [(setting, setting.read()) for _, setting in self.given() if force or setting.changed()]
        return sum(setting.take(found) for setting, found in read) > 0
