"""Fuzzes one target, guided by coverage: ``python -m tests.fuzz.one TARGET [libFuzzer's own arguments]``."""

import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["exporter"]):
    from tests.fuzz.seeds import damaged
    from tests.fuzz.targets import TARGETS


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """By structure, or as libFuzzer does."""
    rng = Random(seed)
    if rng.random() < 0.5:
        return damaged(data, rng)[:most]
    changed: bytes = atheris.Mutate(data, most)
    return changed


def main() -> None:
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target, custom_mutator=mutate)
    atheris.Fuzz()


main()
