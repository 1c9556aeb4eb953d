"""How values look, the same on every panel: one colour and one word for each state, status and reason.

The colours of states are those of the status page (exporter/ui/static/style.css).
"""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.models.dashboard import (
    DashboardRegexMapOptions,
    DynamicConfigValue,
    RegexMap,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from exporter import model
from exporter.errors import Reason
from exporter.model import State

RED, ORANGE, BLUE, TEAL, GREEN, PURPLE = "#d6382e", "#e08600", "#3c7de6", "#4fb0c6", "#3f9e5b", "#a44fc8"
DARK_RED, GREY, LIGHT_GREY, DARK_GREY, BROWN = "#9c1f17", "#98a2ae", "#c3cad2", "#6b7681", "#8a6d3b"

STATES: Mapping[State, str] = {
    State.FAILED: RED,
    State.PARTLY_FAILED: DARK_RED,
    State.SUSPENDED: ORANGE,
    State.UNKNOWN: PURPLE,
    State.RUNNING: BLUE,
    State.PENDING: TEAL,
    State.CREATED: LIGHT_GREY,
    State.FINISHED: GREEN,
    State.REVOKED: DARK_GREY,
    State.EXPIRED: GREY,
    State.IGNORED: BROWN,
}

#: States of what is over, for PromQL.
OVER = "|".join(state for state in STATES if state in model.OVER)

#: Numbers that stand for states where a panel can only colour by number; the most urgent state has the lowest.
CODES: Mapping[State, int] = {state: number for number, state in enumerate(STATES, 1)}

#: Statuses of nodeman's hosts and gsekit's tasks, in the colours of the states that they amount to.
STATUSES: Mapping[str, str] = {
    "failed": RED,
    "running": BLUE,
    "pending": TEAL,
    "success": GREEN,
    "succeeded": GREEN,
    "ignored": BROWN,
    "other": GREY,
}

#: Why a task needs attention, in words (prometheus/rules/recording.yml).
ATTENTION: Mapping[str, tuple[str, str]] = {
    "failed": ("Failed", RED),
    "hosts_failed": ("Hosts failed", RED),
    "job_tasks_failed": ("Job tasks failed", RED),
    "overdue": ("Not finished in time", DARK_RED),
    "waiting": ("Waits for a person", ORANGE),
    "runs_too_long": ("Runs too long", ORANGE),
    "unknown_state": ("Unknown state", PURPLE),
    "unreadable": ("Cannot be read", PURPLE),
}

REASONS: Mapping[Reason, str] = {
    Reason.CONNECT: RED,
    Reason.TIMEOUT: ORANGE,
    Reason.TLS: DARK_RED,
    Reason.AUTH: PURPLE,
    Reason.FORBIDDEN: "#c77ad8",
    Reason.NOT_FOUND: GREY,
    Reason.BAD_URL: BROWN,
    Reason.THROTTLED: TEAL,
    Reason.SERVER: "#f0b400",
    Reason.MALFORMED: BLUE,
    Reason.REFUSED: DARK_GREY,
}

#: Systems are told apart by colours that mean no state.
SYSTEMS: Mapping[str, str] = {"sops": "#5794f2", "bkflow": "#b877d9", "nodeman": "#37a2a2", "gsekit": "#d9a441"}


def words(texts: Iterable[tuple[str, str, str]]) -> list[ValueMapping]:
    """Map values to texts with their colours."""
    options = {
        value: ValueMappingResult(text=text, color=color, index=index)
        for index, (value, text, color) in enumerate(texts)
    }
    return [ValueMap(options)]


def always(text: str) -> list[ValueMapping]:
    """Map every text that is not empty to this one: a link needs no address to be read."""
    result = ValueMappingResult(text=text, index=0)
    return [RegexMap(DashboardRegexMapOptions(pattern="^(.+)$", result=result))]


#: States by their word and by their number.
STATE_WORDS = words(
    [(state.value, state.value.replace("_", " "), color) for state, color in STATES.items()]
    + [(str(CODES[state]), state.value.replace("_", " "), color) for state, color in STATES.items()]
)
ATTENTION_WORDS = words((reason, text, color) for reason, (text, color) in ATTENTION.items())
READABLE_WORDS = words([("1", "Yes", GREEN), ("0", "No", PURPLE)])
YES_NO = words([("1", "Yes", GREEN), ("0", "No", RED)])
YES_NO_PLAIN = words([("1", "yes", ORANGE), ("0", "no", GREY)])
UP_DOWN = words([("1", "Up", GREEN), ("0", "Down", RED)])


def property_(name: str, value: object) -> DynamicConfigValue:
    """One property of an override."""
    return DynamicConfigValue(id_val=name, value=value)


def fixed(color: str) -> DynamicConfigValue:
    """The property that gives a field this colour."""
    return property_("color", {"mode": "fixed", "fixedColor": color})
