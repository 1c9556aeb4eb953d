"""Scrapes: what is asked, what is shared, what is kept, and that no task costs another its metrics."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from exporter.errors import Reason
from exporter.model import State
from tests.support import BlueKing, collector, good, nodeman, refusal, sops, sops_site, system_config, tree
from tests.virtual_time import Clock, run

FINISHED = tree("FINISHED", finish_time="2026-11-22 09:00:00 +0800")


def test_a_thousand_tasks_of_a_business_cost_twenty_requests_and_then_none():
    """Fifty ids a call; a second page within the TTL asks nothing."""

    async def main(clock: Clock) -> tuple[int, int, set[Any]]:
        bench = collector(clock, {"sops": sops_site(lambda _: tree())})
        targets = [sops(task_id) for task_id in range(1, 1001)]
        states = await bench.scrape(targets)
        first = len(bench.sites["sops"].asked)
        await bench.scrape(targets)
        return first, len(bench.sites["sops"].asked) - first, set(states.values())

    assert run(main) == (20, 0, {State.RUNNING})


def test_after_the_ttl_only_what_can_change_is_asked_again():
    """Final tasks rest for their own, longer time."""

    async def main(clock: Clock) -> list[list[int]]:
        bench = collector(clock, {"sops": sops_site(lambda task_id: tree() if task_id <= 3 else FINISHED)})
        targets = [sops(task_id) for task_id in range(1, 101)]
        asked = []
        for wait in (0, 11, 11, 300):
            await asyncio.sleep(wait)
            before = len(bench.sites["sops"].asked)
            await bench.scrape(targets)
            new = bench.sites["sops"].asked[before:]
            asked.append([len(json.loads(request.read())["task_id_list"]) for request in new])
        return asked

    assert run(main) == [[50, 50], [3], [3], [50, 50]]


def test_two_scrapes_at_once_cost_what_one_costs_and_both_are_whole():
    """The second one waits for the first one's requests."""

    async def main(clock: Clock) -> tuple[int, list[set[Any]], int]:
        bench = collector(clock, {"sops": sops_site(lambda _: tree(), latency=1.0)}, cache_ttl=0)
        targets = [sops(task_id) for task_id in range(1, 1001)]
        pages = await asyncio.gather(bench.scrape(targets), bench.scrape(targets))
        return len(bench.sites["sops"].asked), [set(page.values()) for page in pages], bench.meter.coalesced_scrapes

    assert run(main) == (20, [{State.RUNNING}, {State.RUNNING}], 1)


def test_a_patient_scrape_keeps_what_an_impatient_one_began():
    """Each keeps its own deadline; what somebody still waits for is not given up."""

    async def main(clock: Clock) -> tuple[Any, Any, int, float]:
        bench = collector(clock, {"sops": sops_site(lambda _: tree(), latency=5.0)})
        began = clock.now
        hasty = asyncio.create_task(bench.scrape([sops(1)], seconds=1.0))
        await asyncio.sleep(0.5)
        patient = asyncio.create_task(bench.scrape([sops(1)], seconds=9.5))
        first = await hasty
        took = round(clock.now - began, 3)
        return first["1"], (await patient)["1"], len(bench.sites["sops"].asked), took

    assert run(main) == (Reason.TIMEOUT, State.RUNNING, 1, 1.0)


def test_what_nobody_waits_for_is_cancelled_and_the_next_scrape_asks_anew():
    """A hanging system does not poison the page after."""

    async def main(clock: Clock) -> tuple[Any, int, Any]:
        hang = [True]

        async def handle(_: httpx.Request) -> httpx.Response:
            if hang[0]:
                await asyncio.Event().wait()
            return good(tree())

        bench = collector(clock, {"sops": BlueKing(handle)})
        first = await bench.scrape([sops(1)])
        hang[0] = False
        await asyncio.sleep(0)
        cancelled = bench.sites["sops"].cancelled
        return first["1"], cancelled, (await bench.scrape([sops(1)]))["1"]

    assert run(main) == (Reason.TIMEOUT, 1, State.RUNNING)


