"""Tasks spread over several exporters."""

from __future__ import annotations

from collections.abc import Iterable
from operator import ne

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from exporter.config import Config, loads
from exporter.demo.configuration import demo_config
from exporter.demo.simulator import Simulator
from exporter.errors import UserError
from exporter.gateway import Clocks
from exporter.live import Live
from exporter.model import Identity
from exporter.render import Renderer
from exporter.shards import WHOLE, Shard, bucket
from exporter.telemetry import Telemetry
from tests.processes import ended
from tests.strategies import IDENTITIES
from tests.virtual_time import Clock, run


def ordinal(identity: Identity, shards: int) -> int:
    (found,) = [n for n in range(shards) if Shard(n, shards).serves(identity)]
    return found


def sops(task_id: object) -> Identity:
    return Identity("sops", "2", "", str(task_id))


def read(text: str, hostname: str | None = None) -> Shard:
    return Shard.parse(text, hostname=hostname)


def refused(text: str, hostname: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        read(text, hostname)
    return str(caught.value)


@given(IDENTITIES, st.integers(1, 40))
def test_every_task_is_on_exactly_one_shard(identity: Identity, shards: int) -> None:
    """Whatever its labels hold and however many shards there are."""
    assert sum(Shard(n, shards).serves(identity) for n in range(shards)) == 1


@given(IDENTITIES, st.integers(1, 60))
def test_a_further_shard_takes_tasks_and_moves_none_between_the_others(identity: Identity, shards: int) -> None:
    """A task is where it was, or on the new shard."""
    assert ordinal(identity, shards + 1) in {ordinal(identity, shards), shards}


@pytest.mark.parametrize("shards", [1, 2, 8])
def test_a_further_shard_takes_its_share_and_all_are_alike(shards: int) -> None:
    """Of tasks with ids in a row it takes one part in n + 1, and no shard has a third more than its share."""
    tasks = [sops(n) for n in range(200 * (shards + 1))]
    before, after = ([ordinal(task, count) for task in tasks] for count in (shards, shards + 1))
    held = [after.count(n) for n in range(shards + 1)]
    assert held[-1] == sum(map(ne, before, after))
    assert 0.67 * 200 < min(held) <= max(held) < 1.33 * 200


@pytest.mark.parametrize(
    ("identity", "two", "eight", "hundred"),
    [
        (("sops", "2", "", "10"), 1, 2, 66),
        (("sops", "2", "", "10/n1"), 1, 2, 17),
        (("sops", "", "project:7", "10"), 0, 3, 60),
        (("bkflow", "", "space:1", "3"), 1, 2, 38),
        (("nodeman", "2", "", "187"), 0, 5, 97),
        (("gsekit", "2", "", "1"), 1, 6, 6),
        (("sops", "2", "", "执行"), 0, 4, 28),
    ],
)
def test_tasks_stay_where_they_are_through_all_versions(
    identity: tuple[str, str, str, str], two: int, eight: int, hundred: int
) -> None:
    """While one version takes the place of another, both must agree."""
    assert [ordinal(Identity(*identity), shards) for shards in (1, 2, 8, 100)] == [0, two, eight, hundred]


@pytest.mark.parametrize(
    ("key", "buckets", "expected"), [(0, 1, 0), (42, 57, 43), (0xDEAD10CC, 666, 361), (256, 1024, 520)]
)
def test_the_hash_is_jump_consistent_hashing(key: int, buckets: int, expected: int) -> None:
    """It gives what other implementations give."""
    assert bucket(key, buckets) == expected


@pytest.mark.parametrize(
    ("text", "hostname", "shard"),
    [
        ("0/1", None, WHOLE),
        ("2/8", None, Shard(2, 8)),
        (" 7/8 ", "exporter-3", Shard(7, 8)),
        ("auto/8", "exporter-3", Shard(3, 8)),
        ("auto/12", "bk-task-exporter-11", Shard(11, 12)),
        ("auto/1", "exporter-0", WHOLE),
    ],
)
def test_a_shard_is_written_or_taken_from_the_pod(text: str, hostname: str | None, shard: Shard) -> None:
    """The number at the end of a StatefulSet's pod is its ordinal."""
    assert read(text, hostname) == shard


@pytest.mark.parametrize(
    "text",
    ["", "8", "a/8", "-1/8", "1/-8", "1/", "/8", "1.0/8", "1/8/2", "auto", "AUTO/8", "１/８", "1_0/20", "9" * 40],
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    """With what to write instead."""
    assert refused(text) == f"shard {text!r}: write ORDINAL/SHARDS, such as 0/8 to 7/8, or auto/8 in a StatefulSet"


@pytest.mark.parametrize("text", ["0/0", "auto/0"])
def test_no_shards_at_all_are_refused(text: str) -> None:
    """Nobody would serve anything."""
    assert refused(text, "exporter-0") == f"shard {text!r}: there must be at least one shard, as in 0/1"


@pytest.mark.parametrize("text", ["8/8", "1/1", "200/8"])
def test_an_ordinal_too_high_is_refused(text: str) -> None:
    """It would serve nothing, and nobody would notice."""
    assert "is too high" in refused(text)
    assert f"count from 0 to {int(text.split('/')[1]) - 1}" in refused(text)


@pytest.mark.parametrize("hostname", [None, "", "exporter", "exporter-7d4b9c-x2x4z", "8", "-8", "exporter-8-"])
def test_auto_needs_a_pod_of_a_statefulset(hostname: str | None) -> None:
    """A Deployment's pods have no number, so each would have to guess."""
    said = refused("auto/8", hostname)
    assert "HOSTNAME is not set" in said if not hostname else f"HOSTNAME is {hostname!r}" in said


def test_more_pods_than_shards_are_refused() -> None:
    """The pod is named, and what must agree."""
    said = refused("auto/8", "exporter-8")
    assert said.startswith("shard 'auto/8' in pod exporter-8: ordinal 8 is too high, 8 shards count from 0 to 7;")


def test_serve_refuses_in_one_line() -> None:
    """An impossible shard ends the process with 1 before anything else is looked at."""
    done = ended("serve", "--shard", "8/8")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("shard '8/8': ordinal 8 is too high")


# --- pages ------------------------------------------------------------------------------------------------------------


def healthy() -> Config:
    """The demo's configuration, discoveries included, without what fails, is late, or answers another way each time."""
    lines = (
        demo_config("http://bk.test", discover=True).replace("second: 100", "second: 10000").splitlines(keepends=True)
    )
    return loads("".join(line for line in lines if "   # " not in line), "demo")


async def series(clock: Clock, simulator: Simulator, shard: Shard) -> list[str]:
    registry = CollectorRegistry()
    live = Live(
        healthy(),
        Telemetry(registry, version="1", revision="r"),
        make_transport=lambda _: httpx.ASGITransport(simulator.app),
        clocks=Clocks(clock.wall, clock.steady),
        shard=shard,
    )
    try:
        page = await live.scrape(9)
    finally:
        await live.aclose()
    for name, value in (("shard_ordinal", shard.ordinal), ("shards", shard.shards)):
        assert registry.get_sample_value(f"bk_task_exporter_{name}") == value
    text = b"".join(Renderer("all", 100).page(page.outcomes, node_series=10_000, openmetrics=False)).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def pages(shards: Iterable[Shard]) -> list[list[str]]:
    async def main(clock: Clock) -> list[list[str]]:
        simulator = Simulator(seed=1, clock=clock.wall, epoch=clock.wall())
        return [await series(clock, simulator, shard) for shard in shards]

    return run(main)


def test_the_pages_of_all_shards_together_are_the_page_of_one_exporter() -> None:
    """Each series is on one page, with the same value, for configured and discovered tasks of all four systems."""
    whole, *parts = pages([WHOLE, *(Shard(n, 5) for n in range(5))])
    assert len({line.split("}")[0] for line in whole if line.startswith("bk_task_up")}) > len(healthy().tasks) + 10
    assert all(parts)
    assert sorted(line for part in parts for line in part) == sorted(whole)
