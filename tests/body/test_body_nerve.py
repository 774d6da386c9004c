"""Promises about what is felt: thresholds, their order, variation, drift, and the words."""

from __future__ import annotations

from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.body.chance import Stream, between, lognormal_permille
from firmware_sim.body.nerve import (
    FIBRES,
    Excitability,
    Fibre,
    Law,
    felt,
    strength_permille,
    threshold_ua,
)
from firmware_sim.body.person import Person, Site, draw_person
from firmware_sim.body.sensation import Sense, Threshold, Word, sit_test
from tests.support.body_world import GOLDEN, biphasic
from tests.support.examples import examples

WIDTHS = GOLDEN["thresholds_ma"]["widths_us"]
CASES = [
    (Law(law), Fibre(fibre), width, value)
    for law in ("weiss", "lapicque")
    for fibre, values in GOLDEN["thresholds_ma"][law].items()
    for width, value in zip(WIDTHS, values, strict=True)
]


@pytest.mark.parametrize(("law", "fibre", "width_us", "ma"), CASES)
def test_thresholds_are_those_of_the_golden_table(
    law: Law, fibre: Fibre, width_us: int, ma: float
) -> None:
    assert threshold_ua(FIBRES[fibre], width_us, law) / 1000 == pytest.approx(ma, abs=0.051)


def test_the_median_person_feels_at_5_6_and_moves_at_14_1_ma() -> None:
    sense = Sense(Person(), Site())
    assert sense.threshold_ua(Threshold.ST, 200) == 5_600
    assert sense.threshold_ua(Threshold.MT, 300) == 14_100


@settings(max_examples=examples(200), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    place=st.integers(500, 2000),
    width_us=st.integers(20, 4000),
    minutes=st.integers(0, 600),
    exposed=st.booleans(),
    law=st.sampled_from(list(Law)),
)
def test_sensory_is_below_strong_is_below_tolerable_for_everyone_always(
    seed: int, place: int, width_us: int, minutes: int, exposed: bool, law: Law
) -> None:
    chance = Random(seed)
    sense = Sense(draw_person(chance), Site(anatomical_permille=place, law=law))
    sense.stimulated_us = minutes * 60_000_000
    if exposed:
        sense.expose(chance)
    order = [
        sense.threshold_ua(one, width_us)
        for one in (Threshold.ST, Threshold.SC, Threshold.TOL, Threshold.NX)
    ]
    assert order == sorted(set(order))


def test_persons_spread_as_a_lognormal_of_0_35_and_repeat_from_a_seed() -> None:
    chance = Random(5)
    factors = sorted(lognormal_permille(chance, 0.35) for _ in range(2_000))
    assert median(factors) == pytest.approx(1000, rel=0.03)
    assert factors[317] == pytest.approx(705, rel=0.05)  # one sigma below
    assert factors[1682] == pytest.approx(1419, rel=0.05)  # one sigma above
    assert draw_person(Random(5)) == draw_person(Random(5))
    assert draw_person(Random(5)) != draw_person(Random(6))


def test_what_is_configured_about_a_person_does_not_move_the_other_draws() -> None:
    plain = draw_person(Random(9))
    other = draw_person(Random(9), sensate=False, dysreflexia=False)
    assert (plain.factor_permille, plain.day_permille) == (
        other.factor_permille,
        other.day_permille,
    )


def test_one_person_in_twenty_is_prone_to_dysreflexia_unless_that_is_off() -> None:
    prone = sum(draw_person(Random(seed)).dysreflexic for seed in range(2_000))
    assert 70 <= prone <= 130
    assert not any(draw_person(Random(seed), dysreflexia=False).dysreflexic for seed in range(200))


def test_a_day_changes_thresholds_by_a_fifth_at_most() -> None:
    days = {draw_person(Random(seed)).day_permille for seed in range(500)}
    assert min(days) >= 800
    assert max(days) <= 1200
    assert max(days) - min(days) > 350


def test_place_and_person_multiply() -> None:
    sense = Sense(Person(factor_permille=1500), Site(anatomical_permille=2000))
    assert sense.threshold_ua(Threshold.MT, 300) == 3 * 14_100
    with pytest.raises(ValueError, match=r"factor of 500 to 2000"):
        Site(anatomical_permille=400)