def test_one_bad_task_of_fifty_is_found_once_and_costs_nobody_else():
    """49 have their series; from then on the bad one is asked for alone."""

    async def main(clock: Clock) -> list[Any]:
        site = sops_site(lambda task_id: refusal(3599999, "boom") if task_id == 7 else tree())
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        targets = [sops(task_id) for task_id in range(1, 51)]
        seen: list[Any] = []
        for _ in range(3):
            site.asked.clear()
            page = await bench.scrape(targets)
            seen.append((page.pop("7"), set(page.values()), dict(site.operations)))
        return seen

    assert run(main) == [
        (Reason.REFUSED, {State.RUNNING}, {"bulk": 9, "single": 3}),  # by halves
        (Reason.REFUSED, {State.RUNNING}, {"bulk": 1, "single": 1}),
        (Reason.REFUSED, {State.RUNNING}, {"bulk": 1, "single": 1}),
    ]


@pytest.mark.parametrize("bulk", [True, False])
def test_four_bad_tasks_of_a_thousand_cost_only_themselves_with_the_limits_as_they_come(bulk: bool):
    """One answers garbage, one never, one HTTP 500, one a login page of 1 MB: 996 are whole on the first page."""
    bad = {
        123: httpx.Response(200, text="garbage"),
        456: httpx.Response(500, text="oops"),
        789: httpx.Response(200, html="<html>login" + "x" * (1 << 20)),
    }

    async def main(clock: Clock) -> tuple[dict[str, Any], int, float]:
        healthy = sops_site(lambda task_id: bad.get(task_id) or tree(), latency=0.05, bulk=bulk)

        async def handle(request: httpx.Request) -> httpx.Response:
            asked = json.loads(request.read())["task_id_list"] if bulk and request.method == "POST" else []
            if 321 in asked or "/321/" in request.url.path:
                await asyncio.Event().wait()
            return await healthy.handle_async_request(request)

        limits = system_config(max_connections=32, requests_per_second=10.0 if bulk else 1000.0)
        bench = collector(clock, {"sops": BlueKing(handle)}, configs={"sops": limits})
        began = clock.now
        page = await bench.scrape([sops(task_id) for task_id in range(1, 1001)])
        wrong = {task_id: value for task_id, value in page.items() if value is not State.RUNNING}
        return wrong, len(page) - len(wrong), clock.now - began

    wrong, whole, took = run(main)
    assert wrong == {"123": Reason.MALFORMED, "321": Reason.TIMEOUT, "456": Reason.SERVER, "789": Reason.AUTH}
    assert whole == 996
    assert took <= 9.5


@pytest.mark.parametrize(
    ("answer", "unread"),
    [
        (lambda _: good(None), {("get_tasks_status", Reason.MALFORMED), ("get_task_status", Reason.MALFORMED)}),
        (lambda task_id: None if task_id > 2 else tree(), {("get_tasks_status", Reason.NOT_FOUND)}),
        (lambda _: tree(), set()),
    ],
)
def test_a_good_answer_without_the_task_is_a_failed_request(answer: Any, unread: set[Any]):
    """Each reason counts once an answer, however many tasks of a batch have it."""

    async def main(clock: Clock) -> list[Any]:
        bench = collector(clock, {"sops": sops_site(answer)})
        await bench.scrape([sops(task_id) for task_id in range(1, 5)])
        return [(operation, reason) for _, operation, reason in bench.meter.unread]

    counted = run(main)
    assert set(counted) == unread
    assert all(counted.count(each) == 1 for each in unread if each[0] == "get_tasks_status")


