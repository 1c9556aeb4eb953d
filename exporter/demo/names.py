"""Names as operators and careless scripts give them to tasks and nodes."""

from random import Random

TASKS = (
    "每日备份",
    "灰度发布",
    "全量发布",
    "数据库扩容",
    "日志清理",
    "证书更新",
    "机房切换演练",
    "nightly build",
    "deploy gateway",
    "rotate credentials",
    "collect inventory",
    "patch kernel",
)
ACTIVITIES = (
    "停止服务",
    "备份数据",
    "分发文件",
    "执行脚本",
    "健康检查",
    "切换流量",
    "启动服务",
    "校验版本",
    "清理临时文件",
    "通知值班人员",
    "HTTP request",
    "wait for replicas",
    "定时",
)
SUBPROCESSES = ("发布单区", "回滚预案", "数据迁移", "per-zone rollout", "巡检子流程")
ODD_TASK = '发布 "v2"\\beta\n<script>alert(1)</script> 🚀 {x="1"}'
ODD_ACTIVITIES = (
    "same",
    "same",
    "weird\\name {x=1}",
    "含中文 空格/斜杠",
    "<script>alert(1)</script>",
    "🔥 回滚",
    "line\nbreak",
)
LONG_TASK = "长" * 200 + " long name " + "x" * 300
RIGHT_TO_LEFT_TASK = "تحديث الخوادم \u202egnirts"
USERS = ("admin", "alice", "bob", "zhangsan", "lisi")
FAILURES = (
    "请求成功判定失败",
    "执行脚本失败: exit code 1",
    "<pre>Traceback (most recent call last):\n  connection refused</pre>",
    "定时时间需晚于当前时间",
    "目标主机 Agent 状态异常",
)


def activity(rng: Random) -> str:
    """The name of a node that does something."""
    return rng.choice(ACTIVITIES)


def task(rng: Random, number: int) -> str:
    """The name of a task that somebody created from a template."""
    return f"{rng.choice(TASKS)}_{number}"
