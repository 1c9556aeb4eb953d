"""``python -m tools.pictures``: run the demo and Prometheus for a while, and take the pictures of docs/images.

Needs npm, Chromium and Prometheus. With ``--prometheus`` and ``--exporter`` it uses what runs already, for example what
compose.yaml starts. ``--only`` takes some of the pictures.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.generate import ROOT
from tools.pictures.album import ALBUM, FLAGS, program, take
from tools.pictures.gallery import gallery
from tools.pictures.harness import bundle, public
from tools.processes import free_port, started

IMAGES = ROOT / "docs/images"


def _start(stack: ExitStack, seconds: float) -> dict[str, str]:
    """Run the demo and Prometheus until there is something to see; return their addresses."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    exporter, prometheus = (f"127.0.0.1:{free_port()}" for _ in range(2))
    shutil.copytree(ROOT / "prometheus/rules", folder / "rules")
    config = {
        "global": {"scrape_interval": "5s", "scrape_timeout": "4s", "evaluation_interval": "5s"},
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [{"job_name": "bk-task-exporter", "static_configs": [{"targets": [exporter]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), "utf-8")
    demo = str(Path(sys.executable).with_name("bk-task-exporter"))
    stack.enter_context(started([demo, "demo", "--web.listen-address", exporter, "--speed", "6"]))
    stack.enter_context(
        started(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={prometheus}",
            ]
        )
    )
    time.sleep(seconds)
    return {"exporter": f"http://{exporter}", "prometheus": f"http://{prometheus}"}


def main(argv: Sequence[str] | None = None) -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("--prometheus", help="a Prometheus that runs already, by its address")
    parser.add_argument("--exporter", help="the exporter that it scrapes, by its address")
    parser.add_argument("--seconds", type=float, default=1200, help="how long the demo runs before the pictures")
    parser.add_argument("--only", nargs="*", choices=[picture.name for picture in ALBUM])
    arguments = parser.parse_args(argv)
    built = bundle()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if arguments.prometheus and arguments.exporter:
            roots = {"exporter": arguments.exporter, "prometheus": arguments.prometheus}
        else:
            roots = _start(stack, arguments.seconds)
        roots["gallery"] = stack.enter_context(gallery(built, public(), roots["prometheus"]))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        for picture in ALBUM:
            if not arguments.only or picture.name in arguments.only:
                take(browser, picture, roots, IMAGES)
        browser.close()


if __name__ == "__main__":
    main()