def test_a_task_that_heals_goes_back_into_the_batch():
    """A good answer forgets that it once spoiled one."""

    async def main(clock: Clock) -> dict[str, int]:
        bad = [7]
        site = sops_site(lambda task_id: refusal(3599999) if task_id in bad else tree())
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        targets = [sops(task_id) for task_id in range(1, 51)]
        await bench.scrape(targets)
        bad.clear()
        await bench.scrape(targets)
        site.asked.clear()
        await bench.scrape(targets)
        return dict(site.operations)

    assert run(main) == {"bulk": 1}


def test_a_batch_whose_answer_is_cut_off_costs_no_task():
    """A proxy may cut what is long; a connection that never answers is the system's trouble."""

    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"result": tr'
            raise httpx.ReadError("closed in the middle")

    async def main(clock: Clock) -> set[Any]:
        async def handle(request: httpx.Request) -> httpx.Response:
            return good(tree()) if request.method == "GET" else httpx.Response(200, stream=Cut())

        bench = collector(clock, {"sops": BlueKing(handle)})
        return set((await bench.scrape([sops(task_id) for task_id in range(1, 51)])).values())

    assert run(main) == {State.RUNNING}


def test_a_batch_that_fails_though_its_tasks_do_not_is_halved():
    """... so that a batch that is too much for BlueKing is not paid for at each page."""

    async def main(clock: Clock) -> list[dict[str, int]]:
        async def handle(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return good(tree())
            ids = json.loads(request.read())["task_id_list"]
            if len(ids) > 30:
                return httpx.Response(504)
            return good([{"id": task_id, "name": "", "status": tree()} for task_id in ids])

        site = BlueKing(handle)
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        seen = []
        for _ in range(3):
            site.asked.clear()
            page = await bench.scrape([sops(task_id) for task_id in range(1, 51)])
            assert set(page.values()) == {State.RUNNING}
            seen.append(dict(site.operations))
        return seen

    assert run(main) == [{"bulk": 4}, {"bulk": 2}, {"bulk": 2}]  # 50, again, 25 and 25; then 25 and 25


def sops_gateway(trouble: Callable[[list[int]], Awaitable[httpx.Response | None]]) -> BlueKing:
    """Single calls are answered at once; `trouble(ids)` may keep a bulk call waiting, or answer it otherwise."""

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return good(tree())
        ids = json.loads(request.read())["task_id_list"]
        answer = await trouble(ids)
        return answer or good([{"id": task_id, "name": "", "status": tree()} for task_id in ids])

    return BlueKing(handle)


SHIPPED: dict[str, Any] = {"max_connections": 32, "requests_per_second": 10.0}


async def pages(clock: Clock, site: BlueKing, tasks: int, waits: list[float]) -> list[tuple[int, dict[str, int]]]:
    """Pages of so many tasks with the limits as they come: how many tasks each lacked, and what it asked."""
    bench = collector(clock, {"sops": site}, cache_ttl=0, configs={"sops": system_config(**SHIPPED)})
    seen = []
    for wait in waits:
        await asyncio.sleep(wait)
        site.asked.clear()
        page = await bench.scrape([sops(task_id) for task_id in range(1, tasks + 1)])
        seen.append((sum(state is not State.RUNNING for state in page.values()), dict(site.operations)))
    return seen


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (lambda: httpx.Response(502), 2),  # it is asked for once more
        (lambda: refusal(1640401, status=404), 1),
        (lambda: httpx.Response(403, json={"result": False, "message": "no"}), 1),
        (lambda: httpx.Response(302, headers={"Location": "/"}), 1),
        (lambda: refusal(3599999), 1),
    ],
    ids=["502", "404", "403", "302", "refused"],
)
def test_one_bad_answer_to_a_batch_does_not_end_bulk_calls(answer: Callable[[], httpx.Response], times: int):
    """Other batches are answered, so the resource is there, and it is not for their size."""

    async def main(clock: Clock) -> list[tuple[int, dict[str, int]]]:
        bad = [True] * times

        async def trouble(ids: list[int]) -> httpx.Response | None:
            return answer() if 7 in ids and bad and bad.pop() else None

        return (await pages(clock, sops_gateway(trouble), 1005, [15, 15]))[1:]

    assert run(main) == [(0, {"bulk": 21})]


