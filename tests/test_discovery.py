"""Tasks find their way in by themselves, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import chain

import httpx
import pytest
from prometheus_client import CollectorRegistry

from exporter.config import loads
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.shards import Shard
from exporter.systems import SYSTEMS
from exporter.telemetry import Telemetry
from tests.business import CONFIG, Business, own, shown
from tests.support import BlueKing, good, refusal
from tests.virtual_time import Clock, run

Page = Callable[[dict[str, str]], httpx.Response]

BUSY = refusal(50000, status=500)


def test_a_task_appears_runs_ends_and_leaves() -> None:
    """With scrapes every 15 s: it is there with the first refresh, its end is seen for keep_finished, then it is gone."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        live = business.live("keep_finished: 2m, refresh: 60s")
        pages = []
        for scrape in range(40):
            if scrape == 6:
                business.add(7)
            if scrape == 16:
                business.finish(7)
            pages.append(shown(await live.scrape(9.5)).get("7", "-"))
            clock.now += 15
        assert pages == ["-"] * 8 + ["running"] * 8 + ["finished"] * 8 + ["-"] * 16
        assert len(business.lists) == 10

    run(main)


def test_what_a_task_left_behind_goes_with_it() -> None:
    """However many come and go, no more is kept than of those that are there; one that comes back is asked for again."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        live = business.live("refresh: 1s")
        kept = []
        for scrape in range(30):
            business.tasks.clear()
            business.add(*range(20 * scrape, 20 * scrape + 20))
            await live.scrape(9.5)
            kept.append(len(live._store))
            clock.now += 15
        assert max(kept[:10]) == max(kept[20:])
        business.tasks.clear()
        business.add(7)
        clock.now += 15
        assert shown(await live.scrape(9.5))["7"] == "running"
        assert business.asked[7] == 2

    run(main)


def test_what_a_task_left_behind_stays_where_it_is_still_wanted() -> None:
    """A task that is configured as well, or on a page that is being made."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7, 8)
        live = business.live("refresh: 1s", tasks="tasks: [{system: sops, bk_biz_id: 2, task_id: 8}]\n")
        await live.scrape(9.5)
        business.hidden |= {7, 8}
        for _ in range(4):
            clock.now += 15
            async with live.setup():
                await live.scrape(9.5)
            assert len(live._store) == 2
        await live.scrape(9.5)
        assert len(live._store) == 1

    run(main)


def test_what_a_list_tells_is_on_the_page_at_no_further_cost() -> None:
    """Name, template and creator come from the list."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        page = await business.live("refresh: 60s").scrape(9.5)
        kept = page.outcomes[0].kept
        assert kept is not None
        assert (kept.task.labels.task_name, kept.task.labels.kind, kept.task.labels.creator) == ("task 7", "7", "li")

    run(main)


def test_the_first_page_waits_for_the_list_and_asks_for_its_tasks() -> None:
    """... inside one deadline; configured tasks are asked for meanwhile."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=5.0, latency=3.0)
        business.add(1, 7)
        live = business.live("refresh: 60s", tasks="tasks: [{system: sops, bk_biz_id: 2, task_id: 1}]")
        began = clock.now
        assert shown(await live.scrape(9.5)) == {"1": "running", "7": "running"}
        assert clock.now - began == pytest.approx(8.0)

    run(main)


def test_a_list_that_is_too_slow_for_the_first_page_is_there_for_the_next() -> None:
    """The page goes out with what it has in time; the list is read on until the scrape's own deadline."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=9.0)
        business.add(1, 7)
        live = business.live("refresh: 60s", tasks="tasks: [{system: sops, bk_biz_id: 2, task_id: 1}]")
        began = clock.now
        assert shown(await live.scrape(9.5)) == {"1": "running"}
        assert clock.now - began == pytest.approx(9.5 * 0.75)
        await asyncio.sleep(15)
        assert shown(await live.scrape(9.5)) == {"1": "running", "7": "running"}
        assert len(business.lists) == 1

    run(main)


def test_a_slow_refresh_does_not_cost_the_page() -> None:
    """A page with known tasks waits a second for news, which come with the next one otherwise."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        live = business.live("refresh: 60s")
        await live.scrape(9.5)
        clock.now += 60
        business.add(8)
        business.list_latency = 6.0
        began = clock.now
        assert shown(await live.scrape(9.5)) == {"7": "running"}
        assert clock.now - began == pytest.approx(1.0)
        await asyncio.sleep(15)
        assert shown(await live.scrape(9.5)) == {"7": "running", "8": "running"}
        business.list_latency = 0.5
        clock.now += 60
        business.add(9)
        assert "9" in shown(await live.scrape(9.5))

    run(main)


