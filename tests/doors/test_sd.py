"""HTTP service discovery: what Prometheus is told, and when it is told nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from exporter import doors
from exporter.config import parse_task
from exporter.doors.sd import authority, labels
from exporter.errors import UserError
from exporter.live import Live
from exporter.model import Labels
from exporter.targets import Target
from tests.business import Business
from tests.support import params, refusal, sops
from tests.virtual_time import Clock, run

TASK = 'tasks: [{system: sops, bk_biz_id: 2, task_id: 1, name: "ours"}]'


async def ask(live: Live, query: str = "", *, external: str = "", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(doors.build(live, external=external))
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter:9840") as client:
        return await client.get(f"/sd{query}", headers=headers)


def groups(answer: httpx.Response) -> dict[str, dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found: list[dict[str, Any]] = answer.json()
    return {group["labels"]["__meta_bk_target"]: group["labels"] for group in found}


def test_every_known_task_is_a_target() -> None:
    """Configured and discovered ones, each once, at our own address, with what /probe takes and what relabelling needs."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(1, 7)
        answer = await ask(business.live("refresh: 60s", tasks=TASK))
        assert {target for group in answer.json() for target in group["targets"]} == {"exporter:9840"}
        assert groups(answer) == {
            "sops/2/1": {
                "__param_system": "sops", "__param_bk_biz_id": "2", "__param_task_id": "1", "__meta_bk_target": "sops/2/1",
                "__meta_bk_system": "sops", "__meta_bk_biz_id": "2", "__meta_bk_task_id": "1", "__meta_bk_task_name": "ours",
                "__meta_bk_kind": "7", "__meta_bk_creator": "li", "__meta_bk_source": "configured",
            },
            "sops/2/7": {
                "__param_system": "sops", "__param_bk_biz_id": "2", "__param_task_id": "7", "__meta_bk_target": "sops/2/7",
                "__meta_bk_system": "sops", "__meta_bk_biz_id": "2", "__meta_bk_task_id": "7", "__meta_bk_task_name": "task 7",
                "__meta_bk_kind": "7", "__meta_bk_creator": "li", "__meta_bk_source": "discovered",
            },
        }  # fmt: skip

    run(main)


@pytest.mark.parametrize(
    "target",
    [sops(10), sops(10, scope="project"), sops(10, subprocess_id="n1", name="ours"),
     Target.of(params("bkflow", space_id=5, task_id=3)), Target.of(params("nodeman", bk_biz_id=2, job_id=187)),
     Target.of(params("gsekit", bk_biz_id=2, job_id=1))],
    ids=lambda target: str(target.identity),
)  # fmt: skip
def test_parameters_name_the_task(target: Target) -> None:
    """What /probe makes of the parameters is the task itself."""
    given = {
        name.removeprefix("__param_"): value for name, value in labels(target).items() if name.startswith("__param_")
    }
    assert parse_task(given.pop("system"), given).identity == target.identity


def test_labels_of_odd_tasks() -> None:
    """Empty labels are left out, long and unprintable ones are cleaned, projects and spaces are told apart."""
    plain = sops(10, scope="project")
    odd = labels(Target(plain.params, plain.identity, Labels(task_name="a\u0000b" + "x" * 5000), "discovered"))
    assert odd["__meta_bk_target"] == "sops/project:2/10"
    assert odd["__meta_bk_scope"] == "project:2"
    assert "__meta_bk_biz_id" not in odd
    assert "\u0000" not in odd["__meta_bk_task_name"]
    assert len(odd["__meta_bk_task_name"]) < 1000


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", {"sops/2/1", "sops/2/7"}), ("?system=sops", {"sops/2/1", "sops/2/7"}), ("?bk_biz_id=2", {"sops/2/1", "sops/2/7"}),
     ("?bk_biz_id=3", set()), ("?system=sops&bk_biz_id=3", set())],
)  # fmt: skip
def test_narrowing(query: str, expected: set[str]) -> None:
    """By system and by business; what is empty by right is empty."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(1, 7)
        live = business.live("refresh: 60s", tasks=TASK)
        assert set(groups(await ask(live, query))) == expected
        assert len(business.lists) == bool(expected)

    run(main)


@pytest.mark.parametrize(
    ("query", "message"),
    [("?system=job", "system: none such is configured here; there are sops\n"), ("?bk_biz_id=two", "bk_biz_id: must be a whole number\n"),
     ("?biz=2", "'biz': /sd knows only system and bk_biz_id\n"), ("?system=sops&system=sops", "system: given twice\n")],
)  # fmt: skip
def test_refusals(query: str, message: str) -> None:
    """A filter that is mistaken narrows nothing: it is refused."""

    async def main(clock: Clock) -> None:
        answer = await ask(Business(clock).live(), query)
        assert (answer.status_code, answer.text) == (400, message)

    run(main)


def test_a_failed_listing_is_never_an_empty_list() -> None:
    """Prometheus keeps its targets on 503; whoever asks for other places is not concerned."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        live = business.live("refresh: 60s", tasks=TASK)
        assert len(groups(await ask(live))) == 2
        business.broken = refusal(9900403)
        clock.now += 60
        answer = await ask(live)
        assert (answer.status_code, answer.text) == (
            503,
            "sops biz 2: cannot be listed: forbidden: no (code 9900403)\n",
        )
        assert (await ask(live, "?bk_biz_id=3")).status_code == 200
        business.broken = None
        clock.now += 60
        assert len(groups(await ask(live))) == 2

    run(main)


