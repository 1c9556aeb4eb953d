"""The dashboard *One task*: what it does now, what it did, and at which node."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from tools.dashboards.frame import ID, PAGED, TASK, dashboard, named_task, one, one_or_all, opened, paged
from tools.dashboards.looks import (
    BLUE,
    BROWN,
    CODES,
    GREY,
    ORANGE,
    OVER,
    READABLE_WORDS,
    STATE_WORDS,
    STATES,
    STATUSES,
    TEAL,
    YES_NO_PLAIN,
)
from tools.dashboards.panels import COLORED, Column, Look, Query, Size, bars, lines, mapped, numbers, rows, unit

CHOSEN = 'system="$system", bk_biz_id=~"$bk_biz_id", scope=~"$scope", task_id="$task_id"'
STATE_COLORS = {state.value: color for state, color in STATES.items()}


def _max(family: str) -> str:
    return f"max({family}{{{CHOSEN}}})"


def _seen(expression: str, source: str) -> str:
    """Only those states of the expression that came up in the time shown."""
    return f"{expression}\nand on (state) max by (state) (max_over_time({source}[$__range] @ end())) > 0"


def _head(board: Dashboard) -> None:
    coded = "\nor\n".join(
        f'(max(bk_task_state{{{CHOSEN}, state="{state}"}}) == 1) * {code}' for state, code in CODES.items()
    )
    empty = "not known"
    board.with_panel(
        numbers(
            "State",
            "The present state.",
            Size(4, 4),
            Query(coded),
            look=Look(mappings=STATE_WORDS, empty=empty, base=GREY),
            filled=True,
        )
    )
    board.with_panel(
        numbers(
            "Elapsed",
            "Since the task started, pauses included, as BlueKing reports it.",
            Size(4, 4),
            Query(_max("bk_task_elapsed_seconds")),
            look=Look(unit="s", decimals=1, base=BLUE, empty=empty),
        )
    )
    for title, description, family, none in (
        ("Started", "When the task started.", "bk_task_start_timestamp_seconds", "not yet"),
        ("Finished", "When the task finished.", "bk_task_finish_timestamp_seconds", "not yet"),
    ):
        look = Look(unit="dateTimeFromNow", base="text", empty=none)
        board.with_panel(numbers(title, description, Size(4, 4), Query(f"1000 * {_max(family)}"), look=look))
    board.with_panel(
        numbers(
            "Can be read",
            "Whether the exporter can read this task now.",
            Size(4, 4),
            Query(_max("bk_task_up")),
            look=Look(mappings=READABLE_WORDS, empty="not watched", base=GREY),
        )
    )
    board.with_panel(
        numbers(
            "Age of the data",
            "How long ago BlueKing told what is shown here. The exporter keeps answers for a while.",
            Size(4, 4),
            Query(f"time() - {_max('bk_task_last_success_timestamp_seconds')}"),
            look=Look(unit="s", decimals=0, base="text", limits=[(600, ORANGE)], empty=empty),
        )
    )


def _about(board: Dashboard) -> None:
    board.with_panel(
        rows(
            "About this task",
            "Kind is the template of bk-sops, nodeman's job type, gsekit's object and action. BlueKing does not always"
            " tell name and link." + PAGED,
            Size(24, 4),
            [
                Query(
                    paged(
                        f"topk by ({ID}) (1, bk_task:info{{{CHOSEN}}})\n"
                        f"or on ({ID}) topk by ({ID}) (1, bk_task_info{{{CHOSEN}}})\n"
                        f"or on ({ID}) group by ({ID}) (bk_task_up{{{CHOSEN}}})"
                    )
                )
            ],
            [
                Column("task_name", "Name"),
                Column("system", "System", (), 110),
                Column("bk_biz_id", "Business", (), 100),
                Column("scope", "Project or space", (), 150),
                Column("task_id", "Task", (), 120),
                Column("kind", "Kind", (), 200),
                Column("creator", "Started by", (), 140),
                opened("url", "BlueKing", 100),
                opened("page", "Exporter", 100),
            ],
        )
    )


def _states(board: Dashboard) -> None:
    state = f"max by (state) (bk_task_state{{{CHOSEN}}})"
    board.with_panel(
        lines(
            "State over time",
            "Which state the task was in. A gap: it could not be read.",
            Size(12, 6),
            Query(_seen(state, f"bk_task_state{{{CHOSEN}}}"), "{{state}}"),
            look=Look(colors=STATE_COLORS),
            stacked=True,
            steps=True,
            maximum=1,
        )
    )
    board.with_panel(
        lines(
            "Elapsed over time",
            "Wall clock since the start. It begins anew where the task was started anew.",
            Size(12, 6),
            Query(_max("bk_task_elapsed_seconds"), "elapsed"),
            look=Look(unit="s", colors={"elapsed": BLUE}),
        )
    )


def _parts(board: Dashboard) -> None:
    """Nodes, hosts or tasks: a task has only one of these, so that they share panels."""
    colors = {**STATUSES, **STATE_COLORS}
    nodes = f"max by (state) (bk_task_nodes{{{CHOSEN}}})"
    hosts = f"max by (status) (bk_task_nodeman_hosts{{{CHOSEN}}})"
    tasks = f"max by (status) (bk_task_gsekit_job_tasks{{{CHOSEN}}})"
    board.with_panel(
        lines(
            "Started nodes, hosts or job tasks over time",
            "By state or status: leaf nodes of a flow that have started (BlueKing tells of no others, so their sum"
            " grows while the task goes on), hosts of a nodeman job, tasks of a gsekit job.",
            Size(10, 8),
            Query(_seen(nodes, f"bk_task_nodes{{{CHOSEN}}}"), "{{state}}"),
            Query(hosts, "{{status}}"),
            Query(tasks, "{{status}}"),
            look=Look(colors=colors),
            stacked=True,
        )
    )
    board.with_panel(
        bars(
            "Nodes, hosts or job tasks now",
            "By state or status: started leaf nodes of a flow, hosts of a nodeman job, tasks of a gsekit job.",
            Size(6, 8),
            Query(f"sort_desc({nodes} > 0)", "{{state}}"),
            Query(f"sort_desc({hosts} > 0)", "{{status}}"),
            Query(f"sort_desc({tasks} > 0)", "{{status}}"),
            look=Look(colors=colors, empty="nothing started"),
        )
    )
    board.with_panel(
        numbers(
            "Nodes with a history",
            "Failed nodes that a person skipped, or whose failure was ignored, count as finished. Nodes beyond the"
            " exporter's limits are missing in the table below.",
            Size(4, 8),
            Query(_max("bk_task_nodes_skipped"), "skipped"),
            Query(_max("bk_task_nodes_error_ignored"), "failure ignored"),
            Query(_max("bk_task_nodes_truncated"), "not shown"),
            look=Look(base=GREY, limits=[(1, ORANGE)], empty="no nodes"),
            names=True,
        )
    )
    board.with_panel(
        numbers(
            "The task as a whole",
            "Retries and loops as the engine counts them, and whether a person skipped it. Not every system tells.",
            Size(4, 8),
            Query(_max("bk_task_retries"), "retries"),
            Query(_max("bk_task_loops"), "loop"),
            Query(_max("bk_task_skipped"), "skipped"),
            look=Look(base=GREY, empty="not told"),
            names=True,
        ).override_by_name("skipped", [mapped(YES_NO_PLAIN)])
    )


def _unfinished(board: Dashboard) -> None:
    going_on = f'bk_task_node_state{{{CHOSEN}, state!~"{OVER}"}}'
    shown = f"max by (node_id, node_name, state) ({going_on})"
    beside = f"and on (node_id) {going_on}"
    elapsed = f"max by (node_id, node_name) (bk_task_node_elapsed_seconds{{{CHOSEN}}} {beside})"
    retries = f"max by (node_id, node_name) (bk_task_node_retries{{{CHOSEN}}} {beside})"
    hosts = f"max by (err_code) (bk_task_nodeman_failed_hosts{{{CHOSEN}}}) > 0"
    hosts = f'label_replace({hosts}, "node_name", "hosts with error $1", "err_code", "(.+)")'
    tasks = f'max by (status) (bk_task_gsekit_job_tasks{{{CHOSEN}, status!~"succeeded|ignored"}}) > 0'
    tasks = f'label_replace({tasks}, "node_name", "tasks of the job", "", "")'
    board.with_panel(
        rows(
            "What has not finished, and what failed",
            "Nodes of a flow: subprocesses are nodes too, and fail with what fails in them, so what began last is"
            " innermost. Of a nodeman job its failed hosts by error code, of a gsekit job its tasks.",
            Size(14, 10),
            [
                Query(shown),
                Query(elapsed),
                Query(retries),
                Query(f'label_replace({hosts}, "state", "failed", "", "")'),
                Query(f'label_replace({tasks}, "state", "$1", "status", "(.+)")'),
            ],
            [
                Column("state", "State", [COLORED, mapped(STATE_WORDS)], 110),
                Column("node_name", "Node"),
                Column("Value #B", "Elapsed", unit("s", 1), 110),
                Column("Value #C", "Retries", unit("none"), 80),
                Column("Value #D", "Hosts", unit("none"), 80),
                Column("Value #E", "Tasks", unit("none"), 80),
                Column("node_id", "Node id", (), 290),
            ],
            sort=("Elapsed", False),
        )
    )
    board.with_panel(
        bars(
            "Longest nodes",
            "The ten nodes that took longest, or have been running for longest.",
            Size(10, 10),
            Query(
                "sort_desc(topk(10, label_replace(label_replace("
                f"max by (node_id, node_name) (bk_task_node_elapsed_seconds{{{CHOSEN}}}),"
                ' "shown", "$1", "node_id", "(.{1,12}).*"), "shown", "$1", "node_name", "(?s)(.{1,24}).*")))',
                "{{shown}}",
            ),
            look=Look(unit="s", decimals=1, base=TEAL, empty="no nodes"),
        )
    )


def _seldom(board: Dashboard) -> None:
    """What only few tasks have, closed until somebody wants it."""
    row = Row("Only for jobs of nodeman and gsekit, and for the old engine of bk-sops")
    row.with_panel(
        bars(
            "Hosts by operating system",
            "Hosts of a nodeman job. Only nodeman's legacy API tells.",
            Size(12, 6),
            Query(f"sort_desc(max by (os_type) (bk_task_nodeman_os_hosts{{{CHOSEN}}}))", "{{os_type}}"),
            look=Look(base=TEAL, empty="not a nodeman job"),
        )
    )
    row.with_panel(
        numbers(
            "All tasks of the job created",
            "Whether gsekit has created all tasks of the job.",
            Size(6, 6),
            Query(_max("bk_task_gsekit_ready")),
            look=Look(mappings=READABLE_WORDS, base=BROWN, empty="not a gsekit job"),
        )
    )
    row.with_panel(
        numbers(
            "State refreshed",
            "When the old engine of bk-sops last refreshed the state.",
            Size(6, 6),
            Query(f"1000 * {_max('bk_task_state_refresh_timestamp_seconds')}"),
            look=Look(unit="dateTimeFromNow", base="text", empty="not the old engine"),
        )
    )

    board.with_row(row)


def task() -> Dashboard:
    """The dashboard of one task."""
    board = dashboard(
        TASK,
        "BlueKing: one task",
        "One task: its state over time, its nodes, its hosts.",
        one("system", "System", "label_values(bk_task_up, system)"),
        one_or_all("bk_biz_id", "Business", 'label_values(bk_task_up{system="$system"}, bk_biz_id)'),
        one_or_all("scope", "Project or space", 'label_values(bk_task_up{system="$system"}, scope)'),
        named_task('system="$system", bk_biz_id=~"$bk_biz_id", scope=~"$scope"'),
        since="now-1h",
    )
    for part in (_head, _about, _states, _parts, _unfinished, _seldom):
        part(board)
    return board
