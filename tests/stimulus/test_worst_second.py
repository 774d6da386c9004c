"""The worst second holds the most pulses that can begin in it: against pulses listed one by one."""

from bisect import bisect_left
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl.stimulus import (
    AmplitudeModulation,
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Stimulus,
    Sweep,
    SweepShape,
    dose_of,
    worst_second,
)
from stimctl.stimulus.exact import exact_dose, exact_dose_of

MHZ_US, SECOND_US = 10**9, 1_000_000
SYM, ASYM, MONO = PulseShape.SYMMETRIC, PulseShape.ASYMMETRIC, PulseShape.MONOPHASIC


def stimulus(
    mhz: int,
    ua: int = 75_000,
    width_us: int = 400,
    shape: PulseShape = SYM,
    ratio: int = 1,
    **more: Any,
) -> Stimulus:
    pulse = Pulse(shape=shape, amplitude_ua=ua, phase_width_us=width_us, second_phase_ratio=ratio)
    return Stimulus(pulse=pulse, frequency_mhz=mhz, **more)


def burst(pulses: int, mhz: int) -> Burst:
    return Burst(pulses_per_burst=pulses, burst_frequency_mhz=mhz)


def cycle(on_us: int, off_us: int, up_us: int = 500_000, down_us: int = 500_000) -> Cycle:
    return Cycle(on_us=on_us, off_us=off_us, ramp_up_us=up_us, ramp_down_us=down_us)


