"""The exporter's own metrics."""

import platform

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from exporter.errors import Reason
from exporter.owncatalogue import OWN_FAMILIES, PREFIX
from exporter.telemetry import Telemetry
from tests.pages import parsed


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(CollectorRegistry(), version="1.2.3", revision="abc")


def own(telemetry: Telemetry) -> list[Sample]:
    return [each for each in parsed(telemetry.render(openmetrics=False).decode()) if each.name.startswith(PREFIX)]


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    found = [each.value for each in own(telemetry) if each.name == PREFIX + name and each.labels == labels]
    assert len(found) <= 1
    return found[0] if found else None


def test_counters_of_configured_systems_begin_at_zero(telemetry: Telemetry) -> None:
    """Every operation and reason of a configured system is there before anything happened, so that rate() sees it all."""
    telemetry.configured({"sops": ["get_task_status", "get_tasks_status"]})
    for operation in ("get_task_status", "get_tasks_status"):
        assert value(telemetry, "api_requests_total", system="sops", operation=operation) == 0
        assert value(telemetry, "api_request_duration_seconds_count", system="sops", operation=operation) == 0
        for reason in Reason:
            labels = {"system": "sops", "operation": operation, "reason": reason.value}
            assert value(telemetry, "api_request_failures_total", **labels) == 0
    for name in ("api_retries", "throttled_seconds", "cache_requests", "cache_hits", "unknown_states"):
        assert value(telemetry, f"{name}_total", system="sops") == 0
    assert value(telemetry, "coalesced_scrapes_total") == 0


def test_requests(telemetry: Telemetry) -> None:
    """A request counts once, with its time, and once more under its reason if it failed."""
    telemetry.requested("sops", "get_task_status", 0.3)
    telemetry.requested("sops", "get_task_status", 7.0, Reason.TIMEOUT)
    labels = {"system": "sops", "operation": "get_task_status"}
    assert value(telemetry, "api_requests_total", **labels) == 2
    assert value(telemetry, "api_request_failures_total", **labels, reason="timeout") == 1
    assert value(telemetry, "api_request_duration_seconds_sum", **labels) == 7.3
    assert value(telemetry, "api_request_duration_seconds_bucket", **labels, le="0.5") == 1


def test_an_answer_that_proved_useless_later(telemetry: Telemetry) -> None:
    """It failed, and was no further request."""
    telemetry.requested("sops", "get_task_status", 0.3)
    telemetry.failed("sops", "get_task_status", Reason.MALFORMED)
    labels = {"system": "sops", "operation": "get_task_status"}
    assert value(telemetry, "api_requests_total", **labels) == 1
    assert value(telemetry, "api_request_failures_total", **labels, reason="malformed") == 1


def test_every_other_event(telemetry: Telemetry) -> None:
    """Retries, throttling, cache, coalescing, scrapes and unknown words each have their counter."""
    telemetry.retried("sops")
    telemetry.throttled("sops", 1.5)
    telemetry.throttled("sops", -3.0)
    telemetry.cached("sops", requests=10, hits=7)
    telemetry.coalesced()
    telemetry.scraped(0.2)
    assert [telemetry.unknown_state("sops", word) for word in ("ODD", "ODD")] == [True, False]
    assert value(telemetry, "api_retries_total", system="sops") == 1
    assert value(telemetry, "throttled_seconds_total", system="sops") == 1.5
    assert value(telemetry, "cache_requests_total", system="sops") == 10
    assert value(telemetry, "cache_hits_total", system="sops") == 7
    assert value(telemetry, "coalesced_scrapes_total") == 1
    assert value(telemetry, "scrape_duration_seconds_count") == 1
    assert value(telemetry, "unknown_states_total", system="sops") == 2


def test_targets_that_are_gone_are_gone(telemetry: Telemetry) -> None:
    """Targets are set as a whole: what a new configuration does not have leaves no series."""
    telemetry.targets({("sops", "config"): 3, ("bkflow", "discovery"): 5})
    telemetry.targets({("sops", "config"): 4})
    assert value(telemetry, "targets", system="sops", source="config") == 4
    assert value(telemetry, "targets", system="bkflow", source="discovery") is None


def test_discovery(telemetry: Telemetry) -> None:
    """A discovery that never succeeded has no time of its last success; one that is forgotten has nothing."""
    telemetry.discovered("sops biz 2", up=False, truncated=False, when=None)
    assert value(telemetry, "discovery_up", discovery="sops biz 2") == 0
    assert value(telemetry, "discovery_last_success_timestamp_seconds", discovery="sops biz 2") is None
    telemetry.discovered("sops biz 2", up=True, truncated=True, when=1_795_334_400.0)
    assert value(telemetry, "discovery_truncated", discovery="sops biz 2") == 1
    assert value(telemetry, "discovery_last_success_timestamp_seconds", discovery="sops biz 2") == 1_795_334_400
    telemetry.forget_discoveries()
    assert [each for each in own(telemetry) if "discovery" in each.labels] == []


def test_reload_that_fails_keeps_the_time_of_the_last_good_one(telemetry: Telemetry) -> None:
    """A failed reload sets the flag to 0 and leaves the time as it was."""
    telemetry.reloaded(successful=True, when=100.0)
    telemetry.reloaded(successful=False, when=200.0)
    assert value(telemetry, "config_last_reload_successful") == 0
    assert value(telemetry, "config_last_reload_success_timestamp_seconds") == 100
    telemetry.credentials_loaded(successful=True)
    assert value(telemetry, "credentials_last_load_successful") == 1


def test_shards(telemetry: Telemetry) -> None:
    """Without sharding there is one shard, and this is it."""
    assert (value(telemetry, "shard_ordinal"), value(telemetry, "shards")) == (0, 1)
    telemetry.sharded(2, 4)
    assert (value(telemetry, "shard_ordinal"), value(telemetry, "shards")) == (2, 4)


def test_build_info(telemetry: Telemetry) -> None:
    """The build is named by version, revision and Python."""
    labels = {"version": "1.2.3", "revision": "abc", "python_version": platform.python_version()}
    assert value(telemetry, "build_info", **labels) == 1


@pytest.mark.parametrize("openmetrics", [False, True])
def test_page(telemetry: Telemetry, openmetrics: bool) -> None:
    """Both formats hold every family, the process's and Python's, parse strictly, and have no _created and no end."""
    telemetry.configured({"sops": ["get_task_status"]})
    telemetry.targets({("sops", "config"): 3})
    telemetry.discovered("d", up=True, truncated=False, when=1.0)
    text = telemetry.render(openmetrics=openmetrics).decode()
    assert "# EOF" not in text
    names = {each.name for each in parsed(text + "# EOF\n" * openmetrics, openmetrics=openmetrics)}
    assert [name for name in names if name.endswith("_created")] == []
    assert {"python_info", "python_gc_collections_total"} <= names
    for family in OWN_FAMILIES:
        suffix = "_count" if family.type == "histogram" else ""
        assert f"{PREFIX}{family.name}{suffix}" in names
