"""The overview, from scrapes to HTML."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.setup import Refusal
from exporter.shards import Shard
from tests.support import BlueKing, refusal, sops_site, tree
from tests.ui.markup import Element, everything, parse
from tests.ui.site import Exporter, exporter, sops
from tests.virtual_time import Clock, run

STATES = ("FINISHED", "FAILED", "SUSPENDED", "RUNNING", "CREATED", "REVOKED", "WEIRD", None)
HOSTILE = "\"><script>alert(1)</script>\n\u202e🚀'&amp;" + "x" * 10_000


def mixed(clock: Clock, tasks: int = 16) -> Exporter:
    site = sops_site(lambda task_id: tree(state) if (state := STATES[task_id % len(STATES)]) else None)
    return exporter(clock, {"sops": site}, *sops(*range(1, tasks + 1)))


def table(page: Element) -> list[Element]:
    return page.one("table", class_="tasks").one("tbody").all("tr")


def states(page: Element) -> list[str]:
    return [row.all("span", class_="badge")[0].words for row in table(page)]


def test_the_most_urgent_come_first():
    """Failed, suspended, unknown, unreadable, then what is under way, then the rest."""

    async def main(clock: Clock) -> list[str]:
        return states(await mixed(clock).page("/"))

    wanted = ["failed", "suspended", "unknown", "unreadable", "running", "created", "revoked", "finished"]
    assert run(main) == [word for word in wanted for _ in range(2)]


def test_counts_are_those_of_metrics():
    """The chips, the systems' rows and the headline say what the samples of the same scrape say."""

    async def main(clock: Clock) -> tuple[Counter[str], Element]:
        bench = mixed(clock, 100)
        text = (await bench.get("/metrics")).text
        return counted(text), await bench.page("/")

    samples, page = run(main)
    needy = sum(samples[word] for word in ("unreadable", "failed", "suspended", "unknown"))
    assert chips(page) == {"All": 100, "needs attention": needy, **samples}
    assert page.one("h1").words == f"{needy} tasks need attention"


def test_a_chip_counts_what_its_link_leads_to():
    """Within the other filters; the headline, the systems and the choice of businesses count all that there is."""

    async def main(clock: Clock) -> tuple[Element, Element]:
        site = sops_site(lambda number: tree("FAILED" if number in {1, 2, 50} else "RUNNING"))
        other = [f"{{system: sops, bk_biz_id: 3, task_id: {number}}}" for number in range(50, 60)]
        bench = exporter(clock, {"sops": site}, *sops(1, 2, 3), *other, "{system: sops, bk_biz_id: 4, task_id: 70}")
        page = await bench.page("/?business=3&state=running")
        chip = next(a for a in page.one("section", class_="summary").all("a") if "failed" in a.words)
        return page, await bench.page(chip.attributes["href"].removeprefix("."))

    page, followed = run(main)
    assert chips(page) == {"All": 10, "needs attention": 1, "failed": 1, "running": 9}
    assert followed.one("p", class_="shown").words == "1–1 of 1"
    assert page.one("h1").words == "3 tasks need attention"
    assert [a.attributes["href"] for a in page.one("table", class_="systems").all("a")] == [
        "./?system=sops#tasks",
        "./?system=sops&state=failed#tasks",
        "./?system=sops&state=running#tasks",
    ]
    assert [option.words for option in page.one("select", name="business").all("option")] == [
        "any",
        "2 · 2 of 3",
        "3 · 1 of 10",
        "4",
    ]


def chips(page: Element) -> dict[str, int]:
    words = [chip.words.rpartition(" ") for chip in page.one("section", class_="summary").all("li")]
    return {word: int(count) for word, _, count in words}


def counted(text: str) -> Counter[str]:
    states: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "bk_task_state" and sample.value == 1:
                states[sample.labels["state"]] += 1
            if sample.name == "bk_task_up" and sample.value == 0:
                states["unreadable"] += 1
    return states


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=failed", {"failed"}),
        ("state=attention", {"unreadable", "failed", "suspended", "unknown"}),
        ("state=unreadable&system=sops&business=2", {"unreadable"}),
        ("q=TASK+9", {"failed"}),
        ("q=no-such-text", set()),
        ("q=exist", set()),
        ("system=gsekit", set()),
        ("business=3", set()),
        ("state=%22%3E%3Cscript%3E", set()),
        ("page=-1", {"unreadable", "failed", "suspended", "unknown", "running", "created", "revoked", "finished"}),
    ],
)
def test_filters_work_without_javascript(query: str, shown: set[str]):
    """By system, business, state and words; nonsense matches nothing and breaks nothing."""

    async def main(clock: Clock) -> Element:
        return await mixed(clock).page(f"/?{query}")

    page = run(main)
    if shown:
        assert set(states(page)) == shown
    else:
        assert "No task matches" in page.one("p", class_="empty").text