def test_a_list_that_never_answers() -> None:
    """It ends with the scrape's deadline, is down for that reason, and is tried again when it is due."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        live = business.live("refresh: 60s")
        await live.scrape(9.5)
        assert own(live, "discovery_up") == {'{discovery="sops biz 2"}': 1}
        clock.now += 60
        business.list_latency = 1e6
        assert shown(await live.scrape(9.5)) == {"7": "running"}
        await asyncio.sleep(10)
        assert business.site.cancelled == 1
        assert own(live, "discovery_up") == {'{discovery="sops biz 2"}': 0}
        clock.now += 30
        await live.scrape(9.5)
        assert len(business.lists) == 2

    run(main)


def test_a_failed_listing_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The tasks known before stay and are asked for; the gauge and one log line say it, and another when it is over."""
    caplog.set_level(logging.INFO)

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7, 8)
        live = business.live("refresh: 60s")
        await live.scrape(9.5)
        first = own(live, "discovery_last_success_timestamp_seconds")
        for broken in (BUSY, BUSY, None):
            business.broken = broken
            clock.now += 60
            assert shown(await live.scrape(9.5)) == {"7": "running", "8": "running"}
            assert own(live, "discovery_up") == {'{discovery="sops biz 2"}': broken is None}
            assert (own(live, "discovery_last_success_timestamp_seconds") == first) is (broken is not None)

    run(main)
    said = [record.message for record in caplog.records if "listed" in record.message]
    assert said == ["tasks cannot be listed", "tasks can be listed again"]


def test_a_failure_in_the_middle_of_a_list() -> None:
    """What the good pages brought is known; who stands on the others stays."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(*range(1, 301))
        live = business.live("refresh: 60s")
        assert len((await live.scrape(9.5)).outcomes) == 300
        page = business.page
        business.add(301)
        for _ in range(4):
            clock.now += 60
            business.page = lambda query: page(query) if query["offset"] == "0" else BUSY  # type: ignore[method-assign]
            assert len((await live.scrape(9.5)).outcomes) == 301
        assert own(live, "discovery_up") == {'{discovery="sops biz 2"}': 0}

    run(main)


def test_two_scrapes_share_one_listing() -> None:
    """... and each has all tasks; a scrape with more time prolongs it."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=4.0)
        business.add(7)
        live = business.live("refresh: 60s")
        short, long = await asyncio.gather(live.scrape(3.0), live.scrape(9.5))
        assert (shown(short), shown(long)) == ({}, {"7": "running"})
        assert len(business.lists) == 1

    run(main)


def test_lists_are_read_when_somebody_scrapes_and_never_else() -> None:
    """An hour without a scrape is an hour without a request."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        live = business.live("refresh: 60s")
        await live.scrape(9.5)
        await asyncio.sleep(3600)
        assert len(business.lists) == 1

    run(main)


def test_five_thousand_tasks() -> None:
    """The requests of a refresh are what paging needs, and none is sent between refreshes."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(*range(1, 5001))
        live = business.live("limit: 6000, refresh: 60s", more="collect: {cache_ttl: 1h, nodes: none}")
        for expected in (26, 26, 52):  # 25 full pages, and one that is empty: bk-sops does not count
            assert len((await live.scrape(9.5)).outcomes) == 5000
            assert len(business.lists) == expected
            clock.now += 30
        assert own(live, "discovery_truncated") == {'{discovery="sops biz 2"}': 0}
        assert own(live, "targets") == {'{source="discovered",system="sops"}': 5000}

    run(main)


@pytest.mark.parametrize(("limit", "requests", "cut"), [(3, 1, 1), (4, 1, 0), (5, 1, 0)])
def test_limit(limit: int, requests: int, cut: int) -> None:
    """The newest tasks are taken in, and the metrics tell that there were more."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(1, 2, 3, 4)
        live = business.live(f"limit: {limit}, refresh: 60s")
        assert sorted(shown(await live.scrape(9.5))) == ["1", "2", "3", "4"][-limit:]
        assert len(business.lists) == requests
        assert own(live, "discovery_truncated") == {'{discovery="sops biz 2"}': cut}

    run(main)


@pytest.mark.parametrize(("limit", "cut"), [(399, 1), (400, 0), (401, 0), (200, 1)])
def test_limit_at_the_edge_of_a_page(limit: int, cut: int) -> None:
    """Whether more follows is found out, and not guessed."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(*range(1, 401))
        live = business.live(f"limit: {limit}, refresh: 60s")
        assert len((await live.scrape(9.5)).outcomes) == min(400, limit)
        assert own(live, "discovery_truncated") == {'{discovery="sops biz 2"}': cut}

    run(main)


