"""The pages for people, in a real browser: everything here works without JavaScript and without the internet."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from prometheus_client import CollectorRegistry

from exporter import doors
from exporter.config import loads
from exporter.live import Live
from exporter.server import Address, listen, serve
from exporter.telemetry import Telemetry
from tests.support import BlueKing, good, sops_site, tree
from tests.ui.site import configuration, sops

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("chromium")]

HOSTILE = "\"><script>document.title='broken'</script>\n\u202e🚀 تحديث " + "long" * 2500
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TASK = "task?system=sops&bk_biz_id=2&task_id="

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with (
        sync_playwright() as playwright,
        contextlib.closing(playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)) as launched,
    ):
        yield launched


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages with these settings of a browser; whatever is loaded must come from the exporter itself."""
    loaded: list[tuple[str, str]] = []
    with contextlib.ExitStack() as stack:

        def opened(url: str, **settings: Any) -> Page:
            context = stack.enter_context(browser.new_context(**settings))
            context.on("request", lambda request: loaded.append((url, request.url)))
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.goto(url)
            return page

        yield opened
    assert [asked for url, asked in loaded if not asked.startswith(url)] == []


@pytest.fixture
def start() -> Iterator[Serve]:
    """Serve an exporter over stand-ins for BlueKing; returns its address."""
    with contextlib.ExitStack() as stack:

        def started(sites: Mapping[str, BlueKing], *tasks: str) -> str:
            return stack.enter_context(_served(sites, tasks))

        yield started


@contextlib.contextmanager
def _served(sites: Mapping[str, BlueKing], tasks: tuple[str, ...]) -> Iterator[str]:
    config = loads(configuration(sites, tasks), environ={})
    loop, stop, sock = asyncio.new_event_loop(), asyncio.Event(), listen(Address("127.0.0.1", 0))

    async def main() -> None:
        telemetry = Telemetry(CollectorRegistry(), version="1.2.3", revision="test")
        live = Live(config, telemetry, make_transport=lambda system: sites[system.name])
        await serve(doors.build(live), sock, stop)
        await live.aclose()

    serving = threading.Thread(target=lambda: loop.run_until_complete(main()))
    serving.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/"
    finally:
        loop.call_soon_threadsafe(stop.set)
        serving.join()
        loop.close()


def mixed(task_id: int) -> dict[str, object] | None:
    states = ("RUNNING", "FAILED", "SUSPENDED", "FINISHED", None)
    state = states[task_id % len(states)]
    return None if state is None else tree(state, children=nodes(12, state), elapsed_time=4000)


def nodes(count: int, state: str) -> dict[str, Any]:
    return {f"n{number}": node(f"node {number}", "FINISHED" if number else state) for number in range(count)}


def node(name: str, state: str, **values: object) -> dict[str, object]:
    started = "2026-11-22 08:00:00 +0800"
    return {"name": name, "state": state, "start_time": started, "elapsed_time": 7, "children": {}, **values}


def large(groups: int, each: int) -> dict[str, object]:
    """A tree of groups, all finished but one, in which one node failed."""
    children = {
        f"g{group}": node(
            f"group {group}",
            "FAILED" if group == 7 else "FINISHED",
            children={
                f"g{group}n{number}": node(
                    f"node {group}/{number}", "FAILED" if (group, number) == (7, 3) else "FINISHED"
                )
                for number in range(each)
            },
        )
        for group in range(groups)
    }
    return tree(
        "FAILED", children=children, ex_data={"g7n3": "<script>document.title='broken'</script>\n" + "x" * 50_000}
    )


def states(page: Page) -> set[str]:
    return set(page.locator("table.tasks .badge").all_inner_texts())


