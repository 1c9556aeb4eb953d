"""What can happen to a flow: the repertoire from which tasks of bk-sops and BKFlow get their lives."""

from random import Random

from exporter.demo import names
from exporter.demo.script import Incident, Step, Story, parallel, subprocess

DAY = 86400.0
# The engine refuses to run a node more often than that.
TURNS = 100


def steps(rng: Random, count: int, seconds: float = 12.0) -> tuple[Step, ...]:
    """Activities in a row that go well."""
    return tuple(Step(names.activity(rng), seconds * (0.5 + rng.random())) for _ in range(count))


def troubled(rng: Random, *incidents: Incident, seconds: float = 15.0, auto_retries: int = 0) -> Step:
    """An activity to which something happens."""
    failure = rng.choice(names.FAILURES)
    return Step(names.activity(rng), seconds, incidents, failure=failure, auto_retries=auto_retries)


def short(rng: Random) -> Story:
    """Three nodes: start, one activity, end."""
    return Story(steps(rng, 1, 20.0))


def linear(rng: Random) -> Story:
    """A handful of activities that go well."""
    return Story(steps(rng, rng.randint(3, 12)))


def side_by_side(rng: Random) -> Story:
    """Branches between gateways."""
    return Story(
        (*steps(rng, 1), parallel("并行发布", *(steps(rng, rng.randint(1, 4)) for _ in range(3))), *steps(rng, 1))
    )


def nested(rng: Random) -> Story:
    """Subprocesses in subprocesses."""
    inner = subprocess(rng.choice(names.SUBPROCESSES), *steps(rng, 3))
    return Story((*steps(rng, 1), subprocess(rng.choice(names.SUBPROCESSES), *steps(rng, 2), inner), *steps(rng, 1)))


def retried(rng: Random) -> Story:
    """Fails, is looked at, is retried by a person and finishes."""
    return Story((*steps(rng, 2), troubled(rng, Incident("retry", 90)), *steps(rng, 2)))


def skipped(rng: Random) -> Story:
    """Fails twice, is skipped by a person and finishes."""
    return Story((*steps(rng, 1), troubled(rng, Incident("retry", 40), Incident("skip", 60)), *steps(rng, 2)))


def ignored(rng: Random) -> Story:
    """A node whose failure is ignored automatically."""
    return Story((*steps(rng, 1), troubled(rng, Incident("ignore")), *steps(rng, 2)))


def flapping(rng: Random) -> Story:
    """Auto-retry: failed for a moment, running again, ten times, and then through."""
    incidents = (Incident("retry", 20),) * 10
    return Story((*steps(rng, 1), troubled(rng, *incidents, seconds=25, auto_retries=10), *steps(rng, 1)))


def paused(rng: Random) -> Story:
    """Suspended by a person for two minutes."""
    return Story(steps(rng, 8), pauses=((30.0, 150.0),))


def given_up(rng: Random) -> Story:
    """Fails and is terminated after a while."""
    return Story((*steps(rng, 2), troubled(rng, Incident("stay")), *steps(rng, 2)), revoked=300.0)


def left_failed(rng: Random) -> Story:
    """Fails, and nobody cares."""
    return Story((*steps(rng, 2), troubled(rng, Incident("stay")), *steps(rng, 2)))


def node_loop(rng: Random) -> Story:
    """One node that is run three times."""
    return Story((*steps(rng, 1), Step("轮询结果", 10, loops=3), *steps(rng, 1)))


def never_started(_rng: Random) -> Story:
    """Created and forgotten."""
    return Story((), start=None)


def old_engine(rng: Random) -> Story:
    """A flow of the old engine, with a failure beside a running branch."""
    bad = subprocess("子流程", *steps(rng, 1), troubled(rng, Incident("retry", 240)))
    nameless = Step("", 10)
    return Story((*steps(rng, 1), nameless, parallel("", steps(rng, 4, 30), (bad,)), *steps(rng, 1)), engine="v1")


EVERYDAY = (
    (short, 12),
    (linear, 25),
    (side_by_side, 15),
    (nested, 12),
    (retried, 7),
    (skipped, 4),
    (ignored, 4),
    (flapping, 3),
    (paused, 5),
    (given_up, 3),
    (left_failed, 2),
    (node_loop, 4),
    (never_started, 1),
    (old_engine, 3),
)


def everyday(rng: Random) -> Story:
    """What the next task on an ordinary day turns out to be."""
    kinds, weights = zip(*EVERYDAY, strict=True)
    story: Story = rng.choices(kinds, weights)[0](rng)
    return story


# From here on: stories of the tasks with a part of their own; see cast.py.


def patrol(rng: Random) -> Story:
    """Goes round and round for days: nothing ever happens."""
    return Story(steps(rng, 9, 60), turns=TURNS, rest=300)