def test_a_resource_that_was_there_is_tried_at_each_page():
    """A page without it costs single calls, and the next one is whole again."""

    async def main(clock: Clock) -> list[tuple[int, dict[str, int]]]:
        gone: list[bool] = []

        async def trouble(_: list[int]) -> httpx.Response | None:
            return refusal(1640401, status=404) if gone else None

        site = sops_gateway(trouble)
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        seen = []
        for state in (False, True, False):
            gone[:] = [True] * state
            site.asked.clear()
            await asyncio.sleep(15)
            page = await bench.scrape([sops(task_id) for task_id in range(1, 101)])
            seen.append((sum(each is not State.RUNNING for each in page.values()), dict(site.operations)))
        return seen

    assert run(main) == [(0, {"bulk": 2}), (0, {"bulk": 2, "single": 100}), (0, {"bulk": 2})]


def test_a_batch_that_is_late_once_costs_nothing():
    """Single calls race it; the sizes of batches stay, as the others were answered in time."""

    async def main(clock: Clock) -> list[tuple[int, dict[str, int]]]:
        slow = [5.0]

        async def trouble(ids: list[int]) -> None:
            if 7 in ids and slow:
                await asyncio.sleep(slow.pop())

        return await pages(clock, sops_gateway(trouble), 1002, [0, 15, 15])

    first, *others = run(main)
    assert first[0] == 0
    assert others == [(0, {"bulk": 21})] * 2


def test_a_slow_system_is_waited_for():
    """All batches come late: the page waits for them, though there is no time to ask for each task."""

    async def main(clock: Clock) -> tuple[int, list[Any]]:
        async def trouble(_: list[int]) -> None:
            await asyncio.sleep(5.0)

        site = sops_gateway(trouble)
        configs = {"sops": system_config(**SHIPPED)}
        bench = collector(clock, {"sops": site}, cache_ttl=0, configs=configs)
        page = await bench.scrape([sops(task_id) for task_id in range(1, 401)])
        return sum(state is not State.RUNNING for state in page.values()), [
            failure for _, _, failure in bench.meter.requests if failure
        ]

    assert run(main) == (0, [])  # what was asked for in vain has failed nobody


def test_batches_that_come_late_are_halved_and_tried_again_later_one_at_a_time():
    """bk-sops asks for the tasks of a batch one after the other: no page loses a task while the right size is found."""

    async def main(clock: Clock) -> list[tuple[int, dict[str, int]]]:
        async def trouble(ids: list[int]) -> None:
            await asyncio.sleep(0.1 * len(ids))

        return await pages(clock, sops_gateway(trouble), 400, [0, 15, 600, 15])

    first, *others = run(main)
    assert first[0] == 0
    assert [others[0], others[2]] == [(0, {"bulk": 16})] * 2
    assert others[1][0] == 0
    assert others[1][1]["bulk"] == 15  # one of 50, and 14 of 25


def test_a_task_that_hangs_its_batch_is_found_though_the_page_ends_before():
    """It never answers alone either; the page after asks for it alone, and for the others together."""

    async def main(clock: Clock) -> list[tuple[int, dict[str, int]]]:
        async def trouble(ids: list[int]) -> None:
            if 7 in ids:
                await asyncio.Event().wait()

        healthy = sops_gateway(trouble)

        async def handle(request: httpx.Request) -> httpx.Response:
            if "/7/" in request.url.path:
                await asyncio.Event().wait()
            return await healthy.handle_async_request(request)

        return await pages(clock, BlueKing(handle), 40, [0, 15])

    assert run(main) == [(1, {"bulk": 1, "single": 40}), (1, {"bulk": 1, "single": 1})]


