"""The commands that the documents tell people to type, and what stands for those that cannot be run everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.markdown import blocks, prose
from tools.generate import ROOT

FIRST = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGES = [*FIRST, *sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - {*FIRST})]

PROGRAM = "(?:amtool|bk-task-exporter|curl|docker|helm|kubectl|make|promtool|python)"
#: A command in a sentence: a program and at least one word more.
_INLINE = re.compile(rf"(?<!`)`({PROGRAM} [^`]+)`")


def commands(page: Path) -> Iterator[str]:
    """The commands of a page: those of its blocks marked `sh`, in order, then those in its sentences."""
    for block in blocks(page, "sh"):
        yield from (line for line in block.text.splitlines() if line)
    yield from _INLINE.findall(prose(page))


@dataclass(frozen=True)
class Instead:
    """What is run in place of a command, or of a part of it, and why."""

    pattern: str
    replacement: str
    why: str

    def __call__(self, command: str) -> str:
        return re.sub(self.pattern, self.replacement, command)


_CHART = "deploy/helm/bk-task-exporter"
INSTEAD = (
    Instead(
        r"^cp config\.example\.yaml config\.yaml\b", r"\g<0>; cp filled-in.yaml config.yaml", "a reader fills it in"
    ),
    Instead(r"\bFILE\b", "config.yaml", "it stands for any configuration"),
    Instead(r"127\.0\.0\.1:19840|(localhost|exporter):9840", "$LISTEN", "the port may be taken"),
    Instead(r"\$\(pidof -x bk-task-exporter\)", "$PID", "others may run here, too"),
    Instead(r"http://alertmanager:9093", "$ALERTMANAGER", "the site's own"),
    Instead(
        r'^docker run .*--user (\d+) -p (\d+):\d+ -v "\$PWD/config\.yaml:(\S+):ro" (\S+)$',
        r'grep "USER \1:" Dockerfile; grep "EXPOSE \2" Dockerfile; grep \3 Dockerfile; grep "^IMAGE ?= \4$" Makefile',
        "no daemon here; test_image.py runs the image",
    ),
    Instead(r"^docker compose up --build$", "docker-compose config --quiet", "no daemon here"),
    Instead(r"^(kubectl .*create .*)$", r"\1 --dry-run=client", "no cluster here"),
    Instead(r"^kubectl apply .*-k (\S+)$", r"kubectl kustomize \1", "no cluster here"),
    Instead(
        r"^kubectl get pods -l (\S+)=(\S+)$",
        rf"helm template \2 {_CHART} --values values.yaml | grep '\1: \2'",
        "no cluster here",
    ),
    Instead(r"^kubectl (describe|scale)$", r"kubectl \1 --help", "the name of a command, and no cluster here"),
    Instead(r"^helm upgrade --install ", "helm template ", "no cluster here"),
    Instead(r"^helm test .*$", f"grep -r 'helm.sh/hook: test' {_CHART}/templates", "no cluster here"),
    Instead(r"^(promtool test rules) (.*)$", r"\1 --help; ls \2", "test_rules.py runs each of them"),
    Instead(
        r'^! (make test ARGS="-k my_case)"$',
        r'{ \1 tests/test_golden.py" || true; } | grep "FAILED.*my_case"',
        "it must fail for this case and no other reason",
    ),
    Instead(r"^make check$", "grep '^check make check$' .ci/run", "that runs it once for the same tree"),
    Instead(r"^make image$", "make --dry-run image", "test_image.py builds it"),
    Instead(r"^make test-real$", "make --dry-run test-real", "this is one of those tests"),
    Instead(r"^make release$", "make --dry-run release", "tests/tools/test_release.py builds one"),
    Instead(r"^make (bench|faults|fuzz|soak)\b", r"make --dry-run \1", "it takes minutes; tests do a part of each"),
    Instead(r"^(\S+/python) -m bench\.scaling$", r"\1 -c 'import bench.scaling'", "it takes many minutes"),
)


def run_as(command: str) -> str:
    """What a test runs for a command: the command itself, but for what INSTEAD says."""
    for instead in INSTEAD:
        command = instead(command)
    return command
