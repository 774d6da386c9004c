"""Values in turn and by chance: what is in force when, the same on every machine."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl.stimulus.laws import Drawn, Law, Turns
from stimctl.stimulus.modulation import Sweep, SweepShape
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
