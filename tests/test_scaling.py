"""The cost model, held against what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import costmodel
from bench.costmodel import COSTS, SERIES, Cost, Run, Size
from bench.leastsquares import fit

RESULTS = costmodel.stored()
MODEL = costmodel.fitted(RESULTS.training)


def test_what_is_linear_is_found() -> None:
    """The coefficients that made the values come back."""
    rows = [[1.0, x, x * y] for x in (1, 10, 100) for y in (5, 20)]
    assert fit(rows, [2 + 3 * x + 0.5 * xy for _, x, xy in rows]) == pytest.approx([2, 3, 0.5])


def test_errors_count_by_their_share() -> None:
    """A large run does not drown the small ones."""
    assert fit([[1.0], [1.0]], [1.0, 100.0])[0] < 3


def test_no_cost_is_negative() -> None:
    """What would be is left out."""
    rows = [[1.0, x] for x in (1.0, 2.0, 3.0)]
    assert fit(rows, [10.0, 9.0, 8.0])[1] == 0


def test_runs_that_are_too_alike_are_refused() -> None:
    """Nothing can be told from them."""
    with pytest.raises(ValueError, match="too alike"):
        fit([[1.0, 2.0], [1.0, 2.0]], [3.0, 3.0])


def test_the_stored_runs_are_those_that_are_measured() -> None:
    """None is left out, and none of the large ones is what the model was fitted to."""
    assert [run.size for run in RESULTS.training] == costmodel.TRAINING
    assert [run.size for run in RESULTS.checks] == costmodel.CHECKS
    assert max(size.tasks for size in costmodel.TRAINING) == 10_000
    assert {size.tasks for size in costmodel.CHECKS} == {100_000}


@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: cost.field)
@pytest.mark.parametrize("run", RESULTS.checks, ids=lambda run: f"shards={run.size.shards}")
def test_the_model_predicts_100_000_tasks(run: Run, cost: Cost) -> None:
    """Each cost within 20 %, from runs of at most 10,000."""
    assert abs(costmodel.error(MODEL, cost, run)) < 0.2


def test_a_model_of_other_runs_would_not() -> None:
    """The check above can fail: had nodes cost nothing in the small runs, the large one would be a surprise."""
    few = [replace(run, series=run.size.shown * 30) for run in RESULTS.training]
    assert abs(costmodel.error(costmodel.fitted(few), SERIES, RESULTS.checks[0])) > 0.2


def test_what_is_asked_for() -> None:
    """Tasks that run, those that have failed, and the part of the finished ones whose answer has grown old."""
    assert Size(1000, 5, 0.5, shards=2).asked == 500 * 0.51
    assert Size(1000, 5, 0.0, again=1.0).asked == 1000
