"""The collector for registries of prometheus_client."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily

from exporter import families
from exporter.catalogue import FAMILIES
from exporter.families import TaskCollector
from exporter.model import State, Task
from exporter.outcome import Outcome
from tests.answers import outcome


def test_registering_asks_nobody() -> None:
    """The families are described without collecting, so that registering costs no request."""

    def nobody() -> list[Outcome[Task]]:
        raise AssertionError("collected")

    registry = CollectorRegistry(auto_describe=True)
    registry.register(TaskCollector(nobody))
    assert [metric.name for metric in TaskCollector(nobody).describe()] == [family.name for family in FAMILIES]


def test_each_collection_asks_anew() -> None:
    """A registry sees what is true at the moment it collects."""
    tasks = [outcome("sops", Task(state=State.RUNNING))]
    registry = CollectorRegistry()
    registry.register(TaskCollector(lambda: tasks))
    labels = {"system": "sops", "bk_biz_id": "2", "scope": "", "task_id": "10"}
    assert registry.get_sample_value("bk_task_up", labels) == 1
    tasks[0] = outcome("sops", None)
    assert registry.get_sample_value("bk_task_up", labels) == 0
    assert registry.get_sample_value("bk_task_state", labels | {"state": "running"}) is None


def test_a_sample_with_too_few_labels_is_our_bug() -> None:
    """Where prometheus_client would drop a label without a word, the collector raises and names the family."""
    metric = GaugeMetricFamily("bk_task_up", "", labels=("system",))
    with pytest.raises(ValueError, match="bk_task_up has the labels"):
        families._add(metric, FAMILIES[0], ("sops",), 1)


def test_identity_of_every_system_shows() -> None:
    """Each system's identity has the labels of the contract."""
    identities = [
        {"system": "sops", "bk_biz_id": "2", "scope": "", "task_id": "10"},
        {"system": "bkflow", "bk_biz_id": "", "scope": "space:1", "task_id": "3"},
        {"system": "nodeman", "bk_biz_id": "2", "scope": "", "task_id": "187"},
        {"system": "gsekit", "bk_biz_id": "2", "scope": "", "task_id": "1"},
    ]
    registry = CollectorRegistry()
    registry.register(TaskCollector(lambda: [outcome(each["system"], None) for each in identities]))
    up = next(metric for metric in registry.collect() if metric.name == "bk_task_up")
    assert [sample.labels for sample in up.samples] == identities