def test_a_list_longer_than_a_scrape_is_read_on() -> None:
    """What came is known at once; the next scrape asks for the next page, and nobody is missing meanwhile."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=4.0)
        business.add(*range(1, 901))
        live = business.live("limit: 1000, refresh: 60s")
        counts = []
        for _ in range(3):
            counts.append(len((await live.scrape(9.5)).outcomes))
            await asyncio.sleep(15)
        assert counts == [200, 600, 900]
        assert [query["offset"] for query in business.lists] == ["0", "200", "400", "400", "600", "800", "800"]
        assert own(live, "discovery_up") == {'{discovery="sops biz 2"}': 1}

    run(main)


def test_pages_that_shift_while_they_are_read() -> None:
    """A task that slips through the gap between two pages is not gone; nobody is on the page twice."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(*range(1, 301))
        live = business.live("refresh: 60s")
        await live.scrape(9.5)
        page, everything = business.page, business.page

        def shrinking(query: dict[str, str]) -> httpx.Response:
            business.hidden = {250, 240} if query["offset"] != "0" else set()
            return page(query)

        def growing(query: dict[str, str]) -> httpx.Response:
            if query["offset"] != "0":
                business.add(*range(1000, 1010))
            return page(query)

        for misbehaving in (shrinking, everything, growing):
            business.page = misbehaving  # type: ignore[method-assign]
            clock.now += 60
            numbers = [outcome.identity.task_id for outcome in (await live.scrape(9.5)).outcomes]
            assert len(numbers) == len(set(numbers)) >= 300

    run(main)


def test_a_list_that_knows_no_pages() -> None:
    """The same page again and again ends the reading; more than was asked for is cut to the limit."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(*range(1, 201))
        page = business.page
        business.page = lambda query: page({**query, "offset": "0"})  # type: ignore[method-assign]
        live = business.live("limit: 1000, refresh: 60s")
        assert len((await live.scrape(9.5)).outcomes) == 200
        assert len(business.lists) == 2
        business = Business(clock)
        business.add(*range(1, 1001))
        whole = business.page
        business.page = lambda query: refusal(0) if query["offset"] != "0" else _joined(whole)  # type: ignore[method-assign]
        live = business.live("limit: 300, refresh: 60s")
        assert len((await live.scrape(9.5)).outcomes) == 300
        assert own(live, "discovery_truncated") == {'{discovery="sops biz 2"}': 1}

    run(main)


def _joined(page: Page) -> httpx.Response:
    return good(
        [row for offset in range(0, 1000, 200) for row in page({"offset": str(offset), "limit": "200"}).json()["data"]]
    )


JOBS = """
bkapi: {auth: {bk_app_code: app, bk_app_secret: made-up, bk_username: admin}, requests_per_second: 100000}
systems: {gsekit: {url: "http://gsekit.test", route: esb}}
discover: [{system: gsekit, bk_biz_id: 2, limit: 3000, refresh: 60s}]
"""


def gsekit(clock: Clock, listed: Callable[[int], httpx.Response]) -> tuple[Live, BlueKing]:
    """An exporter on a gsekit whose list is a function of the page's number; all of its jobs run."""

    async def handle(request: httpx.Request) -> httpx.Response:
        if "job_list" in request.url.path:
            return listed(int(request.url.params["page"]))
        return good({"job_info": {"status": "running"}, "status_counter": {}})

    site = BlueKing(handle)
    live = Live(
        loads(JOBS),
        Telemetry(CollectorRegistry(), version="0", revision="test"),
        make_transport=lambda _: site,
        clocks=Clocks(clock.wall, clock.steady),
    )
    return live, site


def rows(first: int, last: int) -> list[dict[str, int]]:
    return [{"id": number} for number in range(first, last - 1, -1)]


