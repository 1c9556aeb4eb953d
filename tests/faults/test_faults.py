"""Each fault of the catalogue against a running exporter: its reason, what it costs, and that it ends with the fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.catalogue import FAULTS, PREPARED, Fault
from tests.faults.report import lost_by, reason_of, rows
from tests.faults.stage import Stage, stage
from tests.faults.trial import try_out
from tools.generate import ROOT

ALL = [fault for faults in FAULTS.values() for fault in faults]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One exporter for all faults: what one of them leaves behind, the next one finds."""
    for make in PREPARED:
        make()
    with stage(tmp_path_factory.mktemp("faults")) as built:
        built.scrape()
        before = built.descriptors()
        yield built
        built.scrape()
        assert built.descriptors() <= before + 8 * len(built.links)
        assert built.exporter.stop() == 0


@pytest.mark.real
@pytest.mark.parametrize("fault", ALL, ids=[fault.says for fault in ALL])
def test_a_fault_costs_what_it_must_and_no_more(built: Stage, fault: Fault) -> None:
    """Only tasks whose answers went through it, with its reason, in time, asked once or twice; the next page is whole."""
    assert try_out(built, fault).problems() == []


def test_the_table_says_what_the_faults_do() -> None:
    """docs/reliability.md has a row for each fault, with its reason and what it costs; `make faults` writes it."""
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    assert list(rows(page)) == [(fault.says, reason_of(fault), lost_by(fault)) for fault in ALL]
