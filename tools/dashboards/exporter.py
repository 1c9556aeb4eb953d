"""The dashboard *Exporter*: can every system be read, in time, and at what cost."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.common import BigValueTextMode

from exporter.owncatalogue import PREFIX
from tools.dashboards.frame import EXPORTER, ID, RECORDED, dashboard, several, text, to_task
from tools.dashboards.looks import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    REASONS,
    RED,
    SYSTEMS,
    TEAL,
    UP_DOWN,
    YES_NO,
    YES_NO_PLAIN,
    property_,
)
from tools.dashboards.panels import COLORED, Column, Look, Query, Size, bars, lines, mapped, numbers, rows, unit

INSTANCE = 'instance=~"$instance"'
SYSTEM = 'system=~"$system"'
BOTH = f"{INSTANCE}, {SYSTEM}"
RATE = "[$__rate_interval]"


def _rate(name: str, by: str = "system", chosen: str = BOTH) -> str:
    return f"sum by ({by}) (rate({PREFIX}{name}{{{chosen}}}{RATE}))"


def _quantile(share: float, name: str, *by: str, chosen: str) -> str:
    buckets = f"sum by ({', '.join((*by, 'le'))}) (rate({PREFIX}{name}_bucket{{{chosen}}}{RATE}))"
    return f"histogram_quantile({share}, {buckets})"


def _health(board: Dashboard) -> None:
    board.with_panel(
        numbers(
            "Tasks that can be read",
            "The share of each system's tasks that can be read now.",
            Size(10, 4),
            Query(f"avg by (system) (max by ({ID}) (bk_task_up{{{BOTH}}}))", "{{system}}"),
            look=Look(unit="percentunit", decimals=0, base=RED, limits=[(0.01, ORANGE), (1, GREEN)]),
            names=True,
        )
    )
    for title, description, query, mappings, width in (
        ("Exporter", "Whether Prometheus gets its metrics.", f'up{{job="bk-task-exporter", {INSTANCE}}}', UP_DOWN, 3),
        (
            "Configuration",
            "Whether the last attempt to load the configuration succeeded.",
            f"{PREFIX}config_last_reload_successful{{{INSTANCE}}}",
            YES_NO,
            4,
        ),
        (
            "Credentials",
            "Whether the last attempt to read the credentials from their files succeeded.",
            f"{PREFIX}credentials_last_load_successful{{{INSTANCE}}}",
            YES_NO,
            4,
        ),
    ):
        look = Look(mappings=mappings, empty="no data")
        names = {"Configuration": "Configuration loaded", "Credentials": "Credentials loaded"}
        board.with_panel(
            numbers(names.get(title, title), description, Size(width, 4), Query(f"min({query})"), look=look)
        )
    board.with_panel(
        numbers(
            "Version",
            "The version of the exporter; several while it changes.",
            Size(3, 4),
            Query(f"group by (version) ({PREFIX}build_info{{{INSTANCE}}})", "{{version}}"),
            look=Look(base="text"),
            text=BigValueTextMode.NAME,
        )
    )


def _scrapes(board: Dashboard) -> None:
    scrape = "scrape_duration_seconds"
    board.with_panel(
        lines(
            "Scrape time and deadline",
            "How long collecting the tasks of a page took, and how long Prometheus waited for the page in all. At the"
            " deadline the page goes out with what is known: set the variable to the job's scrape_timeout.",
            Size(12, 8),
            Query(_quantile(0.5, scrape, chosen=INSTANCE), "median"),
            Query(_quantile(0.99, scrape, chosen=INSTANCE), "slowest 1 %"),
            Query(f'max(scrape_duration_seconds{{job="bk-task-exporter", {INSTANCE}}})', "as Prometheus sees it"),
            Query("vector($scrape_timeout - 0.5)", "deadline"),
            look=Look(
                unit="s",
                colors={"median": BLUE, "slowest 1 %": TEAL, "as Prometheus sees it": GREY, "deadline": RED},
            ),
        ).override_by_name("deadline", [property_("custom.fillOpacity", 0)])
    )
    board.with_panel(
        bars(
            "Slowest tasks",
            "Seconds that the last page spent on a task, waiting included. A bar leads to its task.",
            Size(6, 8),
            Query(
                "sort_desc(topk(10, label_join(max by (system, bk_biz_id, scope, task_id)"
                f' (bk_task_scrape_duration_seconds{{{BOTH}}}), "shown", " ", "system", "task_id")))',
                "{{shown}}",
            ),
            look=Look(unit="s", decimals=2, base=TEAL),
        ).override_by_field_type("number", [to_task("__field.labels")])
    )
    board.with_panel(
        lines(
            "Age of the data",
            "How old the oldest answer about an unfinished task is, in each system." + RECORDED,
            Size(6, 8),
            Query(f"max by (system) (time() - bk_task:oldest_success_timestamp_seconds{{{BOTH}}})", "{{system}}"),
            look=Look(unit="s", colors=SYSTEMS),
        )
    )


def _requests(board: Dashboard) -> None:
    board.with_panel(
        lines(
            "Requests to BlueKing",
            "Requests per second, retries included.",
            Size(8, 8),
            Query(_rate("api_requests_total"), "{{system}}"),
            look=Look(unit="reqps", colors=SYSTEMS),
        )
    )
    reasons = {reason.value: color for reason, color in REASONS.items()}
    board.with_panel(
        lines(
            "Failed requests by reason",
            "Requests per second that brought no good answer. docs/ says what each reason means.",
            Size(8, 8),
            Query(_rate("api_request_failures_total", "reason") + " > 0", "{{reason}}"),
            look=Look(unit="reqps", colors=reasons, empty="no request failed"),
            stacked=True,
        )
    )
    board.with_panel(
        lines(
            "Time of requests",
            "Until an answer was read, good or not: 95 % were faster.",
            Size(8, 8),
            Query(_quantile(0.95, "api_request_duration_seconds", "system", chosen=BOTH), "{{system}}"),
            look=Look(unit="s", colors=SYSTEMS),
        )
    )


def _sparing(board: Dashboard) -> None:
    board.with_panel(
        lines(
            "Served from kept answers",
            "Share of the tasks on a page for which BlueKing was not asked again.",
            Size(6, 7),
            Query(f"{_rate('cache_hits_total')}\n/ {_rate('cache_requests_total')}", "{{system}}"),
            look=Look(unit="percentunit", colors=SYSTEMS),
        )
    )
    board.with_panel(
        lines(
            "Waiting for the request rate",
            "Seconds that requests waited, in each second, for the configured rate or because BlueKing asked for it.",
            Size(6, 7),
            Query(_rate("throttled_seconds_total"), "{{system}}"),
            look=Look(unit="s", colors=SYSTEMS),
        )
    )
    board.with_panel(
        lines(
            "Retries and shared scrapes",
            "Requests per second that were sent once more, and scrapes per second that shared requests with another.",
            Size(6, 7),
            Query(_rate("api_retries_total"), "{{system}}"),
            Query(f"sum(rate({PREFIX}coalesced_scrapes_total{{{INSTANCE}}}{RATE}))", "shared scrapes"),
            look=Look(unit="suffix:/s", colors={**SYSTEMS, "shared scrapes": GREY}),
        )
    )
    board.with_panel(
        lines(
            "Unknown states",
            "Words per second, in the place of a state, that this version does not know.",
            Size(6, 7),
            Query(_rate("unknown_states_total"), "{{system}}"),
            look=Look(unit="suffix:/s", colors=SYSTEMS),
        )
    )


def _targets(board: Dashboard) -> None:
    shard = f'count_values by (job, instance) ("shard", {PREFIX}shard_ordinal)'
    targets = f"{PREFIX}targets{{{BOTH}}} * on (job, instance) group_left (shard) {shard}"
    board.with_panel(
        bars(
            "Tasks by system and source",
            "Where the tasks on the page come from: the configuration or a discovery. Exporters that show the same"
            " shard count once.",
            Size(8, 8),
            Query(
                f"sort_desc(sum by (system, source) (max by (system, source, shard) ({targets})))",
                "{{system}}, {{source}}",
            ),
            look=Look(base=BLUE),
        )
    )
    board.with_panel(
        rows(
            "Discoveries",
            "Whether the last listing of each discovery succeeded, how long ago one did, and whether its limit left"
            " tasks out; those that do not work first. Empty where nothing is discovered.",
            Size(16, 8),
            [
                Query(f"min by (discovery) ({PREFIX}discovery_up{{{INSTANCE}}})"),
                Query(f"time() - min by (discovery) ({PREFIX}discovery_last_success_timestamp_seconds{{{INSTANCE}}})"),
                Query(f"max by (discovery) ({PREFIX}discovery_truncated{{{INSTANCE}}})"),
            ],
            [
                Column("discovery", "Discovery"),
                Column("Value #A", "Works", [COLORED, mapped(YES_NO)], 100),
                Column("Value #B", "Last success, ago", unit("s", 0), 160),
                Column("Value #C", "Left tasks out", [COLORED, mapped(YES_NO_PLAIN)], 140),
            ],
            sort=("Works", False),
        )
    )


def _process(board: Dashboard) -> None:
    job = f'job="bk-task-exporter", {INSTANCE}'
    board.with_row(Row("The process"))
    for title, description, name, expr, look in (
        (
            "Processor",
            "Cores in use.",
            "cores",
            f"sum by (instance) (rate(process_cpu_seconds_total{{{job}}}{RATE}))",
            Look(),
        ),
        (
            "Memory",
            "Resident memory.",
            "memory",
            f"max by (instance) (process_resident_memory_bytes{{{job}}})",
            Look(unit="bytes"),
        ),
    ):
        board.with_panel(lines(title, description, Size(8, 6), Query(expr, f"{{{{instance}}}} {name}"), look=look))
    board.with_panel(
        numbers(
            "Configuration age",
            "When the configuration was last loaded with success.",
            Size(4, 6),
            Query(f"1000 * max({PREFIX}config_last_reload_success_timestamp_seconds{{{INSTANCE}}})"),
            look=Look(unit="dateTimeFromNow", base="text"),
        )
    )
    board.with_panel(
        numbers(
            "Shards",
            "Over how many exporters the tasks are spread, and how many of these Prometheus sees.",
            Size(4, 6),
            Query(f"max({PREFIX}shards)", "configured"),
            Query(f'count(count_values("shard", {PREFIX}shard_ordinal))', "seen"),
            look=Look(base="text"),
            names=True,
        )
    )


def exporter() -> Dashboard:
    """The dashboard of the exporter itself."""
    board = dashboard(
        EXPORTER,
        "BlueKing: task exporter",
        "Whether the exporter can read every system, in time, and at what cost.",
        several("instance", "Exporter", f"label_values({PREFIX}build_info, instance)"),
        several("system", "System", "label_values(bk_task_up, system)"),
        text("scrape_timeout", "Scrape timeout, seconds", "15"),
    )
    for part in (_health, _scrapes, _requests, _sparing, _targets, _process):
        part(board)
    return board