def test_a_site_without_the_bulk_resource_is_noticed_once():
    """Single calls from then on."""

    async def main(clock: Clock) -> list[dict[str, int]]:
        site = sops_site(lambda _: tree(), bulk=False)
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        seen = []
        for _ in range(2):
            site.asked.clear()
            page = await bench.scrape([sops(task_id) for task_id in range(1, 11)])
            assert set(page.values()) == {State.RUNNING}
            seen.append(dict(site.operations))
        return seen

    assert run(main) == [{"bulk": 1, "single": 10}, {"single": 10}]


def test_a_site_that_redirects_unknown_paths_is_noticed_too():
    """bk-sops sends whoever asks for an unknown path to its home page."""

    async def main(clock: Clock) -> list[dict[str, int]]:
        def handle(request: httpx.Request) -> httpx.Response:
            return good(tree()) if request.method == "GET" else httpx.Response(302, headers={"Location": "/"})

        site = BlueKing(handle)
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        seen = []
        for _ in range(2):
            site.asked.clear()
            page = await bench.scrape([sops(task_id) for task_id in range(1, 11)])
            assert set(page.values()) == {State.RUNNING}
            seen.append(dict(site.operations))
        return seen

    assert run(main) == [{"bulk": 3, "single": 10}, {"single": 10}]


def test_a_wrong_address_is_not_asked_for_every_task():
    """When the single call is unknown too, the address is wrong, and one try tells it for the whole batch."""

    async def main(clock: Clock) -> tuple[set[Any], dict[str, int]]:
        site = BlueKing(lambda _: httpx.Response(404, text="<html>not here"))
        bench = collector(clock, {"sops": site})
        page = await bench.scrape([sops(task_id) for task_id in range(1, 51)])
        return set(page.values()), dict(site.operations)

    assert run(main) == ({Reason.BAD_URL}, {"bulk": 1, "single": 1})


@pytest.mark.parametrize(
    ("ids", "state"),
    [
        ([3, 2, 1], {"1": State.RUNNING, "2": State.RUNNING, "3": State.RUNNING}),
        ([3, 1], {"1": State.RUNNING, "2": Reason.NOT_FOUND, "3": State.RUNNING}),
        ([1, 1, 2, 2, 3, 99], {"1": State.RUNNING, "2": State.RUNNING, "3": State.RUNNING}),
        (["1", "2", "3"], {"1": State.RUNNING, "2": State.RUNNING, "3": State.RUNNING}),
        ([None, {}, True, 1], {"1": State.RUNNING, "2": Reason.NOT_FOUND, "3": Reason.NOT_FOUND}),
    ],
)
def test_a_batch_is_read_by_its_ids(ids: list[object], state: dict[str, object]):
    """Missing, doubled, foreign, reordered ids and ids as text."""

    async def main(clock: Clock) -> dict[str, Any]:
        site = BlueKing(lambda _: good([{"id": task_id, "name": "n", "status": tree()} for task_id in ids]))
        return await collector(clock, {"sops": site}).scrape([sops(1), sops(2), sops(3)])

    assert run(main) == state


def test_a_deleted_task_is_not_found_though_the_batch_still_lists_it():
    """Its state is live, but the task is gone."""

    async def main(clock: Clock) -> dict[str, Any]:
        site = BlueKing(
            lambda _: good(
                [
                    {"id": 1, "name": "a", "status": tree(), "is_deleted": True},
                    {"id": 2, "name": "b", "status": tree(), "is_deleted": False},
                ]
            )
        )
        return await collector(clock, {"sops": site}).scrape([sops(1), sops(2)])

    assert run(main) == {"1": Reason.NOT_FOUND, "2": State.RUNNING}


