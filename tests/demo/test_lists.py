"""Lists and bulk calls: their paging, filters, caps and what they leave unsaid."""

from typing import Any

import pytest

from exporter.demo import times
from exporter.demo.world import Population
from tests.demo.conftest import ESB, Client


def sops_list(client: Client, biz: int = 2, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("GET", f"/api/bk-sops/prod/get_task_list/{biz}/", params=params).json()
    return found


def bkflow_list(client: Client, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("GET", "/api/bkflow/prod/space/1/get_task_list/", params=params).json()
    return found


def job_list(client: Client, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("POST", "/api/bk-nodeman/prod/api/job/job_list/", json=body).json()
    return found


def gsekit_list(client: Client, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("GET", f"{ESB}/gsekit/api/job/", params={"bk_biz_id": 2, **params}).json()
    return found


def test_pages_of_sops(client: Client) -> None:
    """Pages hold 100, at most 200, newest id first; together they are the whole list; `count` counts all."""
    client.over(population=Population(tasks=300))
    first = sops_list(client)
    whole = [
        row["id"]
        for offset in range(0, first["count"], 200)
        for row in sops_list(client, offset=offset, limit=500)["data"]
    ]
    assert len(first["data"]) == 100
    assert len(sops_list(client, limit=500)["data"]) == 200
    assert whole == sorted(set(whole), reverse=True)
    assert len(whole) == first["count"] > 300
    assert sops_list(client, without_count="true")["count"] == -1
    assert sops_list(client, offset=10_000)["data"] == []


def test_rows_of_sops(client: Client) -> None:
    """Rows have no state: a terminated task has a finish time and is not finished, a failed one has neither."""
    rows = {row["id"]: row for row in sops_list(client, limit=200)["data"]}
    assert (rows[13]["is_finished"], rows[13]["finish_time"] is None) == (False, False)
    assert (rows[10]["is_finished"], rows[10]["finish_time"]) == (False, None)
    assert (rows[18]["is_started"], rows[18]["start_time"]) == (False, None)
    assert rows[17]["is_child_taskflow"] is True
    assert rows[22]["start_time"].endswith("Z")
    assert isinstance(rows[22]["template_id"], str)
    assert not {"state", "create_time", "is_revoked"} & set(rows[22])
    assert {90003, 90004, 90015, 90008} & set(rows) == set()
    spaced = sops_list(client, expected_timezone="Asia/Shanghai", limit=200)["data"]
    assert {row["finish_time"] for row in spaced if row["id"] == 10} == {""}


def test_filters_of_sops(client: Client) -> None:
    """The list filters by name, template, times and flags, by business and by project."""
    whole = sops_list(client, limit=200)["data"]
    assert [r["id"] for r in sops_list(client, keyword="老引擎", limit=200)["data"]] == [33, 32, 30]
    for name, value, field in (
        ("is_finished", "true", "is_finished"),
        ("is_started", "true", "is_started"),
        ("template_id", "3", "template_id"),
        ("create_method", "api", "create_method"),
        ("executor", "alice", "creator"),
        ("is_child_taskflow", "true", "is_child_taskflow"),
    ):
        expected = [row["id"] for row in whole if str(row[field]).lower() == value]
        assert [row["id"] for row in sops_list(client, limit=200, **dict[str, Any]({name: value}))["data"]] == expected
    several = {row["template_id"] for row in sops_list(client, template_ids="3,4", limit=200)["data"]}
    assert several == {"3", "4"}
    since = times.spaced(client.clock.now - 600)
    recent = sops_list(client, create_time_start=since, limit=200)["data"]
    assert 0 < len(recent) < len(whole)
    assert sops_list(client, biz=7, scope="project", limit=200)["data"] == whole
    assert {row["bk_biz_id"] for row in sops_list(client, biz=3)["data"]} == {3}


def test_bad_queries_of_sops(client: Client) -> None:
    """Bad paging is an uncaught exception, a bad time a message that is an object."""
    answer = client.ask("GET", "/api/bk-sops/prod/get_task_list/2/", params={"limit": "x"})
    assert (answer.status_code, answer.json()["code"]) == (500, "50000")
    assert isinstance(sops_list(client, create_time_start="yesterday")["message"], dict)
    assert client.ask("GET", "/api/bk-sops/prod/get_task_list/2/", params={"offset": -1}).status_code == 500


def test_many_searches(client: Client) -> None:
    """However many different searches there are, each finds its own."""
    for name in [*map(str, range(70)), "巡检"]:
        assert sops_list(client, keyword=name)["result"] is True
    assert {1, 2, 30} <= {row["id"] for row in sops_list(client, keyword="巡检")["data"]}


def test_bulk_of_sops(client: Client) -> None:
    """A bulk answer is newest first, says nothing of unknown or foreign ids, and marks the deleted."""
    answer = client.batch(1, 22, 34, 90001, 90003, 90004, 999, 1, include_children_status=True).json()
    items = answer["data"]
    assert [item["id"] for item in items] == [90004, 90003, 22, 1]
    assert [item["is_deleted"] for item in items] == [False, True, False, False]
    assert items[0]["status"] == {"state": "EXPIRED", "name": "已归档"}
    assert items[1]["status"]["state"] == "FINISHED"
    assert items[3]["status"]["children"]
    assert items[3]["finish_time"] == ""
    assert "message" not in answer
    assert {"trace_id", "code", "data", "result"} == set(answer)
    bare = client.batch(1).json()["data"][0]["status"]
    assert "children" not in bare
    assert "root_id:" in bare


def test_bulk_equals_single(client: Client) -> None:
    """A task's tree is the same alone and in bulk, on the gateway and through the ESB."""
    alone = client.sops(2).json()["data"]
    body = {"bk_biz_id": 2, "task_id_list": [2], "include_children_status": True}
    assert client.batch(2, include_children_status=True).json()["data"][0]["status"] == alone
    through_esb = client.ask("POST", f"{ESB}/sops/get_tasks_status/", json=body).json()
    posted = client.ask("POST", f"{ESB}/sops/get_task_status/", json={"bk_biz_id": 2, "task_id": 2}).json()
    assert posted["data"] == alone
    assert through_esb["data"][0]["status"] == alone == client.sops_esb(2).json()["data"]
    assert {"message", "request_id"} <= set(through_esb)


@pytest.mark.parametrize("tasks", [[], ["x"], list(range(51))])
def test_refused_bulk(client: Client, tasks: list[Any]) -> None:
    """None, bad ones or more than 50 ids are refused; the message is an object."""
    answer = client.batch(*tasks).json()
    assert (answer["result"], answer["code"], set(answer["message"])) == (False, 3546100, {"task_id_list"})


def test_one_bad_task_spoils_the_bulk(client: Client) -> None:
    """One task in trouble makes the whole bulk answer its error."""
    assert client.batch(1, 2, 90016).json()["code"] == 3599999
    assert client.batch(1, 2, 90012).status_code == 500
    client.simulator.misbehave("sops", "crashed", task=2)
    assert client.batch(1, 2).status_code == 500
    assert client.batch(1, 3).json()["result"] is True


def test_pages_of_bkflow(client: Client) -> None:
    """Pages are cut from newest to oldest, and link to an internal host."""
    first = bkflow_list(client, limit=5)
    data = first["data"]
    assert (first["code"], first["message"]) == ("0", "")
    created = [row["create_time"] for row in bkflow_list(client, limit=500)["data"]["results"]]
    assert created == sorted(created, reverse=True)
    assert (data["previous"], len(data["results"])) == (None, 5)
    assert data["next"].startswith("http://bkflow-engine.")
    assert bkflow_list(client, offset=5, limit=5)["data"]["previous"].startswith("http://bkflow-engine.")
    assert bkflow_list(client, limit="x")["result"] is False


def test_filters_of_bkflow(client: Client) -> None:
    """Flags of progress are dropped on the way in, debug tasks hidden unless asked for by id."""
    whole = bkflow_list(client, limit=200)["data"]["results"]
    assert bkflow_list(client, limit=200, is_finished="true", is_started="true")["data"]["results"] == whole
    assert {row["create_method"] for row in whole} == {"API", "MOCK"}
    assert {row["trigger_method"] for row in whole if row["id"] == 17} == {"subprocess"}
    world = client.simulator.world
    hidden = [n for n in world.ids("bkflow", 0) if n not in {row["id"] for row in whole}]
    assert hidden
    assert [row["id"] for row in bkflow_list(client, id=hidden[0])["data"]["results"]] == hidden[:1]
    asked = bkflow_list(client, task_id_list=[1, 2])["data"]["results"]
    assert sorted(row["id"] for row in asked) == [1, 2]
    assert [row["id"] for row in bkflow_list(client, name="巡检")["data"]["results"]] == [2, 1]
    revoked = {row["id"]: row for row in whole}[13]
    assert (revoked["is_revoked"], revoked["is_finished"], revoked["finish_time"] is None) == (True, False, False)
    recent = bkflow_list(client, create_at_start=times.spaced(client.clock.now - 600), limit=200)["data"]["count"]
    assert 0 < recent < len(whole)


def test_bulk_of_bkflow(client: Client) -> None:
    """Bulk states come by id, without unknown ones, in any number; ids must be numbers."""

    def states(*tasks: object) -> Any:
        return client.ask("POST", "/api/bkflow/prod/space/1/get_tasks_states/", json={"task_ids": tasks})

    answer = states(1, 10, 90003, 90004, 34, 99, *range(1000, 1100)).json()
    assert answer["data"] == {
        "1": {"state": "RUNNING"},
        "10": {"state": "FAILED"},
        "90003": {"state": "FINISHED"},
        "90004": {"state": "EXPIRED"},
    }
    assert (answer["code"], answer["message"]) == ("0", "")
    assert states("1").status_code == 400
    detail = client.ask("GET", "/api/bkflow/prod/space/1/task/1/get_task_detail/").json()["data"]
    assert (detail["id"], detail["space_id"], detail["is_started"]) == (1, 1, True)


def test_pages_of_nodeman(client: Client) -> None:
    """Jobs are listed newest first, of all businesses that the user may see; past the end is an error."""
    whole = job_list(client, pagesize=-1)["data"]
    numbers = [row["id"] for row in whole["list"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(job_list(client)["data"]["list"]) == 10
    assert job_list(client, page=2, pagesize=3)["data"]["list"] == whole["list"][3:6]
    assert job_list(client, page=99)["code"] == 3800500
    assert job_list(client, page="x")["code"] == 3800001
    assert 35 not in numbers
    assert job_list(client, bk_biz_id=[4])["code"] == "9900403"
    through_esb = client.ask("POST", f"{ESB}/nodeman/api/job/job_list/", json={}).json()
    assert through_esb["data"]["total"] == whole["total"]


def test_filters_of_nodeman(client: Client) -> None:
    """Jobs are filtered by id, status, creator, business and time."""
    whole = job_list(client, pagesize=-1)["data"]["list"]
    for name, field, value in (
        ("job_id", "id", 187),
        ("status", "status", "SUCCESS"),
        ("created_by", "created_by", "alice"),
    ):
        expected = [row["id"] for row in whole if row[field] == value]
        assert [row["id"] for row in job_list(client, pagesize=-1, **{name: [value]})["data"]["list"]] == expected
    assert {tuple(r["bk_biz_scope"]) for r in job_list(client, bk_biz_id=[3], pagesize=-1)["data"]["list"]} == {(3,)}
    recent = job_list(client, start_time=times.spaced(client.clock.now - 900), pagesize=-1)["data"]["total"]
    assert 0 < recent < len(whole)
    fresh = next(row for row in whole if row["id"] == 3)
    assert fresh["statistics"] == {}
    assert all(row["end_time"] is None or row["end_time"][10] == " " for row in whole)


def test_pages_of_gsekit(client: Client) -> None:
    """Gsekit's list holds ten a page, newest first, in local time; past the end is false with code 0."""
    first = gsekit_list(client)
    rows = gsekit_list(client, pagesize=1000)["data"]["list"]
    assert len(first["data"]["list"]) == 10
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert rows[0]["start_time"].endswith("+0800")
    past = gsekit_list(client, page=999)
    assert (past["result"], past["code"], set(past["data"])) == (False, 0, {"detail"})
    assert gsekit_list(client, page="x")["code"] == "4100001"
    assert gsekit_list(client, bk_biz_id="x")["code"] == "4100001"


def test_filters_of_gsekit(client: Client) -> None:
    """Gsekit's jobs are filtered by id, status, kinds and time."""
    rows = gsekit_list(client, pagesize=1000)["data"]["list"]
    failed = gsekit_list(client, pagesize=1000, status="failed")["data"]["list"]
    assert failed == [row for row in rows if row["status"] == "failed"]
    either = gsekit_list(client, pagesize=1000, status__in="failed,pending")["data"]["count"]
    assert either == len([row for row in rows if row["status"] in ("failed", "pending")])
    recent = gsekit_list(client, start_time__gte=times.spaced(client.clock.now - 600))["data"]["count"]
    assert 0 < recent < len(rows)
