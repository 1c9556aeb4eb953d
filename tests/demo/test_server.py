"""The simulator on a socket, at scale, and through the configuration that shows it."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

import httpx
import pytest
import yaml

from exporter.demo import times
from exporter.demo.configuration import demo_config
from exporter.demo.simulator import Simulator
from exporter.demo.site import Options
from exporter.demo.world import Population
from tests import plain, simulated
from tests.demo.conftest import GOOD, Client

HEADERS = {"X-Bkapi-Authorization": json.dumps(GOOD)}


def test_on_a_socket() -> None:
    """Any client gets the same answers over a socket; hanging requests do not keep the server from ending."""
    simulator = Simulator()
    with simulated.serving(simulator) as base, plain.Client(base_url=base, headers=HEADERS) as client:
        assert client.get("/api/bk-sops/prod/get_task_status/1/2/").json()["result"] is True
        with pytest.raises(httpx.ReadTimeout):
            client.get("/api/bk-sops/prod/get_task_status/90014/2/", timeout=0.05)
        posted = client.post("/api/bk-sops/prod/get_tasks_status/2/", json={"task_id_list": [1]})
        assert posted.json()["result"] is True
    assert simulator.in_flight == 0


def test_latency_is_added() -> None:
    """Each answer comes after the latency, many at the same time, and the peak is known."""
    simulator = Simulator(options=Options(latency=0.05, slow=0.1))

    async def scenario() -> float:
        transport = httpx.ASGITransport(simulator.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bk", headers=HEADERS) as client:
            begin = time.perf_counter()
            paths = [f"/api/bk-sops/prod/get_task_status/{number}/2/" for number in (*range(1, 20), 90015)]
            await asyncio.gather(*(client.get(path) for path in paths))
            return time.perf_counter() - begin

    assert asyncio.run(scenario()) >= 0.15
    assert simulator.peak == 20


def test_requests_are_counted(client: Client) -> None:
    """Tests can read what was asked, how often and in which way, and begin anew."""
    client.sops(1)
    client.sops(1, with_ex_data=1)
    client.batch(1)
    client.ask("GET", "/nowhere")
    counted = Counter({("sops", "get_task_status"): 2, ("sops", "get_tasks_status"): 1, ("", ""): 1})
    assert client.simulator.requests == counted
    assert [seen.query for seen in client.simulator.log] == ["", "with_ex_data=1", "", ""]
    assert client.simulator.log[0].at == client.clock.now
    assert {seen.route for seen in client.simulator.log} == {"apigw"}
    client.simulator.forget_requests()
    assert not client.simulator.requests


def test_a_hundred_thousand_tasks(client: Client) -> None:
    """100,000 tasks cost nothing until they are asked for; each shows exactly its nodes; half of them still run."""
    begin = time.process_time()
    client.over(population=Population(tasks=100_000, nodes=20, running_share=0.5))
    numbers = range(100_001, 200_001, 977)
    states: Counter[str] = Counter()
    for number in numbers:
        data = client.sops(number).json()["data"]
        assert len(data["children"]) == 20
        states[data["state"]] += 1
    assert 0.35 < states["RUNNING"] / len(numbers) < 0.65
    assert set(states) <= {"RUNNING", "FINISHED", "FAILED"}
    assert client.sops(200_001).json()["code"] == 3540400
    recent = {"limit": 200, "create_time_start": times.spaced(client.clock.now - 3600), "is_finished": "false"}
    assert 5_000 < client.ask("GET", "/api/bk-sops/prod/get_task_list/2/", params=recent).json()["count"] < 10_000
    listed = client.ask("GET", "/api/bk-sops/prod/get_task_list/2/", params={"limit": 200}).json()
    assert listed["count"] > 100_000
    assert time.process_time() - begin < 10


@pytest.mark.parametrize("children", [True, False])
def test_the_short_way_to_a_tree(client: Client, children: bool) -> None:
    """The trees of tasks made up for scale are stamped, and equal those that are rendered node by node."""
    client.over(population=Population(tasks=400, nodes=7, running_share=0.3))
    numbers, world = range(100_001, 100_401, 8), client.simulator.world

    def trees() -> dict[int, Any]:
        answer = client.batch(*numbers, include_children_status=children).json()
        return {item["id"]: item["status"] for item in answer["data"]}

    short = trees()
    for number in numbers:
        # Whatever somebody has touched is rendered.
        world.set_mark("sops", number, "touched")
    long = trees()
    assert len(short) == 50
    assert short == long
    assert [list(tree) for tree in short.values()] == [list(tree) for tree in long.values()]
    assert {"RUNNING", "FINISHED"} <= {tree["state"] for tree in short.values()}
    ids = [key for tree in short.values() for key in tree.get("children", {})]
    assert len(set(ids)) == len(ids)


def test_without_arrivals(client: Client) -> None:
    """A population without arrivals is the same for ever."""
    client.over(population=Population(tasks=10, arrivals=False))
    before = client.simulator.world.ids("sops", 0)
    client.clock.now += 86400
    assert client.simulator.world.ids("sops", 0) == before
    assert max(before) == 100_010


@pytest.mark.parametrize("nodeman", ["get_task_info", "job_details"])
def test_the_configuration(client: Client, nodeman: str) -> None:
    """Every task of the demo's configuration gets an answer, and most of them are good."""
    client.over(options=Options(slow=0.0))
    config = yaml.safe_load(demo_config("http://127.0.0.1:9841/", nodeman=nodeman, discover=True))
    assert config["systems"]["nodeman"] == {"url": "http://127.0.0.1:9841", "route": "esb", "api": nodeman}
    assert config["bkapi"]["auth"] == GOOD
    assert {row["system"] for row in config["discover"]} == {"sops", "bkflow", "nodeman", "gsekit"}
    tasks = config["tasks"]
    assert len({json.dumps(task) for task in tasks}) == len(tasks) > 70
    answers = [asked(client, task, nodeman) for task in tasks]
    good = [answer for answer in answers if answer is not None and is_true(answer)]
    assert {task["system"] for task in tasks} == {"sops", "bkflow", "nodeman", "gsekit"}
    assert 0.75 < len(good) / len(tasks) < 0.95


def asked(client: Client, task: dict[str, Any], nodeman: str) -> httpx.Response | None:
    number = task.get("task_id", task.get("job_id"))
    if number == 90014:
        return None
    match task["system"]:
        case "sops":
            return client.sops(number, biz=task["bk_biz_id"])
        case "bkflow":
            return client.bkflow(number, space=task["space_id"])
        case "nodeman":
            return client.nodeman(number) if nodeman == "get_task_info" else client.details(number)
    return client.gsekit(number)


def is_true(answer: httpx.Response) -> bool:
    try:
        return answer.json()["result"] is True
    except ValueError:
        return False
