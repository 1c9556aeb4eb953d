"""Tasks start, run, fail, are retried, skipped, paused, terminated, finish and are followed by new ones, as engines do it."""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from exporter.demo import operations
from exporter.demo.cast import BKFLOW, SOPS
from exporter.demo.desk import Asked
from exporter.demo.tree import Phase
from exporter.demo.world import World
from tests.demo.conftest import EPOCH, GOOD, Client, Clock

AFTER = {
    "CREATED": {"RUNNING"},
    "RUNNING": {"FAILED", "SUSPENDED", "FINISHED", "REVOKED", "READY"},
    "READY": {"RUNNING"},
    "FAILED": {"READY", "FINISHED"},
    "SUSPENDED": {"RUNNING"},
    "FINISHED": set(),
    "REVOKED": set(),
}
FINAL = {"FINISHED", "REVOKED"}


def told(
    world: World, clock: Clock, system: str, number: int, seconds: float, step: float
) -> Iterator[dict[str, Phase]]:
    """Each node's phase at one moment after the other, by node id; the root under its own."""
    start = clock.now
    while clock.now < start + seconds:
        task = world.task(system, number)
        if task is not None:
            plan = world.plan(task)
            phases = {node.key: phase for node in plan.nodes() if (phase := plan.phase(node, clock.now))}
            yield {plan.root.key: plan.state(clock.now), **phases}
        clock.now += step


@pytest.mark.parametrize("system", ["sops", "bkflow"])
def test_no_impossible_transition(system: str) -> None:
    """No node ever goes where its engine cannot go; a finished one runs again only in another loop."""
    clock = Clock()
    world = World(seed=3, clock=clock)
    start = clock.now
    cast = SOPS if system == "sops" else BKFLOW
    for number in [n for n in cast if n != 90025] + list(range(1_000_075, 1_000_100)):
        clock.now = start
        for before, after in pairwise(told(world, clock, system, number, 600, 5.0)):
            assert set(before) <= set(after), "a node that has started stays"
            for key, phase in before.items():
                check(phase, after[key])


def check(before: Phase, after: Phase) -> None:
    if before.state == after.state or after.loop > before.loop:
        assert after.loop >= before.loop
        return
    seen, here = {before.state}, before.state
    # Between two looks a node may have gone through several states.
    frontier = {here}
    while frontier:
        frontier = {state for word in frontier for state in AFTER[word]} - seen
        seen |= frontier
    assert after.state in seen
    assert before.state not in FINAL


def test_every_state_is_visited(client: Client) -> None:
    """Within an hour bk-sops shows every state that its API can show, on both engines."""
    seen: dict[str, set[str]] = defaultdict(set)
    for _ in range(30):
        for number in [*range(1, 28), 30, 31, 32, 33, 90004, *range(1_000_070, 1_000_090)]:
            answer = client.simulator.world.task("sops", number)
            if answer is not None:
                seen[answer.story.engine].add(state(client, number))
        client.clock.now += 60
    assert seen["v2"] >= {
        "CREATED",
        "RUNNING",
        "FAILED",
        "SUSPENDED",
        "NODE_SUSPENDED",
        "FINISHED",
        "REVOKED",
        "EXPIRED",
    }
    assert seen["v1"] >= {"RUNNING", "FAILED", "FINISHED", "REVOKED"}


def state(client: Client, number: int) -> str:
    path = f"/api/bk-sops/prod/get_task_status/{number}/2/"
    asked = Asked("GET", path, "", json.dumps(GOOD), b"")
    value: Any = client.simulator.desk.answer(asked, operations.match("GET", path)).value
    data = value["data"]
    return "" if data is None or data == {} else data["state"] if isinstance(data, dict) else data.state


def test_new_tasks_follow(client: Client) -> None:
    """As time goes by, every system's list gets new tasks at its head and keeps the old ones."""
    world = client.simulator.world
    before = {system: world.ids(system, 0) for system in ("sops", "bkflow", "nodeman", "gsekit")}
    client.clock.now += 3600
    for system, old in before.items():
        new = world.ids(system, 0)
        assert len(new) > len(old) + 5
        assert new[-len(old) :] == old
        assert sorted(new, reverse=True) == new


