"""What holds of every dashboard and every panel, as they stand in grafana/."""

import json
import re

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from exporter.catalogue import IDENTITY
from exporter.model import State
from exporter.systems import SYSTEMS
from tests.alerting.rulefiles import rules
from tests.dashboards.boards import BOARDS, Panel, every, filled_in, panels, queries, variables
from tests.dashboards.models import misfits
from tools.dashboards import looks
from tools.dashboards.fleet import COUNTED
from tools.dashboards.looks import ATTENTION, CODES, OVER, STATES
from tools.dashboards.panels import SCRAPED
from tools.generate import ROOT

RECORDING = ROOT / "prometheus/rules/recording.yml"
PANELS = [pytest.param(panel, id=panel.name) for panel in panels()]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_what_grafana_reads(name: str) -> None:
    """Grafana's own model of a dashboard knows every key of the file, and every value is of its declared type."""
    board = Dashboard.from_json(BOARDS[name])
    assert json.loads(JSONEncoder().encode(board)) == BOARDS[name]
    assert list(misfits(board, Dashboard)) == []


def test_a_wrong_value_is_found() -> None:
    """The check above sees a title that is a number, as Grafana's own model does not."""
    board = Dashboard.from_json(BOARDS["fleet.json"])
    board.title = 5  # type: ignore[assignment]
    assert list(misfits(board, Dashboard)) == [".title: 5 is no typing.Optional[str]"]


def test_dashboards_can_be_told_apart() -> None:
    """Each has an identity and a title of its own, which links and bookmarks rely on."""
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        "fleet.json": "bk-fleet",
        "task.json": "bk-task",
        "exporter.json": "bk-task-exporter",
    }
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_panels_lie_side_by_side(name: str) -> None:
    """Panels stay within 24 columns, do not overlap and have numbers of their own."""
    taken: dict[tuple[int, int], str] = {}
    numbers = []
    for panel in (panel for panel in panels() if panel.board == name):
        at = panel.model["gridPos"]
        numbers.append(panel.model["id"])
        assert at["x"] + at["w"] <= 24
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert taken.setdefault(cell, panel.name) == panel.name
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_explains_itself(panel: Panel) -> None:
    """A panel has a title, a description that is a sentence, a unit, and a name for each of several series."""
    model = panel.model
    assert model["title"]
    assert re.fullmatch(r"[A-Z.].*\.", model["description"], re.DOTALL)
    assert model["fieldConfig"]["defaults"]["unit"]
    if model["type"] != "table":
        named = [target["legendFormat"] != "__auto" for target in model["targets"]]
        assert all(named) or len(named) == 1


@pytest.mark.parametrize("panel", PANELS)
def test_numbers_are_written_out(panel: Panel) -> None:
    """1,204 tasks are not 1.20 K, wherever a panel counts something."""
    assert panel.model["fieldConfig"]["defaults"]["unit"] != "short"


@pytest.mark.parametrize("panel", PANELS)
def test_rates_have_samples_whatever_the_data_source_says(panel: Panel) -> None:
    """A rate spans several scrapes even where Grafana's data source does not know their interval."""
    rates = [target for target in panel.model["targets"] if "$__rate_interval" in target["expr"]]
    assert {target["interval"] for target in rates} <= {SCRAPED}


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_asks_the_chosen_data_source(panel: Panel) -> None:
    """No panel is tied to the data source of one site."""
    sources = [panel.model["datasource"], *(target["datasource"] for target in panel.model["targets"])]
    assert {source["uid"] for source in sources} == {"${datasource}"}


@pytest.mark.parametrize("panel", PANELS)
def test_queries_use_known_variables(panel: Panel) -> None:
    """Every variable in a query is one of the dashboard's, or Grafana's own."""
    for expr in queries(panel):
        assert "$" not in re.sub(r"\$\d", "", filled_in(expr, every(BOARDS[panel.board])))


