"""Rule W17: no 60 s of pulses hold more starts than allowed, however late a first pulse comes."""

from __future__ import annotations

import pytest

from stimctl.session.on_times import COUNTED_US, OnTimes
from stimctl.stimulus.modulation import Window
from stimctl.treatment.activation import Phase

S = 1_000_000
LONGEST_US = 6 * S


def of(per_minute: int) -> OnTimes:
    window = Window(
        longest_us=LONGEST_US, refractory_us=200_000, duty_permille=800, per_minute=per_minute
    )
    return OnTimes(window, 0)


@pytest.mark.hazard("H82")
@pytest.mark.parametrize("rises_us", [0, 100_000, 5 * S])
def test_a_start_counts_from_its_full_level_for_before_it_no_pulse_is_sure(rises_us: int) -> None:
    one = of(1)
    one.begins(S)
    one.up(S + rises_us)
    one.ends(S + LONGEST_US)
    until_us = S + rises_us + COUNTED_US
    assert one.against(until_us - 1, Phase.IDLE) is not None
    assert one.against(until_us, Phase.IDLE) is None


@pytest.mark.hazard("H82")
def test_one_that_never_rose_counts_from_its_end() -> None:
    one = of(1)
    one.begins(S)
    one.ends(4 * S)
    assert one.against(4 * S + COUNTED_US - 1, Phase.IDLE) is not None
    assert one.against(4 * S + COUNTED_US, Phase.IDLE) is None


def test_the_full_level_is_reached_once() -> None:
    """A level that falls and rises again within an on time moves nothing."""
    one = of(1)
    one.begins(S)
    one.up(2 * S)
    one.up(5 * S)
    one.ends(6 * S)
    assert one.against(2 * S + COUNTED_US, Phase.IDLE) is None


def test_starts_of_one_minute_are_counted_each() -> None:
    one = of(3)
    for number in range(3):
        assert one.against(number * 10 * S, Phase.IDLE) is None
        one.begins(number * 10 * S)
        one.up(number * 10 * S)
        one.ends(number * 10 * S + S)
    assert one.against(40 * S, Phase.IDLE) is not None
    assert one.against(COUNTED_US, Phase.IDLE) is None
    assert one.against(COUNTED_US, Phase.UP) is not None
