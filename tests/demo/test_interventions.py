"""A test can force a task into a situation, and everything the API says follows."""

from typing import Any

import pytest

from exporter.demo.edits import ImpossibleError
from tests.demo.conftest import Client


def data(client: Client, task: int) -> dict[str, Any]:
    found: dict[str, Any] = client.sops(task).json()["data"]
    return found


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    below = [leaf for child in tree["children"].values() for leaf in leaves(child)]
    return below or [tree]


def by_state(tree: dict[str, Any], state: str) -> list[dict[str, Any]]:
    return [leaf for leaf in leaves(tree) if leaf["state"] == state]


@pytest.mark.parametrize("task", [1, 2, 7, 8, 14, 26])
def test_fail_and_retry(client: Client, task: int) -> None:
    """A failed task stands still until it is retried; the node runs again, and the task comes to its end."""
    client.clock.now += 12
    client.simulator.world.fail("sops", task)
    failed = data(client, task)
    assert by_state(failed, "FAILED")
    client.clock.now += 5000
    later = data(client, task)
    assert [leaf["state"] for leaf in leaves(later)] == [leaf["state"] for leaf in leaves(failed)]
    client.simulator.world.retry("sops", task)
    (again,) = [leaf for leaf in leaves(data(client, task)) if leaf["retry"] == 1 and leaf["state"] == "RUNNING"]
    assert again["elapsed_time"] == 0
    client.clock.now += 21
    assert not [leaf for leaf in by_state(data(client, task), "FAILED") if leaf["id"] == again["id"]]
    client.clock.now += 400 * 86400
    assert data(client, task)["state"] == "FINISHED"


def test_a_scripted_failure_is_retried_early(client: Client) -> None:
    """A task that failed by its script can be retried before its time."""
    while data(client, 3)["state"] != "FAILED":
        client.clock.now += 5
    client.simulator.world.retry("sops", 3)
    assert data(client, 3)["state"] == "RUNNING"
    client.clock.now += 3600
    assert data(client, 3)["state"] == "FINISHED"


def test_a_failure_for_good_is_mended(client: Client) -> None:
    """A task that would have stayed failed is retried or skipped, and finishes."""
    client.simulator.world.skip("sops", 10)
    skipped = data(client, 10)
    assert [leaf["skip"] for leaf in leaves(skipped)].count(True) == 1
    assert skipped["state"] == "FINISHED"
    client.simulator.world.retry("sops", 11)
    client.clock.now += 30
    assert {leaf["state"] for leaf in leaves(data(client, 11))} == {"FINISHED", "RUNNING"}


def test_pause_and_resume(client: Client) -> None:
    """A paused task starts nothing; resumed, it goes on where it was."""
    world = client.simulator.world
    world.pause("sops", 1)
    before = data(client, 1)
    assert before["state"] == "SUSPENDED"
    client.clock.now += 1000
    assert len(data(client, 1)["children"]) == len(before["children"])
    world.resume("sops", 1)
    assert data(client, 1)["state"] == "RUNNING"
    client.clock.now += 5000
    assert data(client, 1)["state"] == "FINISHED"


def test_a_failure_outlasts_a_pause(client: Client) -> None:
    """Resuming does not mend what failed."""
    world = client.simulator.world
    world.fail("sops", 1)
    world.pause("sops", 1)
    assert data(client, 1)["state"] == "SUSPENDED"
    world.resume("sops", 1)
    client.clock.now += 5000
    assert data(client, 1)["state"] == "FAILED"
    world.retry("sops", 1)
    client.clock.now += 5000
    assert data(client, 1)["state"] == "FINISHED"


def test_revoke_and_finish(client: Client) -> None:
    """Terminated is for ever; finished is finished, with every node."""
    world = client.simulator.world
    world.revoke("sops", 2)
    world.finish("sops", 1)
    client.clock.now += 50
    assert data(client, 2)["state"] == "REVOKED"
    assert by_state(data(client, 2), "RUNNING")
    assert {leaf["state"] for leaf in leaves(data(client, 1))} == {"FINISHED"}
    assert data(client, 1)["finish_time"]


def test_marks(client: Client) -> None:
    """A task can be deleted, archived or cleaned; deleted ones leave the list."""
    world = client.simulator.world
    world.set_mark("sops", 1, "deleted")
    world.set_mark("sops", 2, "expired")
    world.set_mark("sops", 22, "cleaned")
    assert client.sops(1).json()["code"] == 3599999
    assert data(client, 2)["state"] == "EXPIRED"
    assert data(client, 22)["state"] == "CREATED"
    assert not {1, 2} & set(world.ids("sops", 0))
    world.set_mark("bkflow", 1, "deleted")
    assert client.bkflow(1).json()["code"] == "not_found"


def test_jobs(client: Client) -> None:
    """Hosts and processes fail and are retried as well."""
    world = client.simulator.world
    for system in ("nodeman", "gsekit"):
        world.fail(system, 12)
    assert client.details(12).json()["data"]["statistics"]["failed_count"] == 1
    world.retry("gsekit", 12)
    assert client.gsekit(12).json()["data"]["job_info"]["status"] == "pending"
    client.clock.now += 30
    assert client.gsekit(12).json()["data"]["status_counter"]["failed"] == 0
    world.finish("nodeman", 12)
    assert client.details(12).json()["data"]["status"] == "SUCCESS"


def test_the_impossible(client: Client) -> None:
    """What cannot be done to a task is refused, and changes nothing."""
    world = client.simulator.world
    before = data(client, 22)
    for deed in ("fail", "retry", "skip", "pause", "resume"):
        with pytest.raises(ImpossibleError):
            world.act(deed, "sops", 22)
    assert data(client, 22) == before
    with pytest.raises(KeyError, match="no task 99999"):
        world.fail("sops", 99999)