def test_refused_credentials_end_the_questions_of_a_page():
    """A thousand tasks do not knock a thousand times with a wrong secret; other systems are not touched."""

    async def main(clock: Clock) -> tuple[set[Any], bool, Any]:
        sops_down = BlueKing(lambda _: refusal(1640001, "bk_app_secret is wrong", status=400))
        other = BlueKing(lambda _: good({"status": "SUCCESS"}))
        bench = collector(clock, {"sops": sops_down, "nodeman": other})
        targets = [sops(task_id, subprocess_id="n1") for task_id in range(1, 1001)]
        page = await bench.scrape([*targets, nodeman(5)])
        job = page.pop("5")
        return set(page.values()), len(sops_down.asked) <= 3 + 8, job

    assert run(main) == ({Reason.AUTH}, True, State.FINISHED)


def test_one_login_page_costs_one_task():
    """The rest of the page is asked for all the same."""

    async def main(clock: Clock) -> dict[Any, int]:
        def answer(task_id: int) -> httpx.Response | dict[str, object]:
            if task_id % 4 == 0:
                return httpx.Response(200, html="<html>login" + "x" * 1_000_000)
            return tree()

        bench = collector(clock, {"sops": sops_site(answer, bulk=False)})
        page = await bench.scrape([sops(task_id, subprocess_id="n1") for task_id in range(1, 41)])
        return {value: list(page.values()).count(value) for value in set(page.values())}

    assert run(main) == {State.RUNNING: 30, Reason.AUTH: 10}


def test_a_reset_time_is_obeyed_and_then_one_request_goes_first():
    """Also when the limit speaks inside HTTP 200."""

    async def main(clock: Clock) -> list[Any]:
        limited = [True]

        def handle(_: httpx.Request) -> httpx.Response:
            if limited[0]:
                return refusal(1642902, headers={"X-Bkapi-RateLimit-Reset": "30"})
            return good(tree())

        site = BlueKing(handle)
        bench = collector(clock, {"sops": site}, cache_ttl=0, configs={"sops": system_config(max_connections=1)})
        seen: list[Any] = []
        targets = [sops(task_id, subprocess_id="n1") for task_id in range(1, 21)]
        for wait in (0, 15, 16):
            await asyncio.sleep(wait)
            site.asked.clear()
            limited[0] = wait != 16
            page = await bench.scrape(targets)
            seen.append((set(page.values()), len(site.asked)))
        return seen

    assert run(main) == [({Reason.THROTTLED}, 1), ({Reason.THROTTLED}, 0), ({State.RUNNING}, 20)]


def test_the_rate_is_never_above_the_bucket():
    """A burst of the connections, then the configured rate; what does not fit into the deadline is late."""

    async def main(clock: Clock) -> tuple[int, dict[Any, int]]:
        site = sops_site(lambda _: tree(), bulk=False)
        config = system_config(max_connections=4, requests_per_second=10.0)
        bench = collector(clock, {"sops": site}, configs={"sops": config})
        page = await bench.scrape([sops(task_id, subprocess_id="n1") for task_id in range(1, 201)], seconds=5.05)
        values = list(page.values())
        return len(site.asked), {value: values.count(value) for value in set(values)}

    assert run(main) == (54, {State.RUNNING: 54, Reason.TIMEOUT: 146})


def test_where_the_limit_is_too_low_nobody_starves():
    """Pages take turns: after a few of them every task has been read."""

    async def main(clock: Clock) -> set[str]:
        config = system_config(max_connections=4, requests_per_second=2.0)
        bench = collector(clock, {"sops": sops_site(lambda _: tree())}, cache_ttl=0, configs={"sops": config})
        seen: set[str] = set()
        targets = [sops(task_id, subprocess_id="n1") for task_id in range(1, 61)]
        for _ in range(4):
            await asyncio.sleep(5.5)
            page = await bench.scrape(targets)
            seen |= {task_id.split("/")[0] for task_id, value in page.items() if value is State.RUNNING}
        return seen

    assert len(run(main)) == 60


