"""The committed dashboards, taken apart."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.dashboards.boards import DASHBOARDS
from tools.generate import ROOT

BOARDS: dict[str, dict[str, Any]] = {
    name: json.loads((ROOT / "grafana/dashboards" / name).read_text("utf-8")) for name in DASHBOARDS
}

#: What Grafana would fill in, for a test.
BUILT_IN = {"__rate_interval": "30s", "__interval": "1s", "__range": "60s"}


@dataclass(frozen=True)
class Panel:
    """One panel; ``name`` tells it apart in a test's report."""

    board: str
    model: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.board}: {self.model['title']}"


def panels() -> Iterator[Panel]:
    """Yield every panel that draws something, those of closed rows too."""
    for name, board in BOARDS.items():
        for model in board["panels"]:
            if model["type"] != "row":
                yield Panel(name, model)
            yield from (Panel(name, inside) for inside in model.get("panels", ()))


def queries(panel: Panel) -> Iterator[str]:
    """Yield a panel's PromQL, variables and all."""
    yield from (target["expr"] for target in panel.model["targets"])


def variables(board: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a dashboard's variables by name."""
    return {each["name"]: each for each in board["templating"]["list"]}


def filled_in(expr: str, chosen: Mapping[str, str]) -> str:
    """Return the PromQL that Grafana would send; KeyError for a variable that nobody knows."""
    values = {**BUILT_IN, **chosen}
    return re.sub(r"\$\{?([a-z_]\w*)\}?", lambda found: values[found[1]], expr)


def every(board: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that the variables have at first: everything."""
    first = {name: each.get("allValue", "") for name, each in variables(board).items()}
    return {name: value or "15" for name, value in first.items()}