def test_filters_links_and_pages_work_without_javascript(look: Callable[..., Page], start: Serve):
    """Choose, type, apply, follow, go back, clear."""
    page = look(start({"sops": sops_site(mixed)}, *sops(*range(1, 251))), java_script_enabled=False)
    page.get_by_label("State", exact=True).select_option("failed")
    page.get_by_label("Text").fill("task 6")
    page.get_by_role("button", name="Apply").click()
    assert page.url.endswith("state=failed&q=task+6#tasks")
    assert page.evaluate("document.getElementById('tasks').getBoundingClientRect().top") < 20
    assert states(page) == {"failed"}
    page.get_by_role("link", name="task 6", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text().endswith("task 6")
    assert page.get_by_role("link", name="Open in BlueKing").get_attribute("href") == "http://sops/6"
    page.go_back()
    page.get_by_role("link", name="Clear").click()
    assert page.locator("table.tasks tbody tr").count() == 100
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    assert page.get_by_text("201–250 of 250").is_visible()
    page.locator(".summary .chips").get_by_role("link", name="suspended").click()
    assert states(page) == {"suspended"}


def test_the_keyboard_is_enough(look: Callable[..., Page], start: Serve):
    """Skip to the tasks, search, unfold an error."""
    page = look(start({"sops": sops_site(mixed)}, *sops(*range(1, 20))))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "tasks"
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.type("#4")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*q=%234*")
    page.locator("table.tasks summary").first.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("Check the task's id and business").first.is_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("width", [320, 390, 901, 1280])
def test_nothing_is_wider_than_the_screen(look: Callable[..., Page], start: Serve, width: int, locale: str):
    """Whatever upstream calls its tasks and nodes."""

    def answer(_: httpx.Request) -> httpx.Response:
        status = tree("FAILED", children={"n1": node(HOSTILE, "FAILED")}, name=HOSTILE, ex_data={"n1": HOSTILE})
        return good(
            [{"id": 1, "name": HOSTILE, "url": "http://bk.test/1", "status": status}] if _.method == "POST" else status
        )

    page = look(start({"sops": BlueKing(answer)}, *sops(1, 2)), viewport={"width": width, "height": 800}, locale=locale)
    for path in ("", TASK + "1", "config", TASK + "x" * 5000):
        page.goto(page.url.split("/task")[0].rstrip("/").removesuffix("/config") + "/" + path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
        assert page.evaluate("document.title") != "broken"


CONTRAST = """() => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const colour = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const c = colour(getComputedStyle(element).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !element.offsetParent) continue;
    const a = light(colour(getComputedStyle(element).color)), b = light(behind(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push([element.className || element.tagName, element.textContent.slice(0, 40), ratio]);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_in_both_colour_schemes(look: Callable[..., Page], start: Serve, scheme: str):
    """Each text has the contrast that WCAG AA asks for, and dark is dark."""
    words = ("FAILED", "SUSPENDED", "RUNNING", "READY", "CREATED", "REVOKED", "FINISHED", "EXPIRED", "WEIRD", None)
    site = sops_site(lambda number: tree(word, children=nodes(3, word)) if (word := words[number % 10]) else None)
    url = start({"sops": site}, *sops(*range(10, 20)))
    page = look(url, color_scheme=scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, background[4:-1].split(","))) < 60) == (scheme == "dark")
    for path in ("", TASK + "10", TASK + "19", TASK + "x", "config"):
        page.goto(url + path)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.evaluate(CONTRAST) == [], path


def test_two_thousand_tasks_are_pleasant(look: Callable[..., Page], start: Serve):
    """Drawn at once, a hundred to a page, and all of them counted."""
    url = start({"sops": sops_site(mixed)}, *sops(*range(1, 2001)))
    page = look(url)
    began = time.monotonic()
    page.goto(url + "?page=7")
    assert time.monotonic() - began < 3
    assert page.locator("table.tasks tbody tr").count() == 100
    assert page.get_by_role("heading", level=1).inner_text() == "1,200 tasks need attention"
    assert page.locator(".summary .chips").get_by_role("link", name="All").inner_text() == "All 2,000"


def test_five_thousand_nodes_are_pleasant(look: Callable[..., Page], start: Serve):
    """The failed one is in sight with what it said, finished parts are folded, and the limit is told."""
    url = start({"sops": sops_site(lambda _: large(50, 100), bulk=False)}, *sops(1))
    page = look(url)
    began = time.monotonic()
    page.goto(url + TASK + "1")
    assert time.monotonic() - began < 5
    assert page.locator(".tree .node").count() < 1100
    assert page.get_by_text("1,000 of 5,050 nodes are drawn").is_visible()
    failed = page.locator(".tree li.node", has_text=re.compile(r"node 7/3\b"))
    assert failed.is_visible()
    assert not page.locator(".tree li.node", has_text=re.compile(r"node 8/3\b")).is_visible()
    page.locator(".tree summary", has_text=re.compile(r"group 8\b")).click()
    assert page.locator(".tree li.node", has_text=re.compile(r"node 8/3\b")).is_visible()
    said = page.locator(".failures pre")
    assert "<script>document.title='broken'</script>" in said.inner_text()
    assert len(said.inner_text()) < 5000
    assert "characters are left out here" in said.inner_text()
    assert page.title() != "broken"


def test_markup_of_strangers_is_text(look: Callable[..., Page], start: Serve):
    """Nothing that BlueKing sends, or a link's author writes, becomes an element."""
    status = tree("RUNNING", children={"n1": node("<img src=x onerror=alert(1)>", "RUNNING")})
    site = BlueKing(
        lambda request: good(
            status
            if request.method == "GET"
            else [{"id": 1, "name": HOSTILE, "status": status}, {"id": 2, "name": "b", "status": status}]
        )
    )
    url = start({"sops": site}, *sops(1, 2))
    page = look(url)
    for path in ("", "?q=%22%3E%3Cscript%3E", TASK + "1", "task?system=%3Cscript%3E"):
        page.goto(url + path)
        assert page.locator("script, img, iframe").count() == 0
        assert page.title() != "broken"
    page.goto(url)
    assert "<script>document.title" in page.locator("table.tasks").inner_text()


def test_the_reader_chooses_the_language(look: Callable[..., Page], start: Serve):
    """The same page, by the browser's own setting."""
    url = start({"sops": sops_site(mixed)}, *sops(1))
    assert look(url, locale="zh-CN").get_by_role("heading", level=1).inner_text() == "1 个任务需要处理"
    assert look(url, locale="de-DE").get_by_role("heading", level=1).inner_text() == "1 task needs attention"
