"""Real programs for tests that carry ``@pytest.mark.real``; see programs.py and servers.py."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.real import programs, servers
from tests.real.programs import Monitoring
from tests.real.servers import AlertmanagerServer, Page, PrometheusServer, Webhook

Config = Mapping[str, Any]


@pytest.hookimpl(trylast=True)  # fixtures have been put in order before
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(params=["2.x", "3.x"], scope="session")
def monitoring(request: pytest.FixtureRequest) -> Monitoring:
    """Every release line of Prometheus and Alertmanager in turn."""
    return programs.monitoring(request.param)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program, for Playwright's ``executable_path``."""
    return programs.find("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def start_prometheus(monitoring: Monitoring, tmp_path: Path) -> Iterator[Callable[[Config], PrometheusServer]]:
    """Start a Prometheus on a configuration; files that it names are relative to tmp_path."""
    with contextlib.ExitStack() as stack:
        yield lambda config: stack.enter_context(servers.prometheus(monitoring.prometheus, config, tmp_path))


@pytest.fixture
def start_alertmanager(monitoring: Monitoring, tmp_path: Path) -> Iterator[Callable[[Config], AlertmanagerServer]]:
    """Start an Alertmanager on a configuration; files that it names are relative to tmp_path."""
    with contextlib.ExitStack() as stack:
        yield lambda config: stack.enter_context(servers.alertmanager(monitoring.alertmanager, config, tmp_path))


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of metrics at ``/metrics``, written by the test."""
    with Page() as served:
        yield served


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A receiver of Alertmanager's notifications."""
    with Webhook() as receiver:
        yield receiver
