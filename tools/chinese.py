"""The Chinese words of the generated tables in README.zh-CN.md; the English ones are what the programs themselves show."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from exporter.advice import Advice
from exporter.doctor.reference import advice_table
from exporter.errors import Reason, UserError
from exporter.owncatalogue import ENGLISH, Words, markdown_table

_STEP_BACK = "标准运维的应答来自最长 10 秒的缓存，因此该值可能短暂回退。"

MEANINGS: Mapping[str, str] = {
    "bk_task_up": "本次页面是否读到了该任务：读到为 1，否则为 0。读不到的任务只有此指标和 bk_task_scrape_duration_seconds。",
    "bk_task_info": "恒为 1。标签给出任务名称、类型（sops 为模板 ID，nodeman 为 job_type，gsekit 为 object/action）、创建人和任务链接，"
    "均可能为空。与所有标签一样，超过 200 个字符的文本会被截断。",
    "bk_task_state": f"任务状态：当前状态为 1，该系统的其他状态为 0，有且仅有一个为 1。{_STEP_BACK}",
    "bk_task_elapsed_seconds": "任务启动以来经过的秒数，含暂停时间，以蓝鲸返回的为准；蓝鲸不返回时，为结束时间（未结束则为当前时间）减去开始时间。"
    f"未知时缺失；已终止且没有结束时间的任务也缺失。{_STEP_BACK}",
    "bk_task_start_timestamp_seconds": "任务开始时间，Unix 时间戳，单位秒。启动前缺失。",
    "bk_task_finish_timestamp_seconds": "任务结束时间，Unix 时间戳，单位秒。未知时缺失；任务为 created、pending、running 或 suspended 时也缺失。",
    "bk_task_state_refresh_timestamp_seconds": "标准运维旧版引擎最近一次刷新状态的时间，Unix 时间戳，单位秒。其他情况缺失。",
    "bk_task_retries": "引擎统计的整个任务的重试次数。蓝鲸不返回时缺失。",
    "bk_task_loops": "整个任务当前处于第几次循环，从 1 数起。蓝鲸不返回时缺失。",
    "bk_task_skipped": "整个任务是否被人工跳过：是为 1，否为 0。蓝鲸不返回时缺失。",
    "bk_task_nodes": "各状态的已启动叶子节点数（sops、bkflow）。蓝鲸不返回未启动的节点，因此各状态之和不等于任务的节点总数。"
    "任务被终止后，其下仍显示为 running 或 pending 的节点计入 revoked。已过期的任务以及不读取节点时缺失。"
    f"{_STEP_BACK}",
    "bk_task_nodes_skipped": "失败后被人工跳过的叶子节点数，这些节点计入 finished。缺失的情形同 bk_task_nodes。",
    "bk_task_nodes_error_ignored": "失败后被忽略的叶子节点数，这些节点计入 finished。缺失的情形同 bk_task_nodes。",
    "bk_task_nodes_truncated": "因上限（nodes_per_task、node_series）而未在 bk_task_node_state 等指标中展示的节点数。不展示单个节点时缺失。",
    "bk_task_node_state": "恒为 1。标签 state 为单个已启动节点的当前状态；子流程也算节点，其中有节点失败时它也是失败。"
    f"最紧急的节点在前：failed、suspended、running，然后是其余状态。{_STEP_BACK}",
    "bk_task_node_elapsed_seconds": "节点启动以来经过的秒数，以蓝鲸返回的为准；重试后重新计时。未知时缺失。",
    "bk_task_node_retries": "节点的重试次数。只有至少重试过一次的节点才有。",
    "bk_task_nodeman_hosts": "节点管理作业中各状态的主机数：running、failed、success、pending、ignored。其他状态词以及未计入任何状态的主机计入 other。"
    "节点管理没有返回的状态缺失。",
    "bk_task_nodeman_os_hosts": "节点管理作业中各操作系统的主机数。只有节点管理旧版 API 返回。",
    "bk_task_nodeman_failed_hosts": "节点管理作业中各错误码的失败主机数。只有节点管理旧版 API 返回。",
    "bk_task_gsekit_job_tasks": "进程配置管理作业中各状态的子任务数：pending、running、succeeded、failed、ignored。",
    "bk_task_gsekit_ready": "进程配置管理作业的全部子任务是否都已创建：是为 1，否为 0。进程配置管理不返回时缺失。",
    "bk_task_scrape_duration_seconds": "本次页面在该任务上花费的秒数，含等待时间；取自缓存时为 0。",
    "bk_task_last_success_timestamp_seconds": "所展示的数据从蓝鲸取得的时间，Unix 时间戳，单位秒。读不到任务时缺失。",
    "bk_task_exporter_api_requests_total": "向蓝鲸发送的请求数，含重试。",
    "bk_task_exporter_api_request_failures_total": "向蓝鲸发送但没有得到正常应答的请求数，按原因区分。",
    "bk_task_exporter_api_request_duration_seconds": "从向蓝鲸发送请求到读完应答的秒数，无论应答是否正常。",
    "bk_task_exporter_api_retries_total": "向蓝鲸重新发送的请求数。",
    "bk_task_exporter_throttled_seconds_total": "请求因所配置的请求速率，或因蓝鲸要求放慢而等待的秒数。",
    "bk_task_exporter_cache_requests_total": "页面需要的任务数，无论应答已有保留还是需要重新读取。",
    "bk_task_exporter_cache_hits_total": "页面直接使用已保留应答的任务数。",
    "bk_task_exporter_coalesced_scrapes_total": "与同时进行的另一次抓取共用了至少一个请求的抓取次数。",
    "bk_task_exporter_scrape_duration_seconds": "为一次页面收集任务所用的秒数。",
    "bk_task_exporter_targets": "正在监控的任务数，按系统和来源区分：来自配置，或来自自动发现。",
    "bk_task_exporter_discovery_up": "该发现项最近一次列出任务是否成功。",
    "bk_task_exporter_discovery_last_success_timestamp_seconds": "该发现项最近一次成功列出任务的时间，Unix 时间戳，单位秒；首次成功之前缺失。",
    "bk_task_exporter_discovery_truncated": "该发现项的上限是否使部分任务未被列入：是为 1，否为 0。",
    "bk_task_exporter_unknown_states_total": "出现在状态位置上而本版本不认识的词的次数；相应的任务或节点为 unknown。",
    "bk_task_exporter_config_last_reload_successful": "最近一次加载配置是否成功。",
    "bk_task_exporter_config_last_reload_success_timestamp_seconds": "最近一次成功加载配置的时间，Unix 时间戳，单位秒。",
    "bk_task_exporter_credentials_last_load_successful": "最近一次从文件读取凭据是否成功。",
    "bk_task_exporter_shard_ordinal": "本实例负责第几个任务分片，从 0 数起。",
    "bk_task_exporter_shards": "任务分布在多少个实例上。",
    "bk_task_exporter_build_info": "恒为 1。标签给出 exporter 的版本、代码修订号及其 Python 版本。",
}

REASONS: Mapping[Reason, Advice] = {
    Reason.CONNECT: Advice(
        "无法连接蓝鲸，或在应答之前连接中断。",
        "检查该系统 `url` 的主机名和端口以及 `proxy_url`，再检查 exporter 与蓝鲸之间的域名解析、路由和防火墙。"
        "`bk-task-exporter doctor` 会指出是其中哪一项。",
    ),
    Reason.TIMEOUT: Advice(
        "未能在 `timeout` 之内，或未能在抓取截止之前收到完整应答。",
        "查看蓝鲸是否过载。调大 `timeout`，并让 Prometheus 的 `scrape_timeout` 大于它；如果请求是在等待速率限制"
        "（`bk_task_exporter_throttled_seconds_total`），则调大 `requests_per_second`。",
    ),
    Reason.TLS: Advice(
        "连接已建立，但 TLS 加密未能建立。",
        "蓝鲸的证书由私有 CA 签发时，把 CA 证书配置为 `tls.ca_file`。使用证书中的主机名；端口不支持 TLS 时使用 `http://`。"
        "证书过期则需由蓝鲸的运维人员更新。",
    ),
    Reason.AUTH: Advice(
        "蓝鲸拒绝了凭据，或返回了登录页而不是应答。",
        "与开发者中心核对 `bk_app_code` 和 `bk_app_secret`。标准运维要求用户经过认证：只有 `bk_username` 时，"
        "须由网关管理员为应用免除用户认证，或应用在 ESB 的免用户认证名单中；否则请提供 `access_token` 或 `bk_token`，它们会过期。"
        "出现登录页或重定向，也可能是 `url` 填成了网页地址而不是 API 地址。",
    ),
    Reason.FORBIDDEN: Advice(
        "蓝鲸知道请求者是谁，但不允许其访问。",
        "错误码 1640301 或 1306403：在开发者中心为应用申请该 API 的权限，权限过期则续期。"
        "其他错误码：在权限中心为用户申请业务或任务的权限；在 BKFlow 中，应用须绑定该空间，且任务须属于该空间。",
    ),
    Reason.NOT_FOUND: Advice(
        "蓝鲸中没有这个任务，或没有这个业务。",
        "把任务 ID 及其业务、项目或空间与蓝鲸中任务页面的地址核对。任务可能已被删除或清理，此时请从配置中去掉。"
        "使用项目 ID 时须写 `scope: project`。",
    ),
    Reason.BAD_URL: Advice(
        "该地址没有这个 API。",
        "检查该系统的 `url`：`route: apigw` 时以网关环境结尾，例如 `/prod`；`route: esb` 时为 PaaS 的地址，不带路径。"
        "检查 `route` 和 `api`：节点管理 2.x 用 `api: job_details`，1.x 用 `api: get_task_info`。资源从未发布时，请网关管理员发布。",
    ),
    Reason.THROTTLED: Advice(
        "蓝鲸限制了请求频率。",
        "调低 `requests_per_second`，加长抓取间隔或 `cache_ttl`，或向网关管理员申请更高的配额。",
    ),
    Reason.SERVER: Advice(
        "蓝鲸自身出错：后端不可用、耗时过长或异常。",
        "查看蓝鲸自身的状态和日志，可用 request id 找到对应的请求。经 ESB 返回的错误码 1306201 也表示该版本没有这个 API："
        "节点管理 2.x 用 `api: job_details`。",
    ),
    Reason.MALFORMED: Advice(
        "收到了应答，但不是该系统应有的应答。",
        "确认 `url` 指向的就是该系统。若确实如此，请附上应答反馈给我们：`/probe` 加 `debug=true` 即可看到应答。",
    ),
    Reason.REFUSED: Advice(
        "蓝鲸拒绝了请求，而其说法不属于以上任何一种原因。",
        "阅读返回的信息和错误码。对于其他业务的任务、已删除的任务、权限不足以及自身错误，标准运维一律返回 3599999："
        "请以配置中的用户身份在蓝鲸中查看该任务。",
    ),
}


def metrics() -> str:
    """The table of all metrics; raises UserError."""
    _check("MEANINGS", MEANINGS, ENGLISH.meanings)
    return markdown_table(
        Words(
            tasks="任务的每个指标都有标签 {identity}。",
            own="以下指标只出现在 `/metrics`，此外还有常见的 `process_*` 和 `python_*`：",
            head=("指标", "类型", "其他标签", "含义"),
            meanings=MEANINGS,
        )
    )


def reasons() -> str:
    """The table of the words of the label `reason`; raises UserError."""
    _check("REASONS", REASONS, Reason)
    return advice_table(REASONS.items(), ("原因", "含义", "处理办法"))


def _check(name: str, words: Container[str], wanted: Iterable[str]) -> None:
    """Name at once all that a table of this file lacks."""
    if lacking := [each for each in wanted if each not in words]:
        raise UserError(f"tools/chinese.py: {name} lacks {', '.join(lacking)}")
