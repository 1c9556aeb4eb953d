"""Which pictures there are, and how each is taken in a real browser."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu"]
ROOM = 8


class EmptyPanelError(Exception):
    """A panel has nothing to show, or could not be drawn."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, `docs/images/<name>.png`; `place` is a path below the gallery or below the exporter.

    `may_be_empty` names panels that need not have data; `height` cuts the picture off, None shows all.
    """

    name: str
    of: str
    place: str
    width: int = 1424
    height: int | None = None
    may_be_empty: frozenset[str] = frozenset()
    dark: bool = False


_SELDOM = frozenset({"Finished", "Hosts by operating system", "All tasks of the job created", "State refreshed"})

ALBUM = (
    Picture("fleet", "gallery", "/?dashboard=fleet&seconds=1200"),
    Picture("task", "gallery", "/?dashboard=task&seconds=1200&var-system=sops&var-task_id=3", 1424, 1268, _SELDOM),
    Picture("exporter", "gallery", "/?dashboard=exporter&seconds=1200"),
    Picture("status", "exporter", "/", 1200, 900),
    Picture("status-task", "exporter", "/task?system=sops&bk_biz_id=2&task_id=10", 1200, 900),
)


def take(browser: Browser, picture: Picture, roots: Mapping[str, str], folder: Path) -> None:
    """Take one picture; raises EmptyPanelError."""
    height = picture.height or 900
    context = browser.new_context(
        viewport={"width": picture.width, "height": height},
        color_scheme="dark" if picture.dark else "light",
        locale="en-US",
    )
    with context:
        page = context.new_page()
        page.goto(roots[picture.of] + picture.place, wait_until="networkidle")
        if picture.of == "gallery":
            _drawn(page, picture)
        page.screenshot(path=folder / f"{picture.name}.png", full_page=picture.height is None)


def _drawn(page: Page, picture: Picture) -> None:
    """Wait for all panels of a dashboard."""
    page.wait_for_selector("[data-panel]")
    page.wait_for_function("!document.querySelector('[data-state=Loading]')")
    page.wait_for_timeout(1000)  # charts draw a moment after their data has come
    states = {
        panel.get_attribute("data-panel") or "": panel.get_attribute("data-state")
        for panel in page.query_selector_all("[data-panel]")
    }
    empty = sorted(name for name, state in states.items() if state != "Done" and name not in picture.may_be_empty)
    if empty:
        raise EmptyPanelError(f"{picture.name}: {', '.join(empty)}")


def program() -> str:
    """The browser that is installed."""
    find: Callable[[str], str | None] = shutil.which
    return next(filter(None, map(find, BROWSERS)), BROWSERS[0])
