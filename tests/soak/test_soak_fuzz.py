"""Whatever is read, only declared errors come out: a little in `make test`, long in the soak."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.soak.fuzz_targets import TARGETS, Target, inputs
from tests.support.examples import examples

FUZZ_S = 600.0


def fuzz(target: Target, number: int, count: int) -> None:
    """So many inputs from one seed; the smallest one that breaks it is in the error."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(target))
    def reads(data: bytes) -> None:
        target.feed(data)

    reads()


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.hazard("H08", "H37", "H50")
def test_a_reader_raises_nothing_but_what_it_declares(target: Target) -> None:
    fuzz(target, 0, examples(150))


@pytest.mark.soak
@pytest.mark.timeout(FUZZ_S * 2)
@pytest.mark.hazard("H08", "H37", "H50")
def test_ten_minutes_of_fuzzing_raise_nothing_but_what_is_declared() -> None:
    until_s = time.monotonic() + FUZZ_S
    number = 0
    while time.monotonic() < until_s:
        number += 1
        for target in TARGETS:
            fuzz(target, number, 500)
    print(f"{number * len(TARGETS) * 500} inputs to {len(TARGETS)} readers")