def test_a_list_that_was_not_read_yet() -> None:
    """What is not known yet is not said to be nothing; a slow refresh leaves what was known."""

    async def main(clock: Clock) -> None:
        business = Business(clock, list_latency=9.0)
        business.add(7)
        live = business.live("refresh: 60s")
        answer = await ask(live)
        assert (answer.status_code, answer.text) == (503, "sops biz 2: not listed yet\n")
        clock.now += 2
        assert len(groups(await ask(live))) == 1
        clock.now += 60
        began = clock.now
        assert len(groups(await ask(live))) == 1
        assert clock.now - began == pytest.approx(1.0)

    run(main)


def test_tasks_that_are_probed_end_and_leave() -> None:
    """Where no page shows them, probes do: two of them see the end, and the target leaves."""

    async def main(clock: Clock) -> None:
        business = Business(clock)
        business.add(7)
        live = business.live("refresh: 60s, keep_finished: 90s", more="collect: {metrics: none, cache_ttl: 0s}")
        assert len(groups(await ask(live))) == 1
        business.finish(7)
        for _ in range(2):
            clock.now += 30
            async with live.setup() as setup:
                await live.probe(setup, sops(7), 9.5)
        assert len(groups(await ask(live))) == 1
        clock.now += 60
        assert groups(await ask(live)) == {}

    run(main)


def test_our_own_address() -> None:
    """The Host of the request unless we were told; what is no host is not repeated."""

    async def main(clock: Clock) -> None:
        live = Business(clock).live(tasks=TASK)
        for host, expected in {"[::1]:9840": "[::1]:9840", "a.example": "a.example"}.items():
            assert (await ask(live, host=host)).json()[0]["targets"] == [expected]
        assert (await ask(live, host="a b", external="b:1")).json()[0]["targets"] == ["b:1"]
        for host in ("", "a/b", "a b", "user@a", "a:1:2", "a:99999999", "x" * 300):
            answer = await ask(live, host=host)
            assert (answer.status_code, answer.text) == (
                400,
                "Host: no host and port; send one, or start with --web.external-url\n",
            )

    run(main)


def test_compressed() -> None:
    """... where the client takes it."""

    async def main(clock: Clock) -> None:
        answer = await ask(Business(clock).live(tasks=TASK), **{"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert len(groups(answer)) == 1
        plain = await ask(Business(clock).live(tasks=TASK), **{"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers

    run(main)


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://exporter.example.com:9840", "exporter.example.com:9840"), ("http://a/", "a:80"), ("https://a", "a:443"), ("http://[::1]:1", "[::1]:1")],
)  # fmt: skip
def test_external_url(url: str, expected: str) -> None:
    """Its host and port are what targets are made of."""
    assert authority(url) == expected


@pytest.mark.parametrize(
    "url", ["a:9840", "ftp://a", "http://", "http://a/b", "http://a:b", "http://u:p@a", "http://a?b", "http://a:99999"]
)
def test_no_external_url(url: str) -> None:
    """What cannot be a target's address is refused when the exporter starts."""
    with pytest.raises(UserError, match="write http://HOST:PORT or https://HOST:PORT, without path"):
        authority(url)
