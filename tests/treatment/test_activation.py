"""The activation machine: a total table, ramps that stay under their line, times that are kept."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from stimctl.treatment.activation import (
    LOST_RAMP_US,
    TABLE,
    TICK_US,
    Activation,
    Cue,
    Ending,
    Phase,
    Timing,
)

MS = 1_000
TIMING = Timing(
    delay_us=0, ramp_up_us=200 * MS, ramp_down_us=100 * MS, on_us=2_000 * MS, refractory_us=300 * MS
)


def test_the_table_has_an_answer_for_every_phase_and_cue() -> None:
    assert set(TABLE) == set(product(Phase, Cue))


def test_only_a_start_from_idle_begins_an_activation_and_none_is_kept_for_later() -> None:
    for phase in Phase:
        follows = TABLE[phase, Cue.START]
        assert follows is (Phase.DELAY if phase is Phase.IDLE else phase)


def test_a_start_is_on_for_its_time_and_rests_after_it() -> None:
    one = Activation(TIMING)
    assert one.cue(0, Cue.START)
    one.advance(0)
    assert one.phase is Phase.UP
    assert one.level_permille(100 * MS) == 500
    one.advance(200 * MS)
    assert one.level_permille(200 * MS) == 1_000
    one.advance(1_999 * MS)
    assert one.phase is Phase.DOWN
    one.advance(2_000 * MS)
    assert (one.phase, one.ended_us, one.ending) == (Phase.REFRACTORY, 2_000 * MS, Ending.LONGEST)
    assert not one.cue(2_200 * MS, Cue.START)
    one.advance(2_300 * MS)
    assert one.phase is Phase.IDLE


def test_a_window_too_short_for_its_ramps_keeps_the_slope_and_stays_below() -> None:
    one = Activation(TIMING)
    one.cue(0, Cue.START)
    one.cue(80 * MS, Cue.STOP)
    levels = []
    for at_us in range(80 * MS, 200 * MS, TICK_US):
        one.advance(at_us)
        levels.append(one.level_permille(at_us))
    assert max(levels) <= 400
    assert levels[-1] == 0
    assert one.ended_us == 80 * MS + 40 * MS  # 40 % of a ramp of 100 ms


@pytest.mark.parametrize("ramp_down_us", [0, 50 * MS, 2_000 * MS])
def test_a_lost_input_is_at_zero_within_100_ms_wherever_it_stood(ramp_down_us: int) -> None:
    timing = Timing(
        delay_us=50 * MS, ramp_up_us=200 * MS, ramp_down_us=ramp_down_us, on_us=4_000 * MS,
        refractory_us=50 * MS,
    )  # fmt: skip
    for at_us in range(0, 4_200 * MS, 17 * MS):
        one = Activation(timing)
        one.cue(0, Cue.START)
        one.cue(at_us, Cue.LOST)
        one.advance(at_us + LOST_RAMP_US)
        assert not one.is_on, at_us
        assert one.level_permille(at_us + LOST_RAMP_US) == 0


def test_whatever_happens_no_level_is_above_its_line_and_no_on_time_is_too_long() -> None:
    chance = Random(7)
    for _ in range(40):
        timing = Timing(
            delay_us=chance.choice([0, 70 * MS]), ramp_up_us=chance.randrange(100, 500) * MS,
            ramp_down_us=chance.randrange(0, 400) * MS, on_us=chance.randrange(900, 3_000) * MS,
            refractory_us=chance.randrange(50, 400) * MS,
            level_permille=chance.choice([1_000, 600]),
        )  # fmt: skip
        one, now_us, began_us, ended_us = Activation(timing), 0, None, None
        for _ in range(150):
            now_us += chance.randrange(1, 60) * MS
            was = one.is_on
            one.advance(now_us)
            if chance.random() < 0.3:
                one.cue(now_us, chance.choice([Cue.START, Cue.START, Cue.STOP, Cue.LOST]))
                one.advance(now_us)
            level = one.level_permille(now_us)
            if one.is_on and not was:
                began_us = one.began_us
                if ended_us is not None:
                    assert began_us - ended_us >= timing.refractory_us
            if one.is_on:
                assert began_us is not None
                line = (now_us - one.began_us) * timing.level_permille // timing.ramp_up_us
                assert level <= min(line, timing.level_permille)
                assert now_us - one.began_us <= timing.on_us
            else:
                assert level == 0
            ended_us = one.ended_us
