"""What the dashboards share around their panels: variables, links to each other, PromQL of identity."""

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
    TimePicker,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DynamicConfigValue,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from exporter.catalogue import IDENTITY
from tools.dashboards.looks import always
from tools.dashboards.panels import SOURCE, Column, link, mapped

FLEET, TASK, EXPORTER = "bk-fleet", "bk-task", "bk-task-exporter"

#: The labels that make a task, for `by` and `on`.
ID = ", ".join(IDENTITY)

TAG = "bk-task-exporter"

#: Ends the description of a panel that is empty without our rules.
RECORDED = " From the recording rules in prometheus/rules."

#: Tells in the description of a panel of the links that `paged` makes.
PAGED = " Write the exporter's address above for a link to its page of the task, which says why it failed."


def known(vector: str) -> str:
    """The vector with what is known of each task; none is lost where nothing is."""
    info = f"topk by ({ID}) (1, bk_task_info) or on ({ID}) group by ({ID}) (bk_task_up)"
    return f"({vector})\n* on ({ID}) group_left (task_name, kind, creator, url)\n({info})"


def called(vector: str, *, length: int = 36) -> str:
    """The vector with a label `shown`: the task's name, cut, or its system and number where it has none."""
    numbered = f'label_join({vector}, "shown", " ", "system", "task_id")'
    return f'label_replace({numbered}, "shown", "$1", "task_name", "(?s)(.{{1,{length}}}).*")'


def to_task(fields: str = "__data.fields") -> DynamicConfigValue:
    """A link to the dashboard of the task in this row, or of this series."""
    chosen = "".join(f"&var-{name}=${{{fields}.{name}:percentencode}}" for name in IDENTITY)
    kept = "${datasource:queryparam}&${pages:queryparam}"
    return link("One task", f"/d/{TASK}?{kept}{chosen}&${{__url_time_range}}")


def paged(vector: str) -> str:
    """The vector with a label `page`, the exporter's page of the task, where the variable `pages` says its address."""
    labels = ", ".join(f'"{name}"' for name in ("pages", *IDENTITY))
    parts = f'label_join(label_replace({vector}, "pages", "$pages", "", ""), "parts", ";", {labels})'
    query = "&".join(f"{name}=${number}" for number, name in enumerate(IDENTITY, 2))
    pattern = "([^;]+?)/*" + ";(.*)" * len(IDENTITY)
    return f'label_replace({parts}, "page", "$1/task?{query}", "parts", "{pattern}")'


def opened(label: str, title: str, width: int) -> Column:
    """A column that opens the address in this label."""
    return Column(
        label, title, [mapped(always("Open")), link(f"Open in {title}", "${__value.raw}", new_tab=True)], width
    )


def _chosen(name: str, label: str, query: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).datasource(SOURCE)
    variable.query({"qryType": 1, "query": query, "refId": f"variable-{name}"}).definition(query)
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.NATURAL_ASC)


def several(name: str, label: str, query: str) -> QueryVariable:
    """A variable with one, some or all of the values."""
    variable = _chosen(name, label, query).multi(multi=True).include_all(include_all=True).all_value(".*")
    return variable.current(VariableOption(text=["All"], value=["$__all"]))


def one_or_all(name: str, label: str, query: str) -> QueryVariable:
    """A variable with one of the values, or all."""
    variable = _chosen(name, label, query).include_all(include_all=True).all_value(".*")
    return variable.current(VariableOption(text="All", value="$__all"))


def one(name: str, label: str, query: str) -> QueryVariable:
    """A variable with exactly one of the values."""
    return _chosen(name, label, query)


def named_task(selection: str) -> QueryVariable:
    """The variable `task_id`: lists number and name, of a task without name its kind or system; gives the number."""
    named = f'topk by ({ID}) (1, bk_task_info{{{selection}, task_name!=""}})'
    kinds = f'topk by ({ID}) (1, bk_task_info{{{selection}, kind!=""}})'
    each = (
        f'label_join({named}, "z_shown", " ", "task_id", "task_name")',
        f'label_join({kinds}, "z_shown", " #", "kind", "task_id")',
        f'label_join(group by ({ID}) (bk_task_up{{{selection}}}), "z_shown", " #", "system", "task_id")',
    )
    query = f"query_result({f' or on ({ID}) '.join(each)})"
    variable = _chosen("task_id", "Task", query)
    variable.query({"qryType": 3, "query": query, "refId": "variable-task_id"})
    return variable.regex(r'/task_id="(?<value>[^"]*)"[\s\S]*z_shown="(?<text>[^"]*)"/')


def text(name: str, label: str, default: str) -> TextBoxVariable:
    """A variable that takes any text."""
    variable = TextBoxVariable(name).label(label).default_value(default)
    return variable.current(VariableOption(text=default, value=default))


def dashboard(
    uid: str, title: str, description: str, *variables: QueryVariable | TextBoxVariable, since: str = "now-3h"
) -> Dashboard:
    """A dashboard with these variables beside its data source and the exporter's address, and links to the others."""
    made = Dashboard(title).uid(uid).description(description).tags([TAG]).editable().version(1)
    made.time(since, "now").timezone("browser").refresh("30s").tooltip(DashboardCursorSync.CROSSHAIR)
    made.timepicker(TimePicker().refresh_intervals(["10s", "30s", "1m", "5m", "15m"]))
    made.with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
    for variable in (*variables, text("pages", "Exporter's address", "")):
        made.with_variable(variable)
    others = DashboardLink("BlueKing tasks").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return made.link(others.as_dropdown(as_dropdown=False).keep_time(keep_time=True).include_vars(include_vars=False))