def test_two_thousand_tasks_come_in_pages():
    """A hundred at a time, with links that keep the filter."""

    async def main(clock: Clock) -> tuple[Element, Element, Element]:
        bench = exporter(clock, {"sops": sops_site(lambda _: tree())}, *sops(*range(1, 2001)))
        return await bench.page("/?q=task"), await bench.page("/?q=task&page=20"), await bench.page("/?page=999999")

    first, last, beyond = run(main)
    assert [len(table(page)) for page in (first, last, beyond)] == [100, 100, 100]
    assert first.one("p", class_="shown").words == "1–100 of 2,000"
    assert first.one("a", rel="next").attributes["href"] == "./?q=task&page=2#tasks"
    assert last.one("a", rel="prev").attributes["href"] == "./?q=task&page=19#tasks"
    assert last.all("a", rel="next") == beyond.all("a", rel="next") == []


def test_looking_costs_nothing_while_prometheus_scrapes():
    """The overview shows the last scrape; without one, or with an old one, it makes one; so does `refresh=now`."""

    async def main(clock: Clock) -> list[int]:
        bench = exporter(clock, {"sops": (site := sops_site(lambda _: tree()))}, *sops(1))
        asked = []
        for wait, path in ((0, "/"), (0, "/"), (60, "/"), (0, "/?refresh=now"), (1, "/?refresh=now"), (80, "/")):
            await asyncio.sleep(wait)
            await bench.get(path)
            asked.append(len(site.asked))
        return asked

    assert run(main) == [1, 1, 1, 2, 2, 3]


def test_a_system_that_is_down_says_why_and_what_to_do():
    """In words, with BlueKing's own message and code."""

    async def main(clock: Clock) -> Element:
        down = BlueKing(lambda _: refusal(1640001, "bk_app_secret is wrong", status=400))
        return await exporter(clock, {"sops": down, "bkflow": BlueKing(lambda _: httpx.Response(500))}, *sops(1)).page(
            "/"
        )

    page = run(main)
    first, second = page.one("table", class_="systems").one("tbody").all("tr")
    assert first.one("span", class_="health").words == "no"
    for words in ("BlueKing refused the credentials", "Check bk_app_code", "bk_app_secret is wrong", "1640001"):
        assert words in first.words
    assert second.one("span", class_="health").words == "not asked yet"


@pytest.mark.parametrize(("language", "said"), [("en", r"failed 1 min 1\d s ago"), ("zh", r"1 分 1\d 秒前为失败")])
def test_what_cannot_be_read_any_more_says_what_it_was(language: str, said: str):
    """On both pages, with its name; what had failed comes first. Metrics say nothing of it."""
    trees = {
        1: tree("FINISHED"),
        2: tree("FAILED"),
        4: tree("RUNNING", children={"n1": leaf("a", "FAILED")}),
    }

    async def main(clock: Clock) -> tuple[Element, Element, str]:
        answers: list[httpx.Response] = []
        site = sops_site(lambda number: answers[0] if answers else trees.get(number))
        bench = exporter(clock, {"sops": site}, *sops(1, 2, 3, 4), more="collect: {final_cache_ttl: 0s}\n")
        await bench.get("/metrics")
        answers.append(refusal(500, status=500))
        await asyncio.sleep(70)
        text = (await bench.get("/metrics")).text
        path = "/task?system=sops&bk_biz_id=2&task_id=2"
        return await bench.page("/", language), await bench.page(path, language), text

    page, task, text = run(main)
    names = [row.one("th").all("bdi")[0].words for row in table(page)]
    assert names == ["task 2", "task 4", "sops #3", "task 1"]
    badge = {"en": "unreadable", "zh": "读取失败"}[language]
    first, running, never, _ = (row.one("td", class_="c-state").words for row in table(page))
    assert re.fullmatch(f"{badge} {said}", first)
    assert running.endswith({"en": "ago 1 failed", "zh": "前为执行中 1 失败"}[language])
    assert never == badge
    assert re.search(said, task.one("section", class_="summary").words)
    assert counted(text) == {"unreadable": 4}


def leaf(name: str, state: str) -> dict[str, object]:
    return {"name": name, "state": state, "children": {}}


