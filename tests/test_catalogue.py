"""The catalogue: what every row must be, and the table that is made of it."""

import re
from collections import Counter

import pytest

from exporter.catalogue import FAMILIES, IDENTITY, Family, NodeFamily, TaskFamily, all_labels, task_samples
from exporter.model import Hosts, Identity, State, Task
from exporter.owncatalogue import ENGLISH, OWN_FAMILIES, PREFIX, markdown_table
from exporter.systems import SYSTEMS

NAMES = {
    "bk_task_up": (),
    "bk_task_info": ("task_name", "kind", "creator", "url"),
    "bk_task_state": ("state",),
    "bk_task_elapsed_seconds": (),
    "bk_task_start_timestamp_seconds": (),
    "bk_task_finish_timestamp_seconds": (),
    "bk_task_state_refresh_timestamp_seconds": (),
    "bk_task_retries": (),
    "bk_task_loops": (),
    "bk_task_skipped": (),
    "bk_task_nodes": ("state",),
    "bk_task_nodes_skipped": (),
    "bk_task_nodes_error_ignored": (),
    "bk_task_nodes_truncated": (),
    "bk_task_node_state": ("node_id", "node_name", "state"),
    "bk_task_node_elapsed_seconds": ("node_id", "node_name"),
    "bk_task_node_retries": ("node_id", "node_name"),
    "bk_task_nodeman_hosts": ("status",),
    "bk_task_nodeman_os_hosts": ("os_type",),
    "bk_task_nodeman_failed_hosts": ("err_code",),
    "bk_task_gsekit_job_tasks": ("status",),
    "bk_task_gsekit_ready": (),
    "bk_task_scrape_duration_seconds": (),
    "bk_task_last_success_timestamp_seconds": (),
}

OWN_NAMES = {
    "api_requests_total": ("counter", ("system", "operation")),
    "api_request_failures_total": ("counter", ("system", "operation", "reason")),
    "api_request_duration_seconds": ("histogram", ("system", "operation")),
    "api_retries_total": ("counter", ("system",)),
    "throttled_seconds_total": ("counter", ("system",)),
    "cache_requests_total": ("counter", ("system",)),
    "cache_hits_total": ("counter", ("system",)),
    "coalesced_scrapes_total": ("counter", ()),
    "scrape_duration_seconds": ("histogram", ()),
    "targets": ("gauge", ("system", "source")),
    "discovery_up": ("gauge", ("discovery",)),
    "discovery_last_success_timestamp_seconds": ("gauge", ("discovery",)),
    "discovery_truncated": ("gauge", ("discovery",)),
    "unknown_states_total": ("counter", ("system",)),
    "config_last_reload_successful": ("gauge", ()),
    "config_last_reload_success_timestamp_seconds": ("gauge", ()),
    "credentials_last_load_successful": ("gauge", ()),
    "shard_ordinal": ("gauge", ()),
    "shards": ("gauge", ()),
    "build_info": ("gauge", ("version", "revision", "python_version")),
}


def test_families_are_those_that_dashboards_depend_on() -> None:
    """Names and labels are a contract: whoever changes one changes it here too, and says so in the changelog."""
    assert {family.name: all_labels(family)[len(IDENTITY) :] for family in FAMILIES} == NAMES
    assert {family.name: (family.type, family.labels) for family in OWN_FAMILIES} == OWN_NAMES
    assert IDENTITY == ("system", "bk_biz_id", "scope", "task_id")


def test_no_name_and_no_label_twice() -> None:
    """A family is declared once, and no family has a label twice."""
    names = [family.name for family in FAMILIES] + [PREFIX + family.name for family in OWN_FAMILIES]
    assert max(Counter(names).values()) == 1
    assert all(len(set(all_labels(family))) == len(all_labels(family)) for family in FAMILIES)


@pytest.mark.parametrize("text", [family.help for family in (*FAMILIES, *OWN_FAMILIES)])
def test_help_is_sentences(text: str) -> None:
    """HELP is whole sentences, without characters that a format would have to escape."""
    assert re.fullmatch(r"[A-Z][^\n\\\"|]*\.", text)
    assert "  " not in text


@pytest.mark.parametrize("name", ["bk_task_state", "bk_task_nodes", "bk_task_node_state", "bk_task_elapsed_seconds"])
def test_help_tells_of_upstreams_cache(name: str) -> None:
    """Where a value may step back within BlueKing's own cache time, HELP says so."""
    assert "10 s old" in next(family.help for family in FAMILIES if family.name == name)


@pytest.mark.parametrize(("system", "state"), [(name, state) for name, it in SYSTEMS.items() for state in it.STATES])
def test_state_set(system: str, state: State) -> None:
    """A task shows every state of its system once, in the order of the vocabulary, and exactly its own is 1."""
    states = SYSTEMS[system].STATES
    family = next(family for family in FAMILIES if isinstance(family, TaskFamily) and family.name == "bk_task_state")
    samples = task_samples(family, Identity(system, "2", "", "1"), Task(state=state))
    assert [(values[0], value) for values, value in samples] == [(each.value, int(each is state)) for each in states]
    assert sorted(states, key=list(State).index) == list(states)


def test_labels_made_alike_by_cleaning_show_once() -> None:
    """Of an upstream's words that are alike once they are clean the first is shown, in its place."""
    family = next(
        family for family in FAMILIES if isinstance(family, TaskFamily) and family.name == "bk_task_nodeman_os_hosts"
    )
    hosts = Hosts(by_status={}, by_os={"a": 1, "x\x00": 2, "b": 3, "x\x01": 4}, failed_by_code={})
    samples = task_samples(family, Identity("nodeman", "2", "", "1"), Task(state=State.RUNNING, hosts=hosts))
    assert [(values[0], value) for values, value in samples if values[0] != "x\ufffd"] == [("a", 1), ("b", 3)]
    assert [value for values, value in samples if values[0] == "x\ufffd"] == [2]


def test_table_has_every_family() -> None:
    """The table for README has a row for each family: name, type, labels beside the identity's, help."""
    table = markdown_table()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$", table, re.MULTILINE)
    assert [row[0] for row in rows] == list(ENGLISH.meanings)
    assert ("bk_task_node_state", "gauge", "`node_id`, `node_name`, `state`") in [row[:3] for row in rows]


def test_every_family_is_of_one_kind() -> None:
    """Node families carry the node's labels, and no other family does."""

    def of_node(family: Family) -> bool:
        return "node_id" in all_labels(family)

    assert [family for family in FAMILIES if of_node(family) != isinstance(family, NodeFamily)] == []
