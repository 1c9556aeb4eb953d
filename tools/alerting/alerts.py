"""Every alert: what it watches, how long it waits, how urgent it is, what it says."""

from dataclasses import dataclass

from exporter.catalogue import IDENTITY
from exporter.errors import Reason
from exporter.systems import SYSTEMS
from tools.alerting.phrases import (
    AGE,
    CREATOR,
    DISCOVERY,
    LINK,
    PLACE,
    REASONS,
    TASK,
    WHERE,
    Text,
    both,
    counts,
    measured,
    nodes,
)

#: The labels that tell tasks apart, in PromQL.
ID = ", ".join(IDENTITY)

#: Reasons that say something of one task, and nothing of its system.
OF_ONE_TASK = f"{Reason.NOT_FOUND}|{Reason.REFUSED}"

#: What the exporter's job is called in prometheus.yml.
JOB = 'job="bk-task-exporter"'


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `wait` is Prometheus' `for`; `task` tells that its labels are those of a task.

    `title` is what several of them are called, `one` what a single one is in English, and `subject` what it is of.
    """

    name: str
    expr: str
    wait: str
    severity: str
    one: str
    title: Text
    subject: Text
    description: Text
    task: bool = False

    @property
    def summary(self) -> Text:
        """What is wrong, and with what."""
        return Text(f"{self.one}: ", f"{self.title.zh}：") + self.subject


def _with_info(seconds: str) -> str:
    """With what is known of the task. After a restart of Prometheus a task may have two infos for a while: topk."""
    return f"{seconds}\n* on ({ID}) group_left (task_name, kind, creator, url)\ntopk by ({ID}) (1, bk_task:info)"


def _seconds(reason: str) -> str:
    """For how long tasks have needed attention for this reason."""
    return f'max without (reason) (time() - bk_task:needs_attention_since_timestamp_seconds{{reason="{reason}"}})'


def _task(name: str, seconds: str, wait: str, severity: str, *, one: str, title: Text, description: Text) -> Alert:
    return Alert(
        name,
        _with_info(seconds),
        wait,
        severity,
        one,
        title,
        TASK + Text(" ({{ $labels.system }}, ", "（{{ $labels.system }} ") + PLACE + Text(")", "）"),
        WHERE + description + CREATOR + LINK,
        task=True,
    )


TASKS = (
    _task(
        "BkTaskFailed",
        _seconds("failed"),
        "2m",
        "critical",
        one="Task failed",
        title=Text("Tasks failed", "任务失败"),
        description=Text(" has been failed for ", "已失败 ")
        + AGE
        + Text(".", "。")
        + nodes("failed", Text("Failed nodes", "失败节点")),
    ),
    _task(
        "BkTaskWaiting",
        _seconds("waiting"),
        "30m",
        "warning",
        one="Task waits for a person",
        title=Text("Tasks wait for a person", "任务等待人工处理"),
        description=Text(" has been suspended for ", "已暂停 ")
        + AGE
        + Text(" and goes on only when somebody acts.", "，需要人工处理才能继续。")
        + nodes("suspended", Text("Suspended nodes", "暂停节点")),
    ),
    _task(
        "BkTaskRunsTooLong",
        _seconds("runs_too_long"),
        "5m",
        "warning",
        one="Task runs too long",
        title=Text("Tasks run too long", "任务执行时间过长"),
        description=Text(" is over its limit by ", "已超出时限 ")
        + AGE
        + measured("bk_task:max_elapsed_seconds", Text(" (limit ", "（时限 "), Text(")", "）"))
        + Text(".", "。")
        + nodes("running", Text("Running nodes", "执行中节点")),
    ),
    _task(
        "BkTaskNotFinishedInTime",
        "max without (reason) (\n"
        '  bk_task:needs_attention{reason="overdue"}\n'
        f"  * on ({ID}) (time() - bk_task:finish_by_timestamp_seconds)\n"
        ")",
        "1m",
        "critical",
        one="Task did not finish in time",
        title=Text("Tasks did not finish in time", "任务未按时完成"),
        description=Text(" should have finished ", "应在 ")
        + AGE
        + Text(" ago.", "前完成。")
        + nodes("failed|suspended|running", Text("Unfinished nodes", "未完成节点")),
    ),
    _task(
        "BkNodemanHostsFailed",
        _seconds("hosts_failed"),
        "2m",
        "critical",
        one="Hosts failed",
        title=Text("Hosts failed", "主机失败"),
        description=Text(" has had failed hosts for ", "出现失败主机已有 ")
        + AGE
        + Text(".", "。")
        + counts("bk_task_nodeman_hosts", "status", Text("Hosts", "主机数"))
        + counts("bk_task_nodeman_failed_hosts", "err_code", Text("Failed hosts by error code", "失败主机错误码")),
    ),
    _task(
        "BkGsekitTasksFailed",
        _seconds("job_tasks_failed"),
        "2m",
        "critical",
        one="Job has failed tasks",
        title=Text("Jobs have failed tasks", "任务有失败项"),
        description=Text(" has had failed tasks for ", "出现失败项已有 ")
        + AGE
        + Text(".", "。")
        + counts("bk_task_gsekit_job_tasks", "status", Text("Tasks of the job", "任务项")),
    ),
    _task(
        "BkTaskUnreadable",
        _seconds("unreadable"),
        "10m",
        "warning",
        one="Task cannot be read",
        title=Text("Tasks cannot be read", "任务状态无法读取"),
        description=Text(" could not be read for ", "已有 ")
        + AGE
        + Text(", so its state is not known.", "无法读取，状态未知。")
        + REASONS,
    ),
    _task(
        "BkTaskStateUnknown",
        _seconds("unknown_state"),
        "5m",
        "warning",
        one="Task is in an unknown state",
        title=Text("Tasks are in an unknown state", "任务处于未知状态"),
        description=Text(" has been for ", "已有 ")
        + AGE
        + Text(
            " in a state, or has a node in one, that this version of the exporter does not know.",
            "处于（或有节点处于）当前版本 exporter 不认识的状态。",
        )
        + nodes("unknown", Text("Nodes", "节点")),
    ),
    _task(
        "BkTaskNodesTruncated",
        f"(max by ({ID}) (bk_task_nodes_truncated) > 0)",
        "15m",
        "info",
        one="Not all nodes are shown",
        title=Text("Not all nodes are shown", "节点未全部展示"),
        description=Text(
            " has {{ $value }} more started nodes than `nodes_per_task` or `node_series` let through, and has had too"
            " many for 15 minutes. The most urgent nodes are shown.",
            "还有 {{ $value }} 个已开始的节点因 `nodes_per_task` 或 `node_series` 的限制未展示，已持续 15 分钟以上。"
            "最需要关注的节点已优先展示。",
        ),
    ),
)

EXPORTER = (
    Alert(
        "BkSystemUnreadable",
        # Finished tasks are shown from the cache for long while nothing can be read any more, so requests count as
        # well: all but 5 %, for they are extrapolated. Where one task alone is still asked for, its failures are all,
        # so there must be two.
        "max by (system) (bk_task_up) == 0\n"
        "or\n"
        "(\n"
        "  sum by (system) (\n"
        f'    increase(bk_task_exporter_api_request_failures_total{{reason!~"{OF_ONE_TASK}"}}[5m])\n'
        "  )\n"
        "  / sum by (system) (increase(bk_task_exporter_api_requests_total[5m])) > 0.95\n"
        "  and on (system)\n"
        f"  count by (system) (max by ({ID}) (bk_task_up) == 0) > 1\n"
        ")",
        "3m",
        "critical",
        "BlueKing system unreadable",
        Text("BlueKing systems unreadable", "蓝鲸系统无法读取"),
        both("{{ $labels.system }}"),
        Text(
            "Nothing could be read from {{ $labels.system }} for 3 minutes or more. What its tasks do now is not known;"
            " only finished ones may still be shown.",
            "已有 3 分钟以上无法从 {{ $labels.system }} 读取任何信息，其任务的当前状态未知，仅可能仍展示已结束的任务。",
        )
        + REASONS,
    ),
    Alert(
        "BkCredentialsRefused",
        'sum by (system) (increase(bk_task_exporter_api_request_failures_total{reason="auth"}[5m]))\n'
        "/ sum by (system) (increase(bk_task_exporter_api_requests_total[5m]))\n"
        ">= 0.5",
        "2m",
        "critical",
        "Credentials refused",
        Text("Credentials refused", "凭证被拒绝"),
        both("{{ $labels.system }}"),
        Text(
            "{{ $labels.system }} refused the exporter's credentials in {{ $value | humanizePercentage }} of the"
            " requests of the last 5 minutes. App code, secret, user or token need to be looked at.",
            "最近 5 分钟内，{{ $labels.system }} 有 {{ $value | humanizePercentage }} 的请求因凭证被拒绝。"
            "请检查应用编码、密钥、用户或 token。",
        ),
    ),
    Alert(
        "BkRequestsThrottled",
        "(\n"
        '  sum by (system) (increase(bk_task_exporter_api_request_failures_total{reason="throttled"}[10m]))\n'
        "  / sum by (system) (increase(bk_task_exporter_api_requests_total[10m])) > 0.05\n"
        ") or (\n"
        "  sum by (system) (increase(bk_task_exporter_throttled_seconds_total[10m]))\n"
        "  / sum by (system) (increase(bk_task_exporter_api_requests_total[10m])) > 2\n"
        ")",
        "10m",
        "warning",
        "Requests throttled",
        Text("Requests throttled", "请求被限流"),
        both("{{ $labels.system }}"),
        Text(
            "For 10 minutes or more, {{ $labels.system }} has refused more than 5 % of the requests as too many, or"
            " each has waited for more than 2 s for the configured rate. Pages may be incomplete.",
            "已有 10 分钟以上，{{ $labels.system }} 因请求过多拒绝了超过 5 % 的请求，"
            "或请求因速率限制平均等待超过 2 秒。指标可能不完整。",
        ),
    ),
    Alert(
        "BkDiscoveryFailing",
        # A listing without a name of its own is called by its place, which begins with the system.
        "label_replace(\n"
        "  max by (discovery) (bk_task_exporter_discovery_up) == 0,\n"
        f'  "system", "$1", "discovery", "({"|".join(SYSTEMS)}) .*"\n'
        ")",
        "10m",
        "warning",
        "Discovery fails",
        Text("Discoveries fail", "任务发现失败"),
        DISCOVERY,
        Text(
            "Tasks could not be listed for 10 minutes or more. Tasks that were created since are not watched;"
            " those known before still are.",
            "已有 10 分钟以上无法获取任务列表。此后新建的任务没有被监控，之前发现的任务不受影响。",
        ),
    ),
    Alert(
        "BkDiscoveryTruncated",
        "max by (discovery) (bk_task_exporter_discovery_truncated) == 1",
        "15m",
        "warning",
        "Discovery finds more than its limit",
        Text("Discoveries find more than their limits", "任务发现超出上限"),
        DISCOVERY,
        Text(
            "For 15 minutes or more there have been more tasks than the `limit` of this discovery."
            " Those beyond it are not watched.",
            "任务数量超过该发现规则的 `limit` 已有 15 分钟以上，超出的任务没有被监控。",
        ),
    ),
    Alert(
        "BkTaskExporterReloadFailed",
        "bk_task_exporter_config_last_reload_successful == 0",
        "1m",
        "warning",
        "Configuration not loaded",
        Text("Configurations not loaded", "配置加载失败"),
        both("{{ $labels.instance }}"),
        Text(
            "{{ $labels.instance }} could not load its configuration and goes on with the one before."
            " Its log and `bk-task-exporter check-config` say what is wrong.",
            "{{ $labels.instance }} 无法加载配置，仍在使用之前的配置。"
            "原因见其日志，或执行 `bk-task-exporter check-config`。",
        ),
    ),
    Alert(
        "BkCredentialsNotLoaded",
        "bk_task_exporter_credentials_last_load_successful == 0",
        "1m",
        "warning",
        "Credentials not loaded",
        Text("Credentials not loaded", "凭证加载失败"),
        both("{{ $labels.instance }}"),
        Text(
            "{{ $labels.instance }} could not read its credentials from their files and goes on with those before."
            " Its log says which file.",
            "{{ $labels.instance }} 无法从文件读取凭证，仍在使用之前的凭证。具体文件见其日志。",
        ),
    ),
    Alert(
        "BkTaskExporterDown",
        f"up{{{JOB}}} == 0\nor\nabsent(up{{{JOB}}})",
        "3m",
        "critical",
        "Exporter down",
        Text("Exporters down", "Exporter 不可用"),
        both("{{ or $labels.instance $labels.job }}"),
        Text(
            "Prometheus has had no metrics from {{ or $labels.instance $labels.job }} for 3 minutes or more."
            " Nobody watches its BlueKing tasks.",
            "Prometheus 已有 3 分钟以上无法从 {{ or $labels.instance $labels.job }} 获取指标，"
            "其蓝鲸任务处于无人监控状态。",
        ),
    ),
    Alert(
        "BkTaskExporterShardMissing",
        f"max by (job) (bk_task_exporter_shards{{{JOB}}})\n"
        "-\n"
        f'count by (job) (count_values by (job) ("shard", bk_task_exporter_shard_ordinal{{{JOB}}}))\n'
        "> 0",
        "5m",
        "critical",
        "Shards of the exporter missing",
        Text("Shards of the exporter missing", "Exporter 缺少分片"),
        Text("{{ $value }} ({{ $labels.job }})", "{{ $value }} 个（{{ $labels.job }}）"),
        Text(
            "Prometheus has had no metrics from {{ $value }} of the shards of {{ $labels.job }} for 5 minutes or more."
            " Nobody watches the tasks of these shards.",
            "Prometheus 已有 5 分钟以上无法从 {{ $labels.job }} 的 {{ $value }} 个分片获取指标，"
            "这些分片的任务处于无人监控状态。",
        ),
    ),
)

ALERTS = TASKS + EXPORTER
