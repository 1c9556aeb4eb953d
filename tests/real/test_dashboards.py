"""Every query of every dashboard, asked of a real Prometheus that has scraped the demo under our rules."""

import functools
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerting.rulefiles import RULES
from tests.dashboards.boards import BOARDS, Panel, every, filled_in, panels, queries, variables
from tests.real import servers
from tests.real.programs import Monitoring
from tests.real.servers import PrometheusServer
from tools.processes import free_port, until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("dashboards")]

#: Tasks of the demo's cast that together have everything that *One task* shows.
CAST = [
    {"system": system, "bk_biz_id": "2", "scope": "", "task_id": str(number)}
    for system, numbers in {
        "sops": (3, 4, 10, 19, 30),
        "nodeman": (9, 12),
        "gsekit": (1, 2, 3, 4, 7, 9, 10, 12),
    }.items()
    for number in numbers
]

#: Queries that need not have an answer on the demo, and why.
MAY_BE_EMPTY = {
    'state="ignored"': "no job as a whole is ever ignored",
    'state="expired"': "only one task of the demo is expired, and its answer may be late",
    "bk_task_node_retries": "only while a node has been retried",
    'reason="overdue"': "no time by which to finish is set",
}


@pytest.fixture(scope="module")
def prometheus(monitoring: Monitoring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Run a Prometheus with all rules on a fast demo, until the rules have seen it twice."""
    folder = tmp_path_factory.mktemp("prometheus")
    address = f"127.0.0.1:{free_port()}"
    command = [str(Path(sys.executable).with_name("bk-task-exporter")), "demo", "--web.listen-address", address]
    for path in RULES:
        shutil.copy(path, folder)
    config = {
        "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
        "rule_files": [path.name for path in RULES],
        "scrape_configs": [{"job_name": "bk-task-exporter", "static_configs": [{"targets": [address]}]}],
    }
    demo = servers.running([*command, "--speed", "10"], ready_url=f"http://{address}/-/ready", log=folder / "demo.log")
    with demo, servers.prometheus(monitoring.prometheus, config, folder) as server:
        server.wait_for("count_over_time(bk_task:needs_attention_since_timestamp_seconds[1m]) > 5", timeout=90)
        server.wait_for("count_over_time(bk_task_exporter_shards[1m]) >= 2", timeout=90)
        yield server


def answered(prometheus: PrometheusServer, panel: Panel, expr: str) -> bool:
    """Tell whether a query has an answer, for all tasks or for one of the cast."""
    choices = [every(BOARDS[panel.board])]
    if "task_id" in variables(BOARDS[panel.board]):
        choices = CAST
    return any(prometheus.query(filled_in(expr, {**every(BOARDS[panel.board]), **chosen})) for chosen in choices)


@pytest.mark.parametrize("panel", [pytest.param(panel, id=panel.name) for panel in panels()])
def test_every_query_of_a_panel_has_an_answer(prometheus: PrometheusServer, panel: Panel) -> None:
    """No panel is empty on the demo: each of its queries brings data."""
    for expr in queries(panel):
        if not any(part in expr for part in MAY_BE_EMPTY) or " or\n" in expr:
            until(functools.partial(answered, prometheus, panel, expr), bool, 20, every=0.5)


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_has_values(prometheus: PrometheusServer, name: str) -> None:
    """There is something to choose from for each variable that lists values of a label."""
    chosen = {**every(BOARDS[name]), **({"system": "sops"} if name == "task.json" else {})}
    for variable in variables(BOARDS[name]).values():
        if variable["type"] != "query" or variable["name"] == "task_id":
            continue
        values = re.fullmatch(r"label_values\((.+), (\w+)\)", filled_in(variable["query"]["query"], chosen))
        assert values
        found = [sample.labels.get(values[2]) for sample in prometheus.query(f"group by ({values[2]}) ({values[1]})")]
        assert any(found) or variable["name"] == "scope"


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        ("sops", "10 nested"),
        ("nodeman", "UPGRADE_AGENT #9"),
        ("gsekit", "process/stop #3"),
        ("gsekit", "gsekit #90006"),
    ],
)
def test_a_task_is_chosen_by_name_or_kind(prometheus: PrometheusServer, system: str, shown: str) -> None:
    """*One task* offers each task once: with its name, with its kind where it has none, or else with its system."""
    board = BOARDS["task.json"]
    variable = variables(board)["task_id"]
    query = filled_in(variable["query"]["query"], {**every(board), "system": system})
    found = prometheus.query(query.removeprefix("query_result(").removesuffix(")"))
    pattern = re.compile(variable["regex"].strip("/").replace("(?<", "(?P<"))
    lines = [",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items())) for sample in found]
    offered = [(match["value"], match["text"]) for line in lines if (match := pattern.search(line))]
    assert shown in dict(offered).values()
    assert len(dict(offered)) == len(offered) == len(found)


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://exporter:9840/", "https://exporter:9840/task?system=sops&bk_biz_id=2&scope=&task_id=10"),
        ("https://a/b", "https://a/b/task?system=sops&bk_biz_id=2&scope=&task_id=10"),
        ("", None),
    ],
)
def test_the_exporters_page_of_a_task_is_known_where_its_address_is(
    prometheus: PrometheusServer, address: str, page: str | None
) -> None:
    """Where the exporter's address is given, a row has that of the task's page there; else it leads nowhere."""
    (about,) = (panel for panel in panels() if panel.model["title"] == "About this task")
    chosen = {"system": "sops", "bk_biz_id": "2", "scope": ".*", "task_id": "10", "pages": address}
    (sample,) = prometheus.query(filled_in(next(queries(about)), chosen))
    assert sample.labels.get("page") == page