@pytest.mark.parametrize("name", BOARDS)
def test_variables_ask_the_chosen_data_source(name: str) -> None:
    """A data source is the first thing to choose; what else can be chosen is asked of it."""
    known = variables(BOARDS[name])
    assert next(iter(known.values()))["type"] == "datasource"
    asked = [each for each in known.values() if each["type"] == "query"]
    assert asked
    assert {each["datasource"]["uid"] for each in asked} == {"${datasource}"}


@pytest.mark.parametrize("panel", PANELS)
def test_links_lead_to_dashboards_with_their_variables(panel: Panel) -> None:
    """A link within Grafana leads to one of the three dashboards, and sets variables that it has."""
    uids = {board["uid"]: board for board in BOARDS.values()}
    for path, query in re.findall(r'"url": "/d/([^"?]+)\?([^"]*)"', json.dumps(panel.model)):
        assert path in uids
        set_ = set(re.findall(r"var-(\w+)=", query))
        assert set_ <= set(variables(uids[path]))
        assert set_ == set(IDENTITY)
        assert "${pages:queryparam}" in query


def test_alerts_lead_to_dashboards() -> None:
    """The paths in the alerts' annotations are those of dashboards, and set variables that they have."""
    text = (ROOT / "prometheus/rules/alerts.yml").read_text("utf-8")
    uids = {board["uid"]: board for board in BOARDS.values()}
    paths = re.findall(r"dashboard: /d/([\w-]+)/[\w-]+(\?.*)?$", text, re.MULTILINE)
    assert paths
    for uid, query in paths:
        assert set(re.findall(r"var-(\w+)=", query)) <= set(variables(uids[uid]))


def test_every_system_has_a_colour_of_its_own() -> None:
    """... which is none of those that mean a state."""
    assert not (lacking := set(SYSTEMS) - set(looks.SYSTEMS)), f"tools/dashboards/looks.py: SYSTEMS lacks {lacking}"
    assert len({*looks.SYSTEMS.values(), *STATES.values()}) == len(looks.SYSTEMS) + len(STATES)


def test_every_state_has_one_colour_everywhere() -> None:
    """All dashboards colour a state alike, by its word and by its number, and as the status page does."""
    assert set(STATES) == set(State)
    for state, color in STATES.items():
        text = json.dumps(list(BOARDS.values()))
        word = state.value.replace("_", " ")
        mapped = re.findall(
            rf'"(?:{state.value}|{CODES[state]})": {{"color": "(#\w+)", "index": \d+, "text": "{word}"}}', text
        )
        fixed = re.findall(
            rf'"options": "{state.value}"}}, "properties": \[{{"id": "color", "value": {{"fixedColor": "(#\w+)"', text
        )
        assert mapped
        assert fixed
        assert set(mapped + fixed) == {color}
    style = (ROOT / "exporter/ui/static/style.css").read_text("utf-8")
    fills = dict(reversed(re.findall(r"--fill-(\w+): (#\w+)", style)))  # the light theme's come first
    assert {state: STATES[State(state)] for state in fills if state != "quiet"} == {
        state: color for state, color in fills.items() if state != "quiet"
    }


def test_every_task_is_counted_in_one_column() -> None:
    """The columns of *Tasks by system and business* have every state once."""
    assert sorted("|".join(states for _, states, _, _ in COUNTED).split("|")) == sorted(State)


def test_only_tasks_that_are_not_over_can_be_overdue() -> None:
    """The rule names exactly the states that the dashboards do not call over."""
    (rule,) = (rule for rule in rules(RECORDING) if rule.get("labels") == {"reason": "overdue"})
    (states,) = re.findall(r'bk_task_state\{state=~"(.*?)"\}', rule["expr"])
    assert set(states.split("|")) == set(State) - set(OVER.split("|"))


def test_every_reason_for_attention_has_a_word() -> None:
    """What the recording rules call a reason is shown in words."""
    assert {rule["labels"]["reason"] for rule in rules(RECORDING) if "labels" in rule} == set(ATTENTION)
