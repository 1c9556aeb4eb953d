"""The page of one task, from its query to HTML."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from tests.support import BlueKing, good, refusal, sops_site, tree
from tests.ui.markup import Element, parse
from tests.ui.site import exporter, sops
from tests.virtual_time import Clock, run

TASK = "/task?system=sops&bk_biz_id=2&task_id="
STARTED = "2026-11-22 08:00:00 +0800"


def node(name: str, state: str, **values: object) -> dict[str, object]:
    return {"name": name, "state": state, "start_time": STARTED, "elapsed_time": 7, "children": {}, **values}


FAILED = tree(
    "FAILED",
    name="deploy",
    elapsed_time=65,
    children={
        "n1": node("first", "FINISHED", skip=True, finish_time="2026-11-22 08:00:07 +0800"),
        "n2": node("inner", "FAILED", children={"n3": node("", "FINISHED"), "n4": node("call", "FAILED", retry=2, loop=3)}),
        "n5": node("tolerated", "FINISHED", error_ignored=True),
    },
    ex_data={"n4": "<pre>Traceback\nno route</pre>"},
)  # fmt: skip


def look(site: BlueKing, path: str, language: str = "en") -> Element:
    async def main(clock: Clock) -> Element:
        return await exporter(clock, {"sops": site}, *sops(1)).page(path, language)

    return run(main)


def test_the_tree_and_why_it_failed():
    """Nested, with states, times, retries, loops, skips, ignored errors; first of all what failed and where."""
    page = look(sops_site(lambda _: FAILED), TASK + "1")
    assert page.one("h1").words == "failed deploy"
    (failure,) = page.one("ol", class_="failures").all("li")
    assert failure.one("p", class_="where").words.startswith("inner › call")
    assert failure.one("pre").words == "<pre>Traceback no route</pre>"
    (branch,) = page.one("ul", class_="tree").all("details")
    assert "open" in branch.attributes
    lines = [line.words for line in page.one("ul", class_="tree").all("li") if line.has({"class_": "node"})]
    assert lines == [
        "finished first 7 s · 08:00:00 – 08:00:07 skipped by a person",
        "finished (event or gateway) 7 s · since 08:00:00",
        "failed call 7 s · since 08:00:00 2 retries loop 3",
        "finished tolerated 7 s · since 08:00:00 failure ignored",
    ]
    facts = {fact.one("dt").words: fact.one("dd").words for fact in page.one("dl").all("div")}
    assert facts["Elapsed"] == "1 min 5 s"
    assert facts["Nodes skipped by a person"] == "1"


def test_what_bluekings_list_said_is_kept_for_the_page():
    """The link and the name come from the last scrape: an answer for one task alone has none."""

    async def main(clock: Clock) -> Element:
        bench = exporter(clock, {"sops": sops_site(lambda _: tree("RUNNING"))}, *sops(1, 2))
        await bench.get("/metrics")
        return await bench.page(TASK + "1")

    page = run(main)
    assert page.one("h1").words == "running task 1"
    assert page.all("a", rel="noopener noreferrer")[0].attributes["href"] == "http://sops/1"


def test_failure_texts_are_asked_for_here_and_never_by_scrapes():
    """... since that bypasses bk-sops's own cache; two people at once, or one who is impatient, cost one request."""

    async def main(clock: Clock) -> tuple[list[str], int, int]:
        site = sops_site(lambda _: FAILED, latency=0.5)
        bench = exporter(clock, {"sops": site}, *sops(1))
        await bench.get("/metrics")
        scraped = [str(request.url) for request in site.asked]
        site.asked.clear()
        await asyncio.gather(bench.get(TASK + "1"), bench.get(TASK + "1"))
        await bench.get(TASK + "1")
        asked = [str(request.url) for request in site.asked]
        await asyncio.sleep(11)
        await bench.get(TASK + "1")
        assert all("with_ex_data=1" in url for url in asked)
        return scraped, len(asked), len(site.asked)

    scraped, asked, later = run(main)
    assert not any("with_ex_data" in url for url in scraped)
    assert (asked, later) == (1, 2)