def test_what_fails_within_a_task_that_runs_needs_attention():
    """It comes before what waits, the row says what is wrong, and the state stays what BlueKing says."""
    trees = {
        1: tree("RUNNING", children={"n1": leaf("a", "FINISHED"), "n2": leaf("b", "FAILED")}),
        2: tree("SUSPENDED"),
        3: tree("RUNNING", children={"n1": leaf("a", "RUNNING")}),
        4: tree("FINISHED", children={"n1": leaf("a", "WEIRD")}),
        5: tree("FAILED", children={"n1": leaf("a", "FAILED")}),
    }

    async def main(clock: Clock) -> tuple[Element, Element]:
        bench = exporter(clock, {"sops": sops_site(trees.get)}, *sops(*trees))
        return await bench.page("/"), await bench.page("/?state=attention")

    page, needy = run(main)
    said = [row.one("td", class_="c-state").words for row in table(page)]
    assert said == ["failed", "running 1 failed", "suspended", "finished 1 unknown", "running"]
    named = [[each.words for each in row.all("span", class_="needy")] for row in table(page)]
    assert named == [["failed: a"], ["failed: b"], [], ["unknown: a"], []]
    assert page.one("h1").words == "4 tasks need attention"
    assert [row.one("td", class_="c-state").words for row in table(needy)] == said[:-1]


def test_no_tasks_is_said_with_what_to_do():
    """An empty page is a question; this one answers it."""

    async def main(clock: Clock) -> Element:
        return await exporter(clock, {"sops": sops_site(lambda _: tree())}).page("/")

    page = run(main)
    assert page.one("h1").words == "Nothing needs attention"
    assert "discover:" in page.one("div", class_="empty").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_texts_are_text(language: str):
    """Quotes, newlines, markup, controls and 10,000 characters: escaped, shortened, and nothing of them is followed."""

    async def main(clock: Clock) -> tuple[str, Any]:
        items = [
            {"id": 1, "name": HOSTILE, "url": "javascript:alert(1)", "status": tree("FAILED")},
            {"id": 2, "name": HOSTILE, "url": 'http://bk.test/"><script>', "status": tree("RUNNING")},
            {"id": 3, "name": "", "url": "https://bk.test/3?a=1&b=2", "status": tree("RUNNING")},
        ]

        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json={"result": True, "data": items})

        bench = exporter(clock, {"sops": BlueKing(answer)}, *sops(1, 2, 3, 4))
        answered = await bench.get("/?q=%22%3E%3Cscript%3E", accept_language=language)
        return answered.text, await bench.page("/", language)

    searched, page = run(main)
    parse(searched)
    assert "<script" not in searched
    assert page.all("script") == []
    links = [a.attributes["href"] for a in page.one("table", class_="tasks").all("a")]
    assert sorted(link for link in links if not link.startswith("task?")) == [
        'http://bk.test/"><script>',
        "https://bk.test/3?a=1&b=2",
    ]
    assert max(map(len, re.findall(r"x+", page.text))) < 200
    assert "\u202e" not in page.text


