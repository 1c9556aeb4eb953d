"""bk-task-exporter: the state of BlueKing tasks, as Prometheus metrics."""

__version__ = "0.1.0"
