"""What an error tells of credentials, grants and addresses: why a whole system cannot be asked. Pure.

Messages of the gateway's and the ESB's credential checks are English literals in their sources
(blueking-apigateway-apisix, plugins/bk-auth-verify and bk-auth-validate; blueking-apigateway, src/esb bkapp and
bkauth validators) and are not localised; what fits none of them is only called `credentials`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from exporter.config import Credentials
from exporter.errors import Reason, TaskError

_GRANTS = frozenset({"1640301", "1306403"})
_IP = frozenset({"1640302"})
_PAST_GATEWAY = frozenset({"3800018"})

#: The first that matches decides.
_CREDENTIALS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"access_token", "access_token"),
        (r"app not found|app code (cannot|contains)|app code \[bk_app_code\] cannot|provide bk_app_code", "app"),
        (r"secret", "secret"),
        (r"is not verified|on behalf of", "user_not_verified"),
        (r"bk_token is (invalid|valid)|bk_ticket is (invalid|valid)", "user_token"),
        (r"user authentication failed|valid user identity", "user"),
    )
)

_ABOUT_A_TASK = frozenset({Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.REFUSED})


def of_the_system(error: TaskError) -> bool:
    """Whether an error is about the whole system rather than about the task that was asked for."""
    if error.reason not in _ABOUT_A_TASK or not error.explicit:
        return True
    return error.code in _GRANTS | _IP


def cause_of(error: TaskError, credentials: Credentials) -> str:
    """The closest word for an error that is about a whole system."""
    if error.code in _PAST_GATEWAY or (error.reason is Reason.FORBIDDEN and not error.explicit):
        return "past_gateway"
    if error.code in _GRANTS:
        return "api_not_granted"
    if error.code in _IP:
        return "ip"
    if error.reason is Reason.AUTH:
        return credential_cause(error.message, credentials) if error.explicit else "login_page"
    return "address" if error.reason is Reason.BAD_URL else error.reason.value


def credential_cause(message: str, credentials: Credentials) -> str:
    """Which of the credentials is the matter."""
    given = dict(credentials.given())
    cause = next((cause for pattern, cause in _CREDENTIALS if pattern.search(_told(message))), "credentials")
    if cause == "user" and given.keys() & {"bk_token", "bk_ticket"}:
        return "user_token"
    if cause == "user":
        return "user_not_verified" if "bk_username" in given else "user_missing"
    return cause


def _told(message: str) -> str:
    """Without the list of what one might send, which names everything."""
    return re.sub(r"such as .*|please provide a valid user identity.*", "valid user identity", message)
