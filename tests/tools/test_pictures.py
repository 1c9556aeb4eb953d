"""The pictures of docs/images, and what README says of them."""

import re

from tests.dashboards.boards import panels
from tools.generate import ROOT
from tools.pictures.album import ALBUM

IMAGES = ROOT / "docs/images"


def test_the_pictures_are_those_of_the_album() -> None:
    """Every picture can be made again, and none is missing."""
    assert {path.stem for path in IMAGES.iterdir()} == {picture.name for picture in ALBUM}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in IMAGES.iterdir())


def test_pictures_are_small() -> None:
    """Whoever clones the project does not wait for pictures."""
    assert max(path.stat().st_size for path in IMAGES.iterdir()) < 400_000


def test_readme_shows_the_pictures() -> None:
    """README leads to every picture, and to no other."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"docs/images/([\w-]+)\.png", text)) == {picture.name for picture in ALBUM}


def test_panels_that_may_be_empty_exist() -> None:
    """What a picture excuses from having data is a panel of its dashboard."""
    titles = {panel.model["title"] for panel in panels()}
    assert {title for picture in ALBUM for title in picture.may_be_empty} <= titles