def test_failure_texts_reach_neither_metrics_nor_logs(caplog: pytest.LogCaptureFixture):
    """They may hold secrets of the site."""

    async def main(clock: Clock) -> str:
        failed = {**FAILED, "state": "MELTED", "ex_data": {"n4": "password=hunter2"}}
        bench = exporter(clock, {"sops": sops_site(lambda _: failed)}, *sops(1))
        assert "hunter2" in (await bench.get(TASK + "1")).text
        return (await bench.get("/metrics")).text

    caplog.set_level("DEBUG")
    assert "hunter2" not in run(main) + caplog.text


@pytest.mark.parametrize(
    ("path", "status", "english", "chinese"),
    [
        ("", 400, "system: missing (sops)", "缺少参数 system（sops）"),
        ("?system=nope&task_id=1", 400, "system: unknown value", "system: unknown value"),
        ("?system=sops&task_id=1", 400, "bk_biz_id: missing", "bk_biz_id: missing"),
        ("?system=sops&bk_biz_id=2&task_id=x", 400, "task_id: must be a whole", "task_id: must be a whole"),
        ("?system=sops&bk_biz_id=2&task_id=1&task_id=2", 400, "task_id: given twice", "参数 task_id 重复"),
        ("?x=1&x=2&x=3", 400, "x: given 3 times", "参数 x 出现了 3 次"),
        ("?system=sops&bk_biz_id=2&task_id=1&x=%3Cscript%3E", 400, "unknown", "unknown"),
        ("?system=gsekit&bk_biz_id=2&job_id=1", 400, "gsekit is not configured", "此处未配置 gsekit"),
        ("?system=sops&bk_biz_id=3&task_id=1", 403, "sops biz 3 may not be", "不允许在此查询 sops biz 3"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_address_says_what_is_wrong_with_it(path: str, status: int, english: str, chinese: str, language: str):
    """400 names the parameter, 403 the place, in a page as all others; BlueKing is not asked.

    What the reader of the configuration says, which reads parameters too, is English.
    """

    async def main(clock: Clock) -> tuple[httpx.Response, int]:
        site = sops_site(lambda _: FAILED)
        answer = await exporter(clock, {"sops": site}, *sops(1)).get(f"/task{path}", accept_language=language)
        return answer, len(site.asked)

    answer, asked = run(main)
    assert (answer.status_code, asked) == (status, 0)
    assert {"en": english, "zh": chinese}[language] in parse(answer.text).one("section", role="alert").words
    assert "<script" not in answer.text


LABELLED = (
    "system=sops&bk_biz_id=2&scope=&task_id=1",
    "system=sops&bk_biz_id=&scope=project:7&task_id=1",
    "system=sops&bk_biz_id=2&scope=&task_id=10/n1",
    "system=bkflow&bk_biz_id=&scope=space:5&task_id=3",
    "system=nodeman&bk_biz_id=2&scope=&task_id=9",
    "system=gsekit&bk_biz_id=2&task_id=9",
)


@pytest.mark.parametrize("query", LABELLED)
def test_a_known_task_is_found_by_the_labels_of_its_metrics(query: str):
    """Whatever its own parameters are called; what is empty may be left out."""
    tasks = (
        *sops(1),
        "{system: sops, bk_biz_id: 7, scope: project, task_id: 1}",
        "{system: sops, bk_biz_id: 2, task_id: 10, subprocess_id: n1}",
        "{system: bkflow, space_id: 5, task_id: 3}",
        "{system: nodeman, bk_biz_id: 2, job_id: 9}",
        "{system: gsekit, bk_biz_id: 2, job_id: 9}",
    )

    async def main(clock: Clock) -> str:
        sites = {name: BlueKing(lambda _: refusal(1)) for name in ("sops", "bkflow", "nodeman", "gsekit")}
        page = await exporter(clock, sites, *tasks).page(f"/task?{query}")
        return page.one("section", class_="summary").one("p", class_="meta").words

    labels = dict(parse_qsl(query))
    place = f"business {labels['bk_biz_id']}" if "bk_biz_id" in labels else labels["scope"]
    assert run(main) == f"{labels['system']} · {place} · {labels['task_id']}"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("system=sops&bk_biz_id=2&scope=&task_id=77", 200),
        ("system=sops&bk_biz_id=3&scope=&task_id=77", 403),
        ("system=sops&bk_biz_id=&scope=project:7&task_id=77", 400),
        ("system=nodeman&bk_biz_id=2&scope=&task_id=77", 400),
        ("system=nope&bk_biz_id=2&scope=&task_id=77", 400),
    ],
)
def test_labels_of_a_task_that_is_not_known_open_no_door(query: str, status: int):
    """They are taken for its own parameters, with all that holds of these."""

    async def main(clock: Clock) -> int:
        return (
            await exporter(clock, {"sops": sops_site(lambda _: FAILED)}, *sops(1)).get(f"/task?{query}")
        ).status_code

    assert run(main) == status


def test_a_task_of_an_allowed_business_may_be_looked_at():
    """Though nobody configured it."""
    assert look(sops_site(lambda _: FAILED), TASK + "77").one("h1").words == "failed deploy"


def test_a_task_that_cannot_be_read_says_why():
    """In words, with what to do and what BlueKing said."""
    page = look(BlueKing(lambda _: refusal(3540400, "does not exist")), TASK + "1", "zh")
    assert page.one("h1").words == "读取失败 sops #1"
    for words in ("蓝鲸中没有这个任务", "请核对任务 ID", "does not exist", "3540400"):
        assert words in page.one("section", role="alert").words


def test_failed_hosts_of_nodeman_are_told_with_step_and_code():
    """2.x is asked for them in particular; its counts are those of the job."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.read())["conditions"] == [{"key": "status", "value": ["FAILED"]}]
        hosts = [
            {"status": "FAILED", "inner_ip": f"192.0.2.{n}", "step": "安装", "status_display": "失败"}
            for n in range(150)
        ]
        return good({"status": "PART_FAILED", "statistics": {"failed_count": 150, "success_count": 7}, "list": hosts})

    async def main(clock: Clock) -> Element:
        bench = exporter(clock, {"nodeman": BlueKing(answer)}, "{system: nodeman, bk_biz_id: 2, job_id: 5}")
        return await bench.page("/task?system=nodeman&bk_biz_id=2&job_id=5")

    page = run(main)
    assert page.one("h1").words == "partly failed nodeman #5"
    failures = page.one("ol", class_="failures").all("li")
    assert len(failures) == 100
    assert failures[3].words == "192.0.2.3 安装 · 失败"
    assert "157 hosts" in page.one("section", aria_labelledby="facts").words


def test_a_gsekit_job_that_failed_as_a_whole_says_so():
    """Its reason belongs to no node."""

    async def main(clock: Clock) -> Element:
        job: dict[str, Any] = {"status": "failed", "is_ready": False, "extra_data": {"failed_reason": "渲染失败"}}
        site = BlueKing(lambda _: good({"job_info": job, "job_tasks": [], "status_counter": {"failed": 0}}))
        bench = exporter(clock, {"gsekit": site}, "{system: gsekit, bk_biz_id: 2, job_id: 5}")
        return await bench.page("/task?system=gsekit&bk_biz_id=2&job_id=5")

    page = run(main)
    assert page.one("ol", class_="failures").words == "The whole job 渲染失败"
    assert "no job tasks" in page.one("section", aria_labelledby="facts").words


@pytest.mark.parametrize("state", ["CREATED", "EXPIRED", "RUNNING"])
def test_a_task_without_nodes_has_a_page(state: str):
    """Not begun, or its data cleaned."""
    assert look(sops_site(lambda _: {"state": state}), TASK + "1").all("ul", class_="tree") == []


def test_five_thousand_nodes_are_drawn_in_part():
    """The failed ones among them; the rest is counted."""
    children = {f"n{i}": node(f"node {i}", "FAILED" if i == 4321 else "FINISHED") for i in range(5000)}
    page = look(sops_site(lambda _: tree("FAILED", children=children)), TASK + "1")
    lines = page.one("ul", class_="tree").all("li")
    assert len(lines) == 1001
    assert any("node 4321" in line.words for line in lines)
    assert lines[-1].words == "4,000 more nodes are not drawn"