@pytest.mark.parametrize("path", ["/", "/task?system=sops&bk_biz_id=2&task_id=1", "/config", "/task?system=sops"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_well_formed_and_loads_nothing_from_elsewhere(path: str, language: str):
    """Strict headers, the language that was asked for, and only relative links but those into BlueKing."""

    async def main(clock: Clock) -> httpx.Response:
        return await mixed(clock).get(path, accept_language=language)

    answer = run(main)
    page = parse(answer.text)
    loaded = [each.attributes for each in everything(page) if each.tag in {"link", "img", "script", "iframe", "style"}]
    assert [each["href"].partition("?")[0] for each in loaded] == ["style.css", "icon.svg"]
    assert not [each for each in everything(page) if "style" in each.attributes or "onclick" in each.attributes]
    followed = {a.attributes["href"].partition("/")[0] for a in page.all("a") if "sops" not in a.attributes["href"]}
    assert followed <= {".", "config", "metrics", "#tasks"}
    assert (
        answer.headers["content-language"]
        == page.one("html").attributes["lang"]
        == {"en": "en", "zh": "zh-Hans"}[language]
    )
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "Accept-Language" in answer.headers["vary"]


def test_the_style_sheet_names_no_other_place():
    """It is served from here, with its own type, and loads nothing."""

    async def main(clock: Clock) -> tuple[httpx.Response, httpx.Response]:
        bench = mixed(clock)
        return await bench.get("/style.css"), await bench.get("/icon.svg")

    style, icon = run(main)
    assert style.headers["content-type"].startswith("text/css")
    assert icon.headers["content-type"].startswith("image/svg+xml")
    assert not re.search(r"url\(|@import|https?:", style.text)


def test_controls_have_labels_and_tables_have_heads():
    """What a screen reader needs: one h1, labels, captions, scopes."""

    async def main(clock: Clock) -> Element:
        return await mixed(clock).page("/")

    page = run(main)
    assert len(page.all("h1")) == 1
    labelled = {label.attributes["for"] for label in page.all("label")}
    assert {control.attributes["id"] for control in page.all("select") + page.all("input")} == labelled
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert all("scope" in head.attributes for head in page.all("th"))


def test_the_configuration_is_shown_without_its_secrets():
    """As it is in use."""

    async def main(clock: Clock) -> str:
        return (await mixed(clock).get("/config")).text

    text = run(main)
    assert "bk_username: admin" in text
    assert "canary" not in text


@pytest.mark.parametrize("metrics", ["configured", "none"])
def test_people_see_all_tasks_whichever_stand_on_metrics(metrics: str):
    """Where tasks are scraped one by one, the overview still shows them all, and asks seldom."""

    async def main(clock: Clock) -> tuple[str, list[str], int]:
        site = sops_site(lambda _: tree("FAILED"))
        bench = exporter(clock, {"sops": site}, *sops(1, 2), more=f"collect: {{metrics: {metrics}}}\n")
        page = await bench.page("/")
        before = len(site.asked)
        await asyncio.sleep(60)
        await bench.page("/")
        return page.one("h1").words, states(page), len(site.asked) - before

    assert run(main) == ("2 tasks need attention", ["failed", "failed"], 0)


DISCOVER = "discover: [{system: sops, bk_biz_id: 2, created_within: 1h}, {system: sops, bk_biz_id: 3}]\n"


def test_discoveries_say_how_they_are():
    """What they found, when, and what is wrong with one that found nothing."""

    async def main(clock: Clock) -> Element:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/get_task_list/2/":
                return httpx.Response(200, json={"result": True, "data": [], "count": 0})
            return refusal(1640301, "app has no permission", status=403)

        return await exporter(clock, {"sops": BlueKing(answer)}, more=DISCOVER).page("/")

    page = run(main)
    bad, fine = page.all("details", class_="listings")
    assert bad.one("summary").words == "1 listing: The credentials may not read this · 0 tasks sops biz 3"
    assert "app has no permission" in bad.one("tbody").one("tr").words
    assert fine.one("summary").words == "1 listing · 0 tasks sops biz 2"
    assert fine.one("tbody").words == "sops biz 2 sops 0 just now"


def test_an_outage_takes_one_line_of_the_discoveries():
    """Closed, with how many fail in the same way; inside is each of them with what it was told, and the cure once."""

    async def main(clock: Clock) -> Element:
        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(500, json={"message": f"no {request.url.path}"})

        discover = ", ".join(f"{{system: sops, bk_biz_id: {number}}}" for number in range(100, 140))
        return await exporter(clock, {"sops": BlueKing(answer)}, more=f"discover: [{discover}]\n").page("/")

    group = run(main).one("details", class_="listings")
    assert "open" not in group.attributes
    assert group.one("summary").words.startswith("40 listings: BlueKing failed to answer · 0 tasks sops biz 100, ")
    assert [row.one("th").words for row in group.one("tbody").all("tr")] == [f"sops biz {n}" for n in range(100, 140)]
    assert "no /get_task_list/139/" in group.one("tbody").all("tr")[-1].words
    assert len(group.all("p", class_="cure")) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_else_is_wrong_is_said_on_top(language: str):
    """A configuration that was refused, credentials that cannot be read again, and that there are other shards."""

    async def main(clock: Clock) -> tuple[Element, Element]:
        bench = mixed(clock)
        bench.live.shard = Shard(1, 3)
        bench.live.refusal = Refusal(clock.wall(), ["config.yaml:3: <b>systems</b>: missing"])
        await bench.get("/metrics")
        async with bench.live.setup() as setup:
            setup.gateways["sops"].credentials_problem = "/run/secrets/x: no such file"
        return await bench.page("/", language), await bench.page("/config", language)

    page, config = run(main)
    assert len(page.one("ul", class_="notices").all("li")) == 3
    assert "/run/secrets/x: no such file" in page.one("ul", class_="notices").words
    assert config.one("section", role="alert").one("li").words == "config.yaml:3: <b>systems</b>: missing"