def test_a_task_is_not_there_before_it_is_created(client: Client) -> None:
    """A task of the future is unknown until its time comes."""
    first = client.simulator.world.ids("sops", 0)[0]
    assert client.sops(first + 1000).json()["code"] == 3540400
    client.clock.now += 46 * 1000
    assert client.sops(first + 1000, biz=3 if (first + 1000) % 5 == 0 else 2).json()["result"] is True


def test_same_seed_same_world() -> None:
    """Seed, epoch and clock fix everything; another seed is another world."""

    def pictures(seed: int, **arguments: Any) -> list[Any]:
        clock = Clock()
        world = World(seed=seed, clock=clock, epoch=EPOCH, **arguments)
        clock.now += 1234
        tasks = [world.task("sops", number) for number in (1, 3, 1_000_050)]
        return [(task, world.plan(task)) for task in tasks if task]

    assert pictures(1) == pictures(1)
    assert pictures(1) != pictures(2)
    assert [task.created for task, _ in pictures(1)] == [task.created for task, _ in pictures(2)]


def test_speed_shortens_lives_and_not_the_calendar() -> None:
    """At speed 60 an hour's story takes a minute, and its times are the clock's own."""
    slow, fast = Clock(), Clock()
    one, other = World(clock=slow), World(clock=fast, speed=60)
    slow.now += 3600
    fast.now += 60
    for number in range(1, 28):
        a, b = one.task("sops", number), other.task("sops", number)
        assert a is not None
        assert b is not None
        assert one.plan(a).state(slow.now).state == other.plan(b).state(fast.now).state
        assert b.created <= fast.now
    assert len(one.ids("sops", 0)) == len(other.ids("sops", 0))
    with pytest.raises(ValueError, match="speed"):
        World(clock=slow, speed=0)


def test_loops(client: Client) -> None:
    """A patrol goes round and round: `loop` grows, `retry` starts at 0 again, and the task itself was started once."""
    first = client.sops(3).json()["data"]
    loops, retries = [], []
    for _ in range(45):
        client.clock.now += 100
        data = client.sops(3).json()["data"]
        assert data["start_time"] == first["start_time"]
        assert data["loop"] == 1
        loops.append(max(child["loop"] for child in data["children"].values()))
        retries.append(max(leaf["retry"] for leaf in leaves(data)))
    assert loops == sorted(loops)
    assert loops[-1] >= 3
    assert set(retries) == {0, 1}


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    below = [leaf for child in tree["children"].values() for leaf in leaves(child)]
    return below or [tree]


def test_patrols_end_before_the_engine_refuses(client: Client) -> None:
    """No node is run more often than the engine allows: after its turns the patrol ends."""
    client.clock.now += 30 * 86400
    for number in (1, 2, 3, 4, 5, 6, 7, 8, 30):
        data = client.sops(number).json()["data"]
        assert data["state"] == "FINISHED"
        assert data["finish_time"] is not None
        assert {leaf["state"] for leaf in leaves(data)} == {"FINISHED"}
        assert max(leaf["loop"] for leaf in leaves(data)) <= 100


def test_auto_retry_flaps(client: Client) -> None:
    """A node with auto-retry goes to and fro between FAILED and RUNNING, some seconds each."""
    states = []
    for _ in range(120):
        states.append(state(client, 4))
        client.clock.now += 3
    changes = [after for before, after in pairwise(states) if before != after]
    assert changes[:4] in (["FAILED", "RUNNING"] * 2, ["RUNNING", "FAILED"] * 2)


def test_trees_from_three_to_several_hundred_nodes(client: Client) -> None:
    """Trees are as small as three nodes and as large as several hundred."""
    client.clock.now += 6000

    def size(number: int) -> int:
        def count(tree: dict[str, Any]) -> int:
            return 1 + sum(count(child) for child in tree["children"].values())

        return count(client.sops(number).json()["data"]) - 1

    assert size(23) == 3
    assert size(8) > 300
