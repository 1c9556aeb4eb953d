"""The dashboards as Grafana reads them."""

from collections.abc import Callable

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import RowPanel

from tools.dashboards.exporter import exporter
from tools.dashboards.fleet import fleet
from tools.dashboards.task import task

#: By file name below grafana/dashboards.
DASHBOARDS: dict[str, Callable[[], Dashboard]] = {
    "fleet.json": fleet,
    "task.json": task,
    "exporter.json": exporter,
}


def dashboard_json(name: str) -> str:
    """The text of a dashboard's file; its panels are numbered in their order."""
    board = DASHBOARDS[name]().build()
    inside = [panel for row in board.panels or () if isinstance(row, RowPanel) for panel in row.panels]
    for number, panel in enumerate([*(board.panels or ()), *inside], 1):
        panel.id_val = number
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board) + "\n"