def wide_patrol(rng: Random) -> Story:
    """Rounds with branches and subprocesses."""
    zones = tuple((subprocess(name, *steps(rng, 4, 60)),) for name in names.SUBPROCESSES)
    return Story((*steps(rng, 1), parallel("分区", *zones), *steps(rng, 1)), turns=TURNS, rest=600)


def old_patrol(rng: Random) -> Story:
    """Rounds on the old engine."""
    return Story(old_engine(rng).steps, engine="v1", turns=45, rest=900)


def bumpy_patrol(rng: Random) -> Story:
    """Rounds in which one node fails deep down, waits for a person and is retried."""
    deep = subprocess("到三级", *steps(rng, 1), troubled(rng, Incident("retry", 600)))
    body = (*steps(rng, 2), subprocess("到二级", *steps(rng, 1), deep), *steps(rng, 2))
    return Story(body, turns=TURNS // 2, rest=600)


def flapping_patrol(rng: Random) -> Story:
    """Rounds with auto-retries."""
    incidents = (Incident("retry", 15),) * 3
    body = (*steps(rng, 1), troubled(rng, *incidents, seconds=40, auto_retries=10), *steps(rng, 2))
    return Story(body, turns=TURNS // 4, rest=1200)


def paused_patrol(rng: Random) -> Story:
    """Rounds that a person suspends each time for a while."""
    return Story(steps(rng, 10, 60), turns=TURNS, rest=600, pauses=((60.0, 360.0),))


def held_patrol(rng: Random) -> Story:
    """Rounds in which one node is suspended each time."""
    return Story((*steps(rng, 2), troubled(rng, Incident("suspend", 600)), *steps(rng, 2)), turns=TURNS, rest=600)


def big(rng: Random) -> Story:
    """Several hundred nodes, most of them at work for a long time."""
    zones = tuple((subprocess(f"{i} 区", *steps(rng, 10, 200)),) for i in range(30))
    return Story((*steps(rng, 2), parallel("全区发布", *zones), *steps(rng, 2)), turns=TURNS, rest=300)


def failed_under_pause(rng: Random) -> Story:
    """A failed branch, and the whole task suspended on top of it."""
    bad = (troubled(rng, Incident("stay"), seconds=20),)
    return Story((parallel("", bad, steps(rng, 6)),), pauses=((40.0, 365 * DAY),))


def failed_and_running(rng: Random) -> Story:
    """One branch failed, one at work for days: v2 calls the root failed."""
    return Story((parallel("", (troubled(rng, Incident("stay"), seconds=20),), (Step("等待", 90 * DAY),)),))


def failed_and_running_old(rng: Random) -> Story:
    """The same on the old engine, which calls the root running."""
    return Story(failed_and_running(rng).steps, engine="v1")


def deep_failed(rng: Random) -> Story:
    """One failure three levels down: three failed nodes."""
    deep = subprocess("到三级", Step("l3 first", 3), Step("l3 call", 4, (Incident("stay"),), failure=names.FAILURES[0]))
    return Story((Step("l1 first", 3), subprocess("到二级", Step("l2 first", 3), deep), *steps(rng, 1)))


def revoked_at_work(rng: Random) -> Story:
    """Terminated while two branches were at work, which still say so."""
    return Story(
        (*steps(rng, 1), parallel("", (Step("等待", DAY),), (subprocess("子", Step("等待", DAY)),))), revoked=90.0
    )


def revoked_old(rng: Random) -> Story:
    """The same on the old engine, which does set a finish time."""
    return Story(revoked_at_work(rng).steps, engine="v1", revoked=90.0)


def confirmation(rng: Random) -> Story:
    """Waits for a person's confirmation, which looks like running."""
    return Story((*steps(rng, 2), Step("人工确认", 365 * DAY), *steps(rng, 1)))


def held(rng: Random) -> Story:
    """One node two levels down is suspended for good."""
    inner = subprocess("内层", troubled(rng, Incident("suspend", 365 * DAY)))
    return Story((*steps(rng, 1), subprocess("外层", *steps(rng, 1), inner)))


def stuck(rng: Random) -> Story:
    """Every child has finished, and the root runs on."""
    return Story(steps(rng, 3), stuck=True)


def odd_names(rng: Random) -> Story:
    """Names that repeat, and names that break what does not escape."""
    return Story(tuple(Step(name, 8) for name in names.ODD_ACTIVITIES) + steps(rng, 1), turns=TURNS, rest=600)


def starting_late(rng: Random) -> Story:
    """Created now, started by a person after some minutes, and then going round."""
    return Story(steps(rng, 4, 60), start=300.0, turns=TURNS, rest=600)


def unheard_of(rng: Random) -> Story:
    """A state that no document knows."""
    return Story((*steps(rng, 1), Step("等待", 365 * DAY)), state="HIBERNATING")


def parent(rng: Random) -> Story:
    """Waits for an independent child task: one leaf without children."""
    return Story((*steps(rng, 1), Step("独立子流程", 365 * DAY), *steps(rng, 1)))