def test_pages_by_number() -> None:
    """A list that counts itself needs no page to say that it is over."""

    async def main(clock: Clock) -> None:
        live, site = gsekit(
            clock, lambda page: good({"count": 2000, "list": rows(2000, 1001) if page == 1 else rows(1000, 1)})
        )
        await live.inventory(9.5, lambda _: True)
        assert len(site.asked) == 2
        assert own(live, "targets") == {'{source="discovered",system="gsekit"}': 2000}
        assert own(live, "discovery_truncated") == {'{discovery="gsekit biz 2"}': 0}

    run(main)


def test_a_list_that_shrinks_below_the_page_that_is_asked_for() -> None:
    """A page behind the last one is refused by gsekit: that is no failure, and nobody is missing for it."""

    async def main(clock: Clock) -> None:
        second = [good({"count": 1001, "list": rows(1, 1)}), *[refusal(0)] * 3]
        live, site = gsekit(
            clock, lambda page: good({"count": 1001, "list": rows(1001, 2)}) if page == 1 else second.pop(0)
        )
        for _ in range(4):
            await live.inventory(9.5, lambda _: True)
            assert own(live, "targets") == {'{source="discovered",system="gsekit"}': 1001}
            assert own(live, "discovery_up") == {'{discovery="gsekit biz 2"}': 1}
            clock.now += 60
        assert len(site.asked) == 8

    run(main)


