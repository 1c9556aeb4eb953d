"""What upstream's answers say is true of each other, and wrong where upstream is wrong."""

from datetime import datetime
from typing import Any

import pytest

from exporter.demo import names
from exporter.demo.site import Options
from tests.demo.conftest import Client


def data(client: Client, task: int, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.sops(task, **params).json()["data"]
    return found


def nodes(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for child in tree["children"].values() for node in (child, *nodes(child))]


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in nodes(tree) if not node["children"]]


def seconds(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").timestamp()


@pytest.mark.parametrize("task", [1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 30, 31, 32, 33])
def test_times_and_elapsed_agree(client: Client, task: int) -> None:
    """Elapsed is finish minus start, else now minus start, rounded; shown times are cut to seconds."""
    tree = data(client, task)
    for node in (tree, *nodes(tree)):
        until = seconds(node["finish_time"]) if node["finish_time"] else client.clock.now
        assert abs(node["elapsed_time"] - (until - seconds(node["start_time"]))) <= 1.5
        assert seconds(node["start_time"]) <= client.clock.now
        assert node["id"] != str(task)
        assert len(node["id"]) == 32


def test_children_are_keyed_by_their_ids(client: Client) -> None:
    """Children stand under their ids; parents and the root are named by every modern node."""
    tree = data(client, 2)
    assert tree["parent_id"] == tree["root_id:"] == tree["id"]
    for key, child in tree["children"].items():
        assert child["id"] == key
        assert child["parent_id"] == tree["id"]
        assert {below["parent_id"] for below in child["children"].values()} <= {key}
    assert {node["root_id:"] for node in nodes(tree)} == {tree["id"]}


def test_only_started_nodes_are_there(client: Client) -> None:
    """Nodes appear as they start; those of a running task are fewer than in the end."""
    counts = []
    for _ in range(8):
        counts.append(len(nodes(data(client, 7))))
        client.clock.now += 10
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_one_failure_three_levels_down(client: Client) -> None:
    """One failed leaf makes every subprocess above it fail; only the leaf has a finish time and a text."""
    tree = data(client, 10, with_ex_data="false")
    assert [node["name"] for node in nodes(tree) if node["state"] == "FAILED"] == ["到二级", "到三级", "l3 call"]
    (leaf,) = (node for node in leaves(tree) if node["state"] == "FAILED")
    assert leaf["finish_time"]
    assert tree["finish_time"] is None
    assert tree["ex_data"] == {leaf["id"]: "请求成功判定失败"}
    assert "ex_data" not in data(client, 10)


def test_failed_beside_running(client: Client) -> None:
    """The engine v2 calls the root failed while a sibling runs; v1 calls it running."""
    new, old = data(client, 11), data(client, 31)
    assert (
        {node["state"] for node in leaves(new)}
        == {node["state"] for node in leaves(old)}
        == {"FINISHED", "FAILED", "RUNNING"}
    )
    assert (new["state"], old["state"]) == ("FAILED", "RUNNING")


def test_a_pause_hides_a_failure(client: Client) -> None:
    """A suspended root stays SUSPENDED over a failed child."""
    tree = data(client, 12)
    assert tree["state"] == "SUSPENDED"
    assert "FAILED" in {node["state"] for node in nodes(tree)}


def test_terminated(client: Client) -> None:
    """A terminated v2 task never gets a finish time, its clock runs on and its nodes run on; v1 sets the time."""
    new, old = data(client, 13), data(client, 32)
    client.clock.now += 1000
    later = data(client, 13)
    assert (new["state"], old["state"]) == ("REVOKED", "REVOKED")
    assert (new["finish_time"], later["elapsed_time"]) == (None, new["elapsed_time"] + 1000)
    assert "RUNNING" in {node["state"] for node in nodes(new)}
    assert old["finish_time"]
    assert client.bkflow(13).json()["data"]["finish_time"] == ""


def test_a_suspended_grandchild(client: Client) -> None:
    """bk-sops carries a node's suspension up to the root; BKFlow does not, from one level down."""
    assert data(client, 15)["state"] == "NODE_SUSPENDED"
    assert client.bkflow(15).json()["data"]["state"] == "RUNNING"
    assert "SUSPENDED" in {node["state"] for node in nodes(client.bkflow(15).json()["data"])}


def test_bkflow_makes_tasks_of_subprocesses(client: Client) -> None:
    """A subprocess is one leaf in BKFlow, and fails only when its task has failed for good."""
    tree = client.bkflow(10).json()["data"]
    assert tree["state"] == "FAILED"
    assert all(not child["children"] for child in tree["children"].values())


def test_skipped_ignored_looped(client: Client) -> None:
    """A finished task may hold skipped and ignored nodes; the root repeats the last row's flag; loops are one entry."""
    skipped, ignored, looped = data(client, 19), data(client, 20), data(client, 21)
    assert [tree["state"] for tree in (skipped, ignored, looped)] == ["FINISHED"] * 3
    assert [(node["skip"], node["retry"], node["state"]) for node in leaves(skipped) if node["skip"]] == [
        (True, 1, "FINISHED")
    ]
    assert [node["state"] for node in leaves(ignored) if node["error_ignored"] and node["error_ignorable"]] == [
        "FINISHED"
    ]
    assert ignored["error_ignored"] is False
    assert sorted(node["loop"] for node in leaves(looped)) == [1, 1, 1, 1, 3]


def test_names(client: Client) -> None:
    """v2 leaves events and gateways nameless; v1 shows classes; names repeat, and keep what breaks others."""
    client.clock.now += 120
    odd = data(client, 7)
    assert odd["name"] == names.ODD_TASK
    assert {"\n" in odd["name"], '"' in odd["name"], "<script>" in odd["name"], "🚀" in odd["name"]} == {True}
    assert [node["name"] for node in leaves(odd)].count("same") == 2
    assert "" in {node["name"] for node in leaves(odd)}
    classes = {
        node["name"].rpartition(".")[2] for node in leaves(data(client, 33)) if node["name"].startswith("<class")
    }
    assert classes == {"EmptyStartEvent'>", "EmptyEndEvent'>", "ParallelGateway'>", "ServiceActivity'>"}


def test_created_is_one_dict_for_all(client: Client) -> None:
    """Tasks that have not started share one dict: in bulk all carry the last name, and its children never come back."""
    assert data(client, 18)["children"] == {}
    items = {item["id"]: item for item in client.batch(18, 9).json()["data"]}
    assert {item["status"]["name"] for item in items.values()} == {items[9]["name"]}
    assert "children" not in data(client, 18)


def test_rows_not_there_yet(client: Client) -> None:
    """BKFlow says CREATED, and nothing else, until the engine has made its rows."""
    task = client.simulator.world.task("bkflow", 9)
    assert task is not None
    client.clock.now = task.created + 300.1
    assert client.bkflow(9).json()["data"] == {"state": "CREATED"}
    client.clock.now += 0.5
    assert client.bkflow(9).json()["data"]["state"] == "RUNNING"


def test_rows_cleaned(client: Client) -> None:
    """A finished task whose rows were cleaned answers CREATED; so does a subprocess that has not run."""
    assert data(client, 25)["state"] == "CREATED"
    assert data(client, 1, subprocess_id="n" * 32)["state"] == "CREATED"


def test_a_subprocess_asked_for(client: Client) -> None:
    """`subprocess_id` puts a node's subtree in the root's place, and lets v1 tell why it failed."""
    client.clock.now += 60
    tree = data(client, 2)
    key = next(child["id"] for child in tree["children"].values() if child["children"])
    assert data(client, 2, subprocess_id=key) == tree["children"][key]
    client.clock.now += 20000
    failed = data(client, 31, with_ex_data=1)
    assert "ex_data" not in failed


def test_requested_extras(client: Client) -> None:
    """Failed nodes' retries come on request; a task without id breaks the call."""
    client.clock.now += 10
    info = data(client, 4, with_failed_node_info=1, with_auto_retry_status=1)
    while info["state"] != "FAILED":
        client.clock.now += 5
        info = data(client, 4, with_failed_node_info=1, with_auto_retry_status=1)
    ((key, told),) = info["failed_node_info"].items()
    assert told == {"node_id": key, "auto_retry_times": told["auto_retry_times"], "max_auto_retry_times": 10}
    assert info["auto_retry_status"] == {"exist_auto_retry_nodes": True, "auto_retry_nodes": [key]}
    assert data(client, 10, with_failed_node_info=1)["failed_node_info"] == {
        leaf["id"]: {} for leaf in leaves(data(client, 10)) if leaf["state"] == "FAILED"
    }
    assert client.sops(18, with_failed_node_info=1).json()["code"] == 3599999


def test_the_cache_of_sops(client: Client) -> None:
    """With web workers that cache for 10 s, a state can be late and a clock can go backwards."""
    client.over(options=Options(sops_workers=3))
    elapsed = [data(client, 1)["elapsed_time"] for _ in range(6)]
    assert len(set(elapsed)) > 1
    assert elapsed != sorted(elapsed)
    assert max(elapsed) - min(elapsed) <= 10


def test_zones_vary(client: Client) -> None:
    """Where users' zones leak into the API, the same moment comes with different offsets."""
    client.over(options=Options(mixed_zones=True))
    starts = {data(client, 1)["start_time"] for _ in range(20)}
    assert {text[-5:] for text in starts} == {"+0800", "+0000"}
    assert len({seconds(text) for text in starts}) == 1


def test_nodeman_counts(client: Client) -> None:
    """Statistics' total is the sum of five; hosts of other words are in none, excluded ones are ignored."""
    for _ in range(20):
        for job in (1, 2, 3, 4, 6, 7, 8, 9, 11, 187):
            found = client.details(job, pagesize=1).json()["data"]
            counts = dict(found["statistics"])
            assert counts.pop("total_count") == sum(counts.values())
            excluded = [host for host in found["list"] if host.get("filter_host")]
            assert len(excluded) == len(found["ip_filter_list"])
            assert counts["ignored_count"] >= len(excluded)
            assert {host["status"] for host in excluded} <= {"FAILED"}
        client.clock.now += 60


def test_nodeman_pages(client: Client) -> None:
    """Pages are cut before excluded hosts are appended; -1 is all; `start` beats `page`; a status needs a list."""
    assert len(client.details(9, pagesize=-1).json()["data"]["list"]) == 304
    assert len(client.details(9).json()["data"]["list"]) == 10
    second = client.details(9, page=2, pagesize=5).json()["data"]["list"]
    assert second == client.details(9, start=6, page=9, pagesize=5).json()["data"]["list"]
    failed = [{"key": "status", "value": ["FAILED"]}]
    assert client.details(4, conditions=failed).json()["data"]["total"] == 2
    assert client.details(4, conditions=[{"key": "status", "value": "FAILED"}]).json()["data"]["total"] == 0
    but = [{"key": "exclude_instance_ids", "value": ["host|instance|host|4000"]}]
    assert client.details(4, conditions=but).json()["data"]["total"] == 5
    assert client.details(4, conditions=[{"key": "no_such_key", "value": []}]).json()["data"]["total"] == 6
    assert client.details(4, conditions=["status"]).json()["code"] == 3800001
    assert client.details(4, pagesize="x").json()["code"] == 3800001
    assert client.details("x").json()["code"] == 3800001


def test_nodeman_states(client: Client) -> None:
    """Jobs run, fail in part, are retried with their old end time, and one is refused at once."""
    seen: dict[int, set[str]] = {1: set(), 8: set()}
    ends = set()
    for _ in range(60):
        for job, states in seen.items():
            found = client.details(job, pagesize=1).json()["data"]
            states.add(found["status"])
            if job == 1 and found["status"] == "RUNNING":
                ends.add(found["end_time"])
        client.clock.now += 30
    assert seen[1] == {"RUNNING", "PART_FAILED"}
    assert None not in ends
    assert seen[8] >= {"TERMINATED", "FAILED"}
    assert [client.details(job).json()["data"]["status"] for job in (2, 5, 10, 11)] == [
        "SUCCESS",
        "FAILED",
        "FAILED",
        "SUCCESS",
    ]


def test_cost_time_wraps(client: Client) -> None:
    """`cost_time` of a job is a string that begins anew each day."""
    assert client.details(12).json()["data"]["cost_time"] == "30"
    client.clock.now += 86400
    assert client.details(12).json()["data"]["cost_time"] == "30"


def test_gsekit_states(client: Client) -> None:
    """A retried job is pending and keeps its old end time; a refused one has failed without tasks."""
    seen = set()
    for _ in range(60):
        found = client.gsekit(1).json()["data"]
        info, counts = found["job_info"], found["status_counter"]
        assert sum(counts.values()) == found["count"]
        assert set(counts) == {"pending", "running", "succeeded", "failed", "ignored"}
        seen.add((info["status"], info["end_time"] is None))
        client.clock.now += 30
    assert seen == {("failed", False), ("pending", False)}
    refused = client.gsekit(10).json()["data"]
    assert (refused["job_info"]["status"], refused["job_info"]["end_time"], refused["count"]) == ("failed", None, 0)
    assert refused["job_info"]["extra_data"]["failed_reason"]
    (failed,) = client.gsekit(187, job_task_id_list=[187001]).json()["data"]["job_tasks"]
    assert (failed["err_code"], failed["extra_data"]["retryable"]) == (3, True)
    assert client.gsekit(187, job_task_id_list=1).json()["code"] == "4100001"
    running = client.gsekit(12).json()["data"]["job_info"]
    assert (running["status"], running["end_time"]) == ("running", None)
