"""The dashboard *Fleet*: all tasks at a glance, and what needs attention."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.common import BigValueTextMode

from exporter import model
from exporter.model import State
from tools.dashboards.frame import FLEET, ID, PAGED, RECORDED, called, dashboard, known, opened, paged, several, to_task
from tools.dashboards.looks import (
    ATTENTION,
    ATTENTION_WORDS,
    BLUE,
    CODES,
    GREEN,
    ORANGE,
    OVER,
    PURPLE,
    RED,
    STATE_WORDS,
    STATES,
    STATUSES,
    SYSTEMS,
    TEAL,
    property_,
)
from tools.dashboards.panels import (
    COLORED,
    COLORED_TEXT,
    Column,
    Look,
    Query,
    Size,
    bars,
    lines,
    mapped,
    numbers,
    rows,
    unit,
)

CHOSEN = 'system=~"$system", bk_biz_id=~"$bk_biz_id", scope=~"$scope"'
FAILED = f"{State.FAILED}|{State.PARTLY_FAILED}"
TILES, ROWS = 45, 100

#: Columns of *Tasks by system and business*: title, states, colour and width. Together they have every state once.
COUNTED = (
    ("Failed", FAILED, RED, 80),
    ("Suspended", State.SUSPENDED, ORANGE, 105),
    ("Unknown", State.UNKNOWN, PURPLE, 95),
    ("Running", State.RUNNING, BLUE, 90),
    ("Pending", f"{State.PENDING}|{State.CREATED}", TEAL, 90),
    ("Over", OVER, GREEN, 70),
)

STATE_LOOK = Look(colors={state.value: color for state, color in STATES.items()})


def _in(states: str, *, by: str) -> str:
    """How many tasks are in one of the states now; a task that two exporters show counts once."""
    return f'sum by ({by}) (max by ({ID}) (bk_task_state{{{CHOSEN}, state=~"{states}"}}))'


def _coded() -> str:
    """The number of the present state of each task that is not over."""
    unsettled = {state: code for state, code in CODES.items() if state not in model.OVER}
    each = [
        f'(max by ({ID}) (bk_task_state{{{CHOSEN}, state="{state}"}}) == 1) * {code}'
        for state, code in unsettled.items()
    ]
    return "\nor\n".join(each)


def _glance(board: Dashboard) -> None:
    counted = [
        Query(f'count(max by ({ID}) (bk_task_state{{{CHOSEN}, state="{state}"}}) == 1)', state.value)
        for state in STATES
    ]
    board.with_panel(
        numbers(
            "Tasks by state",
            "How many tasks are in which state now.",
            Size(18, 4),
            *counted,
            look=STATE_LOOK,
            names=True,
            filled=True,
        )
    )
    board.with_panel(
        numbers(
            "Watched",
            "Tasks that the exporter shows, whether they can be read or not.",
            Size(3, 4),
            Query(f"count(group by ({ID}) (bk_task_up{{{CHOSEN}}}))"),
            look=Look(base=BLUE, empty="0"),
        )
    )
    board.with_panel(
        numbers(
            "Cannot be read",
            "Tasks of which nothing is known at the moment. The dashboard *Exporter* says why.",
            Size(3, 4),
            Query(f"count(max by ({ID}) (bk_task_up{{{CHOSEN}}}) == 0) or vector(0)"),
            look=Look(limits=[(1, PURPLE)]),
        )
    )


def _urgent_first() -> str:
    """Seconds for which tasks need attention, in the order of their reasons, and what is known of the tasks."""
    since = f'time() - bk_task:needs_attention_since_timestamp_seconds{{{CHOSEN}, reason="%s"}}'
    each = "\nor\n".join(f"sort(bottomk({ROWS}, max by ({ID}, reason) ({since % reason})))" for reason in ATTENTION)
    return paged(f"({each})\n* on ({ID}) group_left (task_name, kind, creator, url)\ntopk by ({ID}) (1, bk_task:info)")


def _attention(board: Dashboard) -> None:
    board.with_panel(
        rows(
            "Needs attention",
            "Tasks that failed, wait for a person, run too long, did not finish in time or cannot be read, most urgent"
            f" first, the latest {ROWS} for each reason, and since when as far as Prometheus saw it."
            + RECORDED
            + PAGED,
            Size(24, 10),
            [Query(_urgent_first())],
            [
                Column("reason", "Why", [COLORED, mapped(ATTENTION_WORDS)], 180),
                Column("Value", "For", unit("s", 1), 110),
                Column("task_name", "Name", [to_task()]),
                Column("system", "System", (), 100),
                Column("bk_biz_id", "Business", (), 90),
                Column("scope", "Project or space", (), 140),
                Column("task_id", "Task", [to_task()], 90),
                Column("kind", "Kind", (), 170),
                Column("creator", "Started by", (), 110),
                opened("url", "BlueKing", 90),
                opened("page", "Exporter", 90),
            ],
        )
    )


def _tiles(board: Dashboard) -> None:
    panel = numbers(
        "Unfinished tasks",
        f"One tile for each task that is not over, the most urgent first; at most {TILES}. A tile leads to its task.",
        Size(24, 9),
        Query(f"sort({called(known(f'bottomk({TILES}, {_coded()})'), length=14)})", "{{shown}}"),
        look=Look(mappings=STATE_WORDS),
        names=True,
        filled=True,
        text=BigValueTextMode.VALUE_AND_NAME,
        letters=(12, 13),
    )
    panel.override_by_field_type("number", [to_task("__field.labels")])
    board.with_panel(panel)


def _over_time(board: Dashboard) -> None:
    board.with_panel(
        lines(
            "Tasks by state over time",
            "How many tasks were in which state." + RECORDED,
            Size(12, 8),
            Query(f"sum by (state) (bk_task:tasks{{{CHOSEN}}}) > 0", "{{state}}"),
            look=STATE_LOOK,
            stacked=True,
        )
    )
    board.with_panel(
        lines(
            "Failures over time",
            "How many tasks of each system were failed, wholly or partly." + RECORDED,
            Size(12, 8),
            Query(f'sum by (system) (bk_task:tasks{{{CHOSEN}, state=~"{FAILED}"}})', "{{system}}"),
            look=Look(colors=SYSTEMS),
            steps=True,
        )
    )


def _places(board: Dashboard) -> None:
    by = "system, bk_biz_id, scope"
    queries = [Query(_in(states, by=by)) for _, states, _, _ in COUNTED]
    queries.append(Query(f"sum by ({by}) (1 - max by ({ID}) (bk_task_up{{{CHOSEN}}}))"))
    columns = [
        Column("system", "System", (), 95),
        Column("bk_biz_id", "Business", (), 90),
        Column("scope", "Project or space", (), 135),
    ]
    named = [(title, color, width) for title, _, color, width in COUNTED] + [("Unreadable", PURPLE, 110)]
    for ref, (title, color, width) in zip("ABCDEFG", named, strict=True):
        steps = [{"value": None, "color": "text"}, {"value": 1, "color": color}]
        colored = [COLORED_TEXT, property_("thresholds", {"mode": "absolute", "steps": steps})]
        colored += [*unit("none"), property_("color", {"mode": "thresholds"})]
        columns.append(Column(f"Value #{ref}", title, colored, width))
    board.with_panel(
        rows(
            "Tasks by system and business",
            "How many tasks are in which state, in each business, project and space.",
            Size(17, 9),
            queries,
            columns,
            sort=("Failed", True),
        )
    )


def _longest(board: Dashboard) -> None:
    running = (
        f"max by ({ID}) (bk_task_elapsed_seconds{{{CHOSEN}}})"
        f'\nand on ({ID}) bk_task_state{{{CHOSEN}, state="running"}} == 1'
    )
    panel = bars(
        "Longest running",
        "Tasks that have been running for longest, pauses included. A bar leads to its task.",
        Size(7, 9),
        Query(f"sort_desc({called(known(f'topk(10, {running})'), length=24)})", "{{shown}}"),
        look=Look(unit="s", decimals=1, base=BLUE),
    )
    panel.override_by_field_type("number", [to_task("__field.labels")])
    board.with_panel(panel)


def _jobs(board: Dashboard) -> None:
    board.with_row(Row("Jobs of nodeman and gsekit"))
    statuses = Look(colors=STATUSES)
    each = f"{ID}, "
    board.with_panel(
        bars(
            "nodeman: hosts by status",
            "Hosts of all watched nodeman jobs.",
            Size(5, 8),
            Query(
                f"sort_desc(sum by (status) (max by ({each}status) (bk_task_nodeman_hosts{{{CHOSEN}}})))", "{{status}}"
            ),
            look=statuses,
        )
    )
    board.with_panel(
        bars(
            "nodeman: hosts by operating system",
            "Hosts of all watched nodeman jobs. Only nodeman's legacy API tells.",
            Size(6, 8),
            Query(
                f"sort_desc(sum by (os_type) (max by ({each}os_type) (bk_task_nodeman_os_hosts{{{CHOSEN}}})))",
                "{{os_type}}",
            ),
            look=Look(base=TEAL),
        )
    )
    board.with_panel(
        bars(
            "nodeman: failed hosts by error code",
            "The ten most frequent error codes. Only nodeman's legacy API tells.",
            Size(8, 8),
            Query(
                "sort_desc(topk(10, sum by (err_code)"
                f" (max by ({each}err_code) (bk_task_nodeman_failed_hosts{{{CHOSEN}}})) > 0))",
                "{{err_code}}",
            ),
            look=Look(base=RED, empty="no host failed"),
        )
    )
    board.with_panel(
        bars(
            "gsekit: tasks by status",
            "Tasks of all watched gsekit jobs.",
            Size(5, 8),
            Query(
                f"sort_desc(sum by (status) (max by ({each}status) (bk_task_gsekit_job_tasks{{{CHOSEN}}})))",
                "{{status}}",
            ),
            look=statuses,
        )
    )


def fleet() -> Dashboard:
    """The dashboard of all tasks."""
    board = dashboard(
        FLEET,
        "BlueKing: fleet of tasks",
        "All tasks that the exporter watches in bk-sops, BKFlow, nodeman and gsekit: how many are in which state, and"
        " which need attention.",
        several("system", "System", "label_values(bk_task_up, system)"),
        several("bk_biz_id", "Business", 'label_values(bk_task_up{system=~"$system"}, bk_biz_id)'),
        several("scope", "Project or space", 'label_values(bk_task_up{system=~"$system"}, scope)'),
    )
    for part in (_glance, _attention, _tiles, _over_time, _places, _longest, _jobs):
        part(board)
    return board
