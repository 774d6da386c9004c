"""Values in turn and by chance: what is in force when, the same on every machine."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stimctl.stimulus.laws import Drawn, Law, Turns
from stimctl.stimulus.modulation import AmplitudeModulation, Sweep, SweepShape
from stimctl.stimulus.stream import drawn, mixed, seed_for, shuffled

SECOND_US = 1_000_000
LAWS: list[Law] = [
    Turns(values=(4_000, 5_000, 6_000), dwells_us=(250_000, 330_000, 1_000_000)),
    Turns(values=(20, 100, 20), dwells_us=(2_000_000, 2_000_000, 3_000_000), once=True),
    Drawn(lowest=20_000, highest=120_000, dwell_us=SECOND_US, seed=7),
    Sweep(lowest=10, highest=90, period_us=SECOND_US, shape=SweepShape.SINE, falls=True),
]


def test_the_generator_gives_the_published_sequence() -> None:
    """The first numbers of SplitMix64 from seed 0, as other implementations print them."""
    gamma = 0x9E3779B97F4A7C15
    assert [mixed(step * gamma) for step in (1, 2, 3)] == [
        0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F,
    ]  # fmt: skip


def test_what_is_drawn_depends_on_seed_and_index_alone() -> None:
    forth = [drawn(5, index, 1000) for index in range(50)]
    back = [drawn(5, index, 1000) for index in reversed(range(50))]
    assert forth == back[::-1]
    assert forth != [drawn(6, index, 1000) for index in range(50)]
    assert forth[:5] == [669, 4, 776, 450, 631]  # a change here changes every rehearsed session


def test_each_number_is_as_likely() -> None:
    counts = Counter(drawn(1, index, 7) for index in range(14_000))
    assert sorted(counts) == list(range(7))
    assert all(1_850 < count < 2_150 for count in counts.values())


def test_every_use_has_a_seed_of_its_own() -> None:
    names = [("a", "b"), ("ab", ""), ("a", "b", "c"), ("b", "a")]
    assert len({seed_for(1, *each) for each in names}) == len(names)


@given(st.integers(0, 2**64 - 1), st.integers(1, 200))
def test_a_shuffle_holds_each_number_once(seed: int, count: int) -> None:
    assert sorted(shuffled(seed, count)) == list(range(count))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_nothing_changes_between_two_times_of_change_and_nothing_leaves_the_range(
    law: Law,
) -> None:
    at_us: int | None = 0
    for _ in range(40):
        if at_us is None:
            break
        value, until_us = law.held_at(at_us), law.next_change_us(at_us)
        assert law.lowest <= value <= law.highest
        last_us = at_us + 60 * SECOND_US if until_us is None else until_us - 1
        for between_us in (at_us, (at_us + last_us) // 2, last_us):
            assert law.held_at(between_us) == value
        assert until_us is None or until_us > at_us
        at_us = until_us


def test_values_in_turn_come_back_or_the_last_one_stays() -> None:
    again, once = LAWS[0], LAWS[1]
    assert [again.held_at(ms * 1_000) for ms in (0, 249, 250, 579, 580, 1_579, 1_580)] == [
        4_000, 4_000, 5_000, 5_000, 6_000, 6_000, 4_000,
    ]  # fmt: skip
    assert [once.held_at(s * SECOND_US) for s in (0, 2, 4, 7, 3_600)] == [20, 100, 20, 20, 20]
    assert once.next_change_us(4 * SECOND_US) is None


def test_a_sweep_may_begin_at_its_highest_value() -> None:
    falls = Sweep(lowest=2, highest=125, period_us=12 * SECOND_US, shape=SweepShape.TRIANGLE,
                  falls=True)  # fmt: skip
    assert [falls.held_at(s * SECOND_US) for s in (0, 6, 12)] == [125, 2, 125]


def test_each_value_has_a_dwell_or_nothing_is_made_of_them() -> None:
    with pytest.raises(ValidationError, match="each value has one dwell"):
        Turns(values=(10, 20, 30), dwells_us=(250_000, 250_000))


def test_a_range_that_is_upside_down_is_none() -> None:
    with pytest.raises(ValidationError, match="lowest 20 is above highest 10"):
        Drawn(lowest=20, highest=10, dwell_us=SECOND_US, seed=1)


def test_after_its_round_a_law_has_shown_its_values() -> None:
    level = AmplitudeModulation(lowest_permille=200, period_us=SECOND_US, shape=SweepShape.TRIANGLE)
    assert [law.round_us for law in (*LAWS, level)] == [
        1_580_000, 7 * SECOND_US, 10 * SECOND_US, SECOND_US, SECOND_US,
    ]  # fmt: skip
    assert {level.value_at(t_us) for t_us in range(0, level.round_us, 1_000)} >= {
        level.lowest, level.highest,
    }  # fmt: skip
    assert not level.since_on


def test_a_number_that_would_make_some_likelier_is_drawn_again() -> None:
    below = (1 << 63) + 1  # nearly half of all numbers are thrown away
    numbers = [drawn(7, index, below) for index in range(100)]
    assert len(set(numbers)) == 100
    assert all(0 <= number < below for number in numbers)
    assert sum(number < below // 2 for number in numbers) in range(25, 76)
