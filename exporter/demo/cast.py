"""The tasks of bk-sops and BKFlow, and who is there when the curtain rises: those with a part of their own, by id."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from exporter.demo import names, stories
from exporter.demo.script import Story


@dataclass(frozen=True, slots=True)
class Part:
    """A task with a fixed id. `age`: how many seconds before the curtain it was created."""

    story: Callable[[Random], Story]
    age: float = 600.0
    name: str = ""
    space: int = 0
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A row of the task table. `space` counts the businesses (or spaces) of the world from 0."""

    system: str
    id: int
    space: int
    name: str
    created: float
    template: int
    creator: str
    method: str
    mark: str
    story: Story
    pace: float


SLOW, MOODY, LATE_STATE = 90015, 90027, 90025

# `mark` is what the database says beside the engine: expired, deleted, cleaned (rows gone), child (of another task).
COMMON = {
    1: Part(stories.patrol, 300, "每小时巡检"),
    2: Part(stories.wide_patrol, 200, "分区巡检"),
    3: Part(stories.bumpy_patrol, 100, "夜间发布"),
    4: Part(stories.flapping_patrol, 60, "对账任务"),
    5: Part(stories.paused_patrol, 30, "灰度发布"),
    6: Part(stories.held_patrol, 40, "审批发布"),
    7: Part(stories.odd_names, 20, names.ODD_TASK),
    8: Part(stories.big, 900, "全网升级"),
    9: Part(stories.starting_late, 30, "预约变更"),
    10: Part(stories.deep_failed, 900, "nested"),
    11: Part(stories.failed_and_running, 700, "双机房切换"),
    12: Part(stories.failed_under_pause, 800, "停服维护"),
    13: Part(stories.revoked_at_work, 1200, "已终止的发布"),
    14: Part(stories.confirmation, 500, "待确认变更"),
    15: Part(stories.held, 400, "节点暂停"),
    16: Part(stories.parent, 900, "总控流程"),
    17: Part(stories.patrol, 895, "独立子任务", mark="child"),
    18: Part(stories.never_started, 5000, "草稿"),
    19: Part(stories.skipped, 9000, "finished with a skip"),
    20: Part(stories.ignored, 8000, "finished, one failure ignored"),
    21: Part(stories.node_loop, 7000, "loop of three"),
    22: Part(stories.linear, 6000, "linear"),
    23: Part(stories.short, 30000, "三个节点"),
    24: Part(stories.stuck, 3000, "stuck with every child finished"),
    25: Part(stories.linear, 90000, "finished, rows cleaned", mark="cleaned"),
    26: Part(stories.patrol, 150, names.LONG_TASK),
    27: Part(stories.wide_patrol, 120, names.RIGHT_TO_LEFT_TASK),
    SLOW: Part(stories.patrol, 400, "慢应答"),
    90016: Part(stories.patrol, 400, "引擎故障"),
    LATE_STATE: Part(stories.unheard_of, 400, "未知状态"),
    MOODY: Part(stories.patrol, 400, "限流"),
    90002: Part(stories.linear, 4000, "别的业务的任务", space=1),
    90003: Part(stories.linear, 4000, "已删除", mark="deleted"),
    90004: Part(stories.linear, 4000, "已归档", mark="expired"),
}
SOPS = COMMON | {
    30: Part(stories.old_patrol, 250, "老引擎巡检"),
    31: Part(stories.failed_and_running_old, 640, "v1 engine task"),
    32: Part(stories.revoked_old, 1300, "老引擎已终止"),
    33: Part(stories.old_engine, 20000, "老引擎已完成"),
    34: Part(stories.patrol, 222, "another business", space=1),
    35: Part(stories.patrol, 222, "no permission here", space=2),
}
# BKFlow makes a task of its own of each subprocess; only the formatter still knows nested ones.
BKFLOW_INLINE = frozenset({15})
BKFLOW = COMMON | {34: Part(stories.patrol, 222, "another space", space=1)}
