"""Every target of the fuzzer, on what once broke it, on its seeds, and on a few hundred damaged ones."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import RAW, damaged, seeds
from tests.fuzz.targets import TARGETS, findings

#: More of them with FUZZ_INPUTS=20000.
INPUTS = int(os.environ.get("FUZZ_INPUTS", "25"))


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_broke_it_does_not_any_more(name: str) -> None:
    """Findings of the fuzzer stay among the fixtures."""
    for raw in (*findings(name), *seeds(name), *RAW):
        TARGETS[name](raw)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_input_does_not_break_it(name: str) -> None:
    """Places changed, dropped, doubled, moved, or put in that no reader expects."""
    rng, begin = Random(name), seeds(name)
    for _ in range(INPUTS):
        TARGETS[name](damaged(rng.choice(begin), rng))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=INPUTS, deadline=None)
@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_bytes_of_any_kind_do_not_break_it(name: str, raw: bytes) -> None:
    """Nothing that looks like what it expects."""
    TARGETS[name](raw)