def test_what_was_slow_last_time_starts_first():
    """... so that it does not end the page."""

    async def main(clock: Clock) -> list[str]:
        async def handle(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(3 if "/3/" in request.url.path else 0.1)
            return good(tree())

        site = BlueKing(handle)
        bench = collector(clock, {"sops": site}, cache_ttl=0)
        targets = [sops(task_id, subprocess_id="n1") for task_id in range(1, 5)]
        await bench.scrape(targets)
        site.asked.clear()
        await bench.scrape(targets)
        return [request.url.path.split("/")[2] for request in site.asked]

    assert run(main)[0] == "3"


def test_nodeman_details_are_not_asked_more_often_than_every_thirty_seconds():
    """Reading them writes, so even a TTL of 0 does not."""

    async def main(clock: Clock) -> list[int]:
        site = BlueKing(lambda _: good({"status": "RUNNING", "statistics": {}}))
        config = system_config("nodeman")
        details = system_config("nodeman", site=type(config.site)("apigw", "job_details"))
        bench = collector(clock, {"nodeman": site}, cache_ttl=0, configs={"nodeman": details})
        seen = []
        for wait in (0, 15, 16):
            await asyncio.sleep(wait)
            await bench.scrape([nodeman(1)])
            seen.append(len(site.asked))
        return seen

    assert run(main) == [1, 1, 2]


def test_a_restarted_clock_of_the_answer_is_not_taken_for_the_same():
    """An elapsed time that we derive grows though BlueKing's answer stays equal."""

    async def main(clock: Clock) -> list[float | None]:
        site = BlueKing(lambda _: good({"status": "RUNNING", "start_time": "2026-11-22 08:00:00+0800"}))
        bench = collector(clock, {"nodeman": site}, cache_ttl=0)
        elapsed = []
        for _ in range(2):
            outcomes = await bench.collector.scrape([nodeman(1)], clock.now + 9)
            elapsed.append(outcomes[0].kept.elapsed if outcomes[0].kept else None)
            await asyncio.sleep(60)
        return elapsed

    assert run(main) == [pytest.approx(0, abs=0.1), pytest.approx(60, abs=0.1)]


def test_time_from_cache_is_zero_and_the_fetch_time_stays():
    """`duration` is what this page spent; `fetched` is the data's age."""

    async def main(clock: Clock) -> list[tuple[float, float]]:
        bench = collector(clock, {"sops": sops_site(lambda _: tree(), latency=2.0)})
        seen = []
        for _ in range(2):
            outcome = (await bench.collector.scrape([sops(1)], clock.now + 9))[0]
            seen.append((round(outcome.duration, 3), outcome.fetched))
            await asyncio.sleep(1)
        return seen

    first, second = run(main)
    assert first[0] == 2.0
    assert second == (0.0, first[1])


@pytest.mark.parametrize(("size", "reason"), [(1 << 20, Reason.AUTH), (20 << 20, None)])
def test_an_answer_that_cannot_be_read_is_not_kept(size: int, reason: Reason | None):
    """Not by the error that says why, either: a login page for each of many tasks, or a large one for a batch."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and reason is None:
            return good(tree())
        return httpx.Response(200, content=b"<html>" + bytes(size))

    async def main(clock: Clock) -> int:
        bench = collector(clock, {"sops": BlueKing(handle)})
        targets = [sops(task_id) for task_id in range(1, 21)]
        tracemalloc.start()
        outcomes = await bench.collector.scrape(targets, clock.now + 9.5)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert {outcome.error and outcome.error.reason for outcome in outcomes} == {reason}
        return held

    assert run(main) < 2 << 20


def test_an_unknown_state_is_counted_and_its_task_stays():
    """It is data, not an error."""

    async def main(clock: Clock) -> tuple[Any, int]:
        bench = collector(clock, {"sops": sops_site(lambda _: tree("DANCING"))})
        return (await bench.scrape([sops(1)]))["1"], bench.meter.unknown

    assert run(main) == (State.UNKNOWN, 1)