def starts_one_by_one(
    mhz: int,
    pulses: int | None = None,
    bursts_mhz: int | None = None,
    on_us: int | None = None,
    off_us: int = 0,
    until_us: int = 12_000_000,
) -> list[int]:
    """Start times in us as a device with periods of whole microseconds makes them."""
    period_us = -(-MHZ_US // mhz)
    on_us = until_us if on_us is None else on_us
    starts: list[int] = []
    for again_us in range(0, until_us, on_us + off_us):
        if pulses is None:
            starts += range(again_us, again_us + on_us, period_us)
            continue
        number = 0
        while (since_us := -(-number * MHZ_US // bursts_mhz)) < on_us:
            inside = (since_us + k * period_us for k in range(pulses))
            starts += [again_us + at_us for at_us in inside if at_us < on_us]
            number += 1
    return sorted(starts)


def most_in_a_second(starts: list[int]) -> int:
    return max(bisect_left(starts, at + SECOND_US) - n for n, at in enumerate(starts))


# rate, pulses per burst, burst rate, most pulses in a second
NAMED = [
    (200_000, 20, 1_100, 39),  # a burst, and 90.9 ms of the next
    (200_000, 20, 1_000, 20),
    (200_000, 20, 1_001, 21),
    (100_000, 7, 2_000, 14),
    (100_000, 7, 1_900, 14),
    (100_000, 7, 2_100, 19),
    (100_000, 7, 500, 7),
    (5_000, 10, 500, 5),
    (100_000, 3, 3_000, 9),
    (1_500, None, None, 2),
    (100_000, None, None, 100),
    (100_001, None, None, 101),
    (33_333, None, None, 34),
    (500, None, None, 1),
    (1, None, None, 1),
]


@pytest.mark.hazard("H49")
@pytest.mark.parametrize(("mhz", "pulses", "bursts_mhz", "most"), NAMED)
def test_the_worst_second_is_counted_and_not_averaged(
    mhz: int, pulses: int | None, bursts_mhz: int | None, most: int
) -> None:
    more: dict[str, Any] = {} if pulses is None else {"burst": burst(pulses, bursts_mhz)}
    found = worst_second(stimulus(mhz, **more))
    assert found == (most, most * 2 * 75_000**2 * 400, most * 2 * 75_000 * 400)


@given(st.integers(1, 500_000))
def test_single_pulses_are_counted_as_they_come(mhz: int) -> None:
    counted = most_in_a_second(starts_one_by_one(mhz, until_us=3_000_000))
    assert counted <= worst_second(stimulus(mhz)).pulses <= counted + 1


@given(st.integers(1_000, 300_000), st.integers(1, 40), st.integers(100, 30_000))
def test_bursts_are_counted_as_they_come(mhz: int, pulses: int, bursts_mhz: int) -> None:
    bursts_mhz = min(bursts_mhz, mhz // pulses) or 1
    starts = starts_one_by_one(mhz, pulses, bursts_mhz, until_us=8_000_000)
    counted = most_in_a_second(starts)
    assert counted <= worst_second(stimulus(mhz, burst=burst(pulses, bursts_mhz))).pulses
    if MHZ_US % mhz == 0:
        assert worst_second(stimulus(mhz, burst=burst(pulses, bursts_mhz))).pulses == counted


@pytest.mark.hazard("H49")
@given(
    st.integers(800, 100_000),
    st.integers(1, 10),
    st.integers(900, 30_000),
    st.integers(500_000, 3_000_000),
    st.integers(0, 1_500_000),
    st.booleans(),
)
def test_every_on_time_begins_its_train_anew(
    mhz: int, pulses: int, bursts_mhz: int, on_us: int, off_us: int, in_bursts: bool
) -> None:
    bursts_mhz = min(bursts_mhz, mhz // pulses) or 1
    part = (pulses, bursts_mhz) if in_bursts else ()
    more: dict[str, Any] = {"burst": burst(*part)} if part else {}
    starts = starts_one_by_one(mhz, *(part or (None, None)), on_us, off_us)
    asked = stimulus(mhz, cycle=cycle(on_us, off_us), **more)
    assert most_in_a_second(starts) <= worst_second(asked).pulses
    steady = worst_second(stimulus(mhz, **more)).pulses
    assert worst_second(asked).pulses >= steady  # an off time never lowers the count
    if off_us * (bursts_mhz if part else mhz) >= MHZ_US:
        assert worst_second(asked).pulses == steady


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1_000, 90_000)), max_size=40))
def test_no_sweep_puts_more_into_a_second_than_its_fastest_rate(
    parts: list[tuple[int, ...]],
) -> None:
    swept = Sweep(lowest=1_000, highest=90_000, period_us=1_000_000, shape=SweepShape.STEP)
    most = worst_second(stimulus(1_000, frequency_sweep=swept)).pulses
    assert most == 90
    starts = [0]
    for count, mhz in parts:  # after a change the next pulse comes one new period after the last
        starts += [starts[-1] + (n + 1) * -(-MHZ_US // mhz) for n in range(count)]
    assert most_in_a_second(starts) <= most


def test_swept_bursts_count_every_burst_that_a_second_can_touch() -> None:
    swept = Sweep(lowest=20_000, highest=200_000, period_us=1_000_000, shape=SweepShape.STEP)
    few = stimulus(200_000, frequency_sweep=swept, burst=burst(5, 2_000))
    assert worst_second(few).pulses == 4 * 5
    many = stimulus(200_000, frequency_sweep=swept, burst=burst(100, 2_000))
    assert worst_second(many).pulses == 200


@pytest.mark.hazard("H49")
def test_a_slow_train_pulses_at_once_where_its_modulated_amplitude_comes_back() -> None:
    dips = AmplitudeModulation(lowest_permille=0, period_us=1_000_000, shape=SweepShape.STEP)
    assert worst_second(stimulus(1_000, amplitude_modulation=dips)).pulses == 3
    assert worst_second(stimulus(3_999, amplitude_modulation=dips)).pulses == 6
    assert worst_second(stimulus(4_000, amplitude_modulation=dips)).pulses == 4
    slow = stimulus(2_000, amplitude_modulation=dips, burst=burst(2, 1_000))
    assert worst_second(slow).pulses == 2 + 2


def test_the_widest_phase_and_both_phases_count() -> None:
    wide = Sweep(lowest=100, highest=300, period_us=1_000_000, shape=SweepShape.SINE)
    assert worst_second(stimulus(10_000, 20_000, 200, width_sweep=wide)) == (
        10, 10 * 2 * 20_000**2 * 300, 10 * 2 * 20_000 * 300,
    )  # fmt: skip
    assert worst_second(stimulus(10_000, 20_000, 200, ASYM, 4)) == (
        10, 10 * (20_000**2 * 200 + 5_000**2 * 800), 10 * 2 * 20_000 * 200,
    )  # fmt: skip
    assert worst_second(stimulus(10_000, 20_000, 200, MONO)) == (
        10, 10 * 20_000**2 * 200, 10 * 20_000 * 200,
    )  # fmt: skip


@pytest.mark.hazard("H49")
def test_the_dose_is_that_of_the_worst_second() -> None:
    asked = stimulus(200_000, burst=burst(20, 1_100))
    second, exact, dose = worst_second(asked), exact_dose(asked), dose_of(asked, 500)
    assert exact.rms_ma_squared == Fraction(second.square_ua2_us, 10**12)
    assert exact.rectified_average_ma == Fraction(second.rectified_ua_us, 10**9)
    assert round(dose.rms_ma, 3) == 13.248
    assert round(dose.current_density_ma_cm2, 3) == 2.65


def test_the_ac_part_is_the_highest_of_any_second_with_as_many_pulses_or_fewer() -> None:
    parts = [exact_dose_of(10_000, 500, 0, 0, n).ac_ma_squared for n in range(2_001)]
    each = [exact_dose_of(10_000, 500, 0, 0, n) for n in range(2_001)]
    plain = [one.rms_ma_squared - one.dc_ma**2 for one in each]
    assert parts == [max(plain[: n + 1]) for n in range(2_001)]