def test_habituation_is_1_percent_a_minute_and_ends_after_half_an_hour() -> None:
    sense = Sense(Person(), Site())
    first = {one: sense.threshold_ua(one, 300) for one in Threshold}
    sense.stimulated_us = 10 * 60_000_000
    assert sense.threshold_ua(Threshold.SC, 300) == pytest.approx(
        0.90 * first[Threshold.SC], abs=40
    )
    assert sense.threshold_ua(Threshold.TOL, 300) == pytest.approx(
        1.10 * first[Threshold.TOL], abs=40
    )
    assert sense.threshold_ua(Threshold.ST, 300) == first[Threshold.ST]
    assert sense.threshold_ua(Threshold.MT, 300) == first[Threshold.MT]
    sense.stimulated_us *= 3
    at_half_an_hour = sense.threshold_ua(Threshold.TOL, 300)
    sense.stimulated_us *= 10
    assert sense.threshold_ua(Threshold.TOL, 300) == at_half_an_hour


def test_the_sit_test_has_the_shape_that_was_read() -> None:
    tests = [
        sit_test(Sense(draw_person(chance), Site()), 200, chance)
        for chance in map(Random, range(143))
    ]
    assert all(test.st_ua < test.sc1_ua < test.noxious_ua for test in tests)
    assert all(test.sc2_ua >= test.sc1_ua for test in tests)
    assert median(test.sc2_ua for test in tests) > median(test.sc1_ua for test in tests)


@pytest.mark.parametrize(
    ("ma", "rate_hz", "word"),
    [
        (4, 50, Word.NOTHING),
        (5, 50, Word.TINGLING),
        (15, 2, Word.TWITCH),
        (15, 50, Word.CONTRACTION),
        (28, 50, Word.STRONG),
        (41, 50, Word.UNCOMFORTABLE),
        (52, 50, Word.STOP),
    ],
)
def test_a_rising_current_brings_the_words_in_their_order(
    ma: int, rate_hz: int, word: Word
) -> None:
    sense = Sense(Person(), Site())
    assert sense.word(felt(biphasic(ma, 300)), rate_hz * 1000) is word


def test_who_feels_nothing_says_nothing_but_still_moves() -> None:
    sense = Sense(Person(sensate=False), Site())
    assert sense.word(felt(biphasic(12, 300)), 50_000) is Word.NOTHING
    assert sense.word(felt(biphasic(120, 300)), 50_000) is Word.CONTRACTION
    assert sense.word(felt(biphasic(120, 300)), 2_000) is Word.TWITCH


def test_a_denervated_muscle_does_not_answer_to_short_pulses_but_the_skin_does() -> None:
    sense = Sense(Person(), Site(denervated=True))
    assert sense.word(felt(biphasic(20, 300)), 50_000) is Word.TINGLING
    assert sense.strength(felt(biphasic(20, 300)), sense.motor_fibre) < 1000
    assert sense.strength(felt(((100_000, 20_000),)), sense.motor_fibre) >= 1000


def test_the_law_and_the_table_of_fibres_can_be_chosen() -> None:
    table = {**FIBRES, Fibre.SENSORY: Excitability(5_000, 600)}
    assert Sense(Person(), Site(fibres=table)).threshold_ua(Threshold.ST, 200) == 20_000
    assert Sense(Person(), Site(law=Law.LAPICQUE)).threshold_ua(Threshold.ST, 200) < 5_600


def test_strength_is_1000_exactly_at_the_threshold() -> None:
    motor = FIBRES[Fibre.MOTOR]
    assert strength_permille(felt(((300, 14_100),)), motor) == 1000
    assert strength_permille(felt(((300, 14_099),)), motor) == 999
    assert strength_permille(felt(()), motor) == 0
    with pytest.raises(ValueError, match="at least 1 us"):
        threshold_ua(motor, 0)


def test_a_pulse_is_taken_apart_into_its_phases() -> None:
    pulse = felt(((100, 10_000), (50, 20_000), (0, -5), (30, 0), (80, -30_000), (20, 10_000)))
    assert pulse.phases == ((150, 2_000_000), (80, 2_400_000), (20, 200_000))
    assert pulse.peak_ua == 30_000
    assert pulse.net_pc == -200_000
    assert pulse.square == 100 * 10_000**2 + 50 * 20_000**2 + 80 * 30_000**2 + 20 * 10_000**2


def test_either_direction_excites() -> None:
    motor = FIBRES[Fibre.MOTOR]
    assert strength_permille(felt(((300, -20_000),)), motor) == strength_permille(
        felt(((300, 20_000),)), motor
    )


def test_a_stream_of_chance_repeats_and_does_not_touch_its_parent_again() -> None:
    parent = Random(3)
    stream = Stream(parent)
    after = parent.random()
    drawn = [stream.random() for _ in range(1000)]
    assert all(0 <= number < 1 for number in drawn)
    assert sum(drawn) / 1000 == pytest.approx(0.5, abs=0.03)
    again = Random(3)
    other = Stream(again)
    assert [other.random() for _ in range(1000)] == drawn
    assert again.random() == after
    assert {between(stream, 1, 6) for _ in range(200)} == {1, 2, 3, 4, 5, 6}