@pytest.mark.parametrize(("page", "reason"), [(refusal(0), "refused"), (refusal(1640401, status=404), "bad_url")])
def test_a_first_page_that_is_refused(page: httpx.Response, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log line says why; where the site has no such list, also what to do."""

    async def main(clock: Clock) -> None:
        live, _ = gsekit(clock, lambda _: page)
        inventory = await live.inventory(9.5, lambda _: True)
        assert [failed.error.reason.value for failed in inventory.failed if failed.error] == [reason]

    run(main)
    (record,) = caplog.records
    assert ("list_path" in record.__dict__["fields"].get("cure", "")) is (reason == "bad_url")


def test_our_own_mistake_costs_no_page(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A reader that breaks is a list that cannot be read."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(1, 7)
        live = business.live("refresh: 60s", tasks="tasks: [{system: sops, bk_biz_id: 2, task_id: 1}]")
        monkeypatch.setattr(type(SYSTEMS["sops"].LISTING), "read", broken)
        assert shown(await live.scrape(9.5)) == {"1": "running"}
        assert own(live, "discovery_up") == {'{discovery="sops biz 2"}': 0}

    run(main)
    assert "bug: cannot read a list" in caplog.messages


def test_what_was_read_long_ago_is_read_anew() -> None:
    """A list that was read in part, when nobody scraped for a while, begins again."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=4.0)
        business.add(*range(1, 901))
        live = business.live("limit: 1000, refresh: 60s")
        await live.scrape(9.5)
        await asyncio.sleep(400)
        await live.scrape(9.5)
        await asyncio.sleep(10)
        assert [query["offset"] for query in business.lists] == ["0", "200", "400", "0", "200", "400"]

    run(main)


def test_a_list_without_end() -> None:
    """However many entries a list has, no more are read than the limit says."""

    async def main(clock: Clock) -> None:
        business = Business(clock)

        def endless(query: dict[str, str]) -> httpx.Response:
            first = 10_000_000 - int(query["offset"])
            return good([{"id": str(first - n), "surprise": [{}], "is_child_taskflow": True} for n in range(200)])

        business.page = endless  # type: ignore[method-assign]
        live = business.live("limit: 2000, refresh: 60s")
        assert (await live.scrape(9.5)).outcomes == []
        assert len(business.lists) == 11

    run(main)


def test_what_is_proved_final_is_not_asked_for_again() -> None:
    """Once its final state was read, a finished task costs nothing but its line in the list."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7, 8)
        business.finish(7)
        live = business.live("keep_finished: 1h, refresh: 60s", more="collect: {final_cache_ttl: 1m}")
        for _ in range(20):
            assert shown(await live.scrape(9.5)) == {"7": "finished", "8": "running"}
            clock.now += 60
        assert business.asked == {7: 1, 8: 20}

    run(main)


def test_a_final_word_of_the_list_makes_a_kept_answer_old() -> None:
    """The list says that it ended, the kept answer that it runs: it is asked for once more."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        live = business.live("refresh: 10s", more="collect: {cache_ttl: 10s}")
        await live.scrape(9.5)
        business.finish(7)
        clock.now += 12
        assert shown(await live.scrape(9.5)) == {"7": "finished"}

    run(main)


def test_configured_and_discovered_is_one_task() -> None:
    """It is on the page once, as the configuration has it, and stays when the discovery lets it go."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7, 8)
        task = 'tasks: [{system: sops, bk_biz_id: 2, task_id: 7, name: "ours"}]'
        live = business.live("keep_finished: 0s, refresh: 10s", "name: again, refresh: 10s", tasks=task)
        page = await live.scrape(9.5)
        assert [outcome.identity.task_id for outcome in page.outcomes] == ["7", "8"]
        assert own(live, "targets") == {
            '{source="configured",system="sops"}': 1,
            '{source="discovered",system="sops"}': 1,
        }
        kept = page.outcomes[0].kept
        assert kept is not None
        assert kept.task.labels.task_name == "ours"
        del business.tasks[7], business.tasks[8]
        for _ in range(3):
            clock.now += 20
            page = await live.scrape(9.5)
        assert shown(page) == {"7": "NOT_FOUND"}

    run(main)


def test_a_deleted_task_leaves_without_an_alarm() -> None:
    """The page on which neither the list nor BlueKing has it any more is the first without it."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7, 8)
        live = business.live("refresh: 10s")
        await live.scrape(9.5)
        del business.tasks[8]
        clock.now += 20
        assert shown(await live.scrape(9.5)) == {"7": "running"}
        assert live.incidents._open == {}

    run(main)


def test_incidents_of_tasks_that_left_are_forgotten() -> None:
    """Nothing grows with the tasks that came and went."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7, 8, state="")
        live = business.live("refresh: 10s")
        assert shown(await live.scrape(9.5)) == {"7": "MALFORMED", "8": "MALFORMED"}
        business.tasks.pop(8)
        business.hidden.add(8)
        for _ in range(3):
            clock.now += 20
            await live.scrape(9.5)
        assert [identity.task_id for identity in live.incidents._open] == ["7"]

    run(main)


RELOADED = """
discover:
  - {system: sops, bk_biz_id: 2, refresh: 60s}
  - {system: sops, bk_biz_id: 2, name: other, limit: 7}
"""


def test_a_reload_keeps_what_discoveries_know() -> None:
    """A discovery that stays goes on as if nothing had been; one that is new lists; one that went is forgotten."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        live = business.live("refresh: 60s", "name: gone, refresh: 60s")
        await live.scrape(9.5)
        assert len(business.lists) == 2
        await live.swap(loads(CONFIG + RELOADED))
        assert sorted(own(live, "discovery_up")) == ['{discovery="sops biz 2"}']
        assert shown(await live.scrape(9.5)) == {"7": "running"}
        assert [query["limit"] for query in business.lists[2:]] == ["8"]
        assert sorted(own(live, "discovery_up")) == ['{discovery="other"}', '{discovery="sops biz 2"}']

    run(main)


def test_a_reload_while_a_list_is_read() -> None:
    """The reading ends with the old connections, and goes on over the new ones."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=5.0)
        business.add(7)
        live = business.live("refresh: 60s")
        scraping = asyncio.create_task(live.scrape(9.5))
        await asyncio.sleep(1)
        await live.swap(loads(CONFIG + RELOADED))
        await scraping
        assert shown(await live.scrape(9.5)) == {"7": "running"}

    run(main)


@pytest.mark.parametrize(("metrics", "expected"), [("all", {"1", "7"}), ("configured", {"1"}), ("none", set())])
def test_tasks_that_are_scraped_elsewhere_stay_off_the_page(metrics: str, expected: set[str]) -> None:
    """... and their lists are not read for it."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(1, 7)
        task = "tasks: [{system: sops, bk_biz_id: 2, task_id: 1}]"
        live = business.live("keyword: x", tasks=task, more=f"collect: {{metrics: {metrics}}}")
        assert set(shown(await live.scrape(9.5))) == expected
        assert len(business.lists) == (metrics == "all")

    run(main)


def test_shards_share_what_is_discovered() -> None:
    """Each of them reads the whole list, and each task is on one page."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(*range(1, 101))
        pages = [set(shown(await business.live("refresh: 60s", shard=Shard(n, 3)).scrape(9.5))) for n in range(3)]
        assert all(pages)
        assert sorted(map(int, chain(*pages))) == list(range(1, 101))

    run(main)


def test_closing_ends_reading() -> None:
    """Nothing is left running."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=5.0)
        live: Live = business.live("refresh: 60s")
        await live.scrape(1.0)
        await live.aclose()
        await asyncio.sleep(10)
        assert business.site.closed

    run(main)
