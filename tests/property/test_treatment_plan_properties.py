"""For any valid protocol: nothing above the plateau, nothing too fast, zero at the end."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator
from itertools import accumulate, groupby, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stimctl.treatment import (
    Drive,
    Moment,
    Plan,
    PlateauStep,
    amplitude_of,
    moments,
    predict,
    raise_schedule,
)
from stimctl.treatment.ramps import RAMP_TICK_US
from stimctl.treatment.timeline import END_RAMP_US, drive_at
from tests.support.examples import examples
from tests.support.treatment_samples import (
    SHIPPED,
    channel_text,
    cycle_text,
    loaded_v1,
    plan_of,
    protocol_texts,
    sample,
    setup,
    shipped,
    usual_ua,
)

SECOND_US = 1_000_000
modest = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    protocol = loaded_v1(draw(protocol_texts()), "sample.toml")
    setups = [
        setup(number + 1, 500 * draw(st.integers(0, 30)))
        for number in range(len(protocol.channels))
    ]
    return plan_of(protocol, *setups)


# -- an independent, slow simulation: one pulse at a time -----------------------------------------


def settings_over_time(plan: Plan, channel: int) -> Iterator[tuple[int, int, int, int]]:
    """(at, amplitude, width, period), amplitude 0 for off; one row per instant."""
    events: list[tuple[int, object]] = [(m.at_us, m) for m in moments(plan)]
    events += [(s.at_us, s) for s in raise_schedule(plan) if s.channel == channel]
    events.sort(key=lambda event: event[0])
    plateau, drive, missed = 0, None, False
    in_bursts = plan.channel(channel).stimulus.burst is not None
    for at_us, group in groupby(events, key=lambda event: event[0]):
        for _, event in group:
            if isinstance(event, PlateauStep):
                plateau = event.plateau_ua
            elif isinstance(event, Moment):
                drive = next(d for d in event.drives if d.channel == channel)
        assert drive is not None
        step = plan.channel(channel).step
        amplitude = amplitude_of(plateau, drive.level_permille, step) if drive.is_on else 0
        # A burst is begun at its beginning or not at all.
        if missed and drive.is_on:
            amplitude = 0
        missed = in_bursts and drive.is_on and not amplitude
        yield at_us, amplitude, drive.phase_width_us, drive.period_us


def pulses_one_by_one(plan: Plan, channel: int) -> list[tuple[int, int, int]]:
    """(start, amplitude, width) of every pulse."""
    pulses: list[tuple[int, int, int]] = []
    now = (0, 0, 1)
    last: int | None = None
    due: int | None = None
    for at_us, *new in settings_over_time(plan, channel):
        while due is not None and due < at_us:
            pulses.append((due, now[0], now[1]))
            last, due = due, due + now[2]
        was_on = now[0] > 0
        now = (new[0], new[1], new[2])
        if now[0] == 0:
            last = due = None
        elif not was_on:
            last, due = None, at_us
        elif last is not None:
            due = max(at_us, last + now[2])
    return pulses


def worst_second_ma(pulses: list[tuple[int, int, int]]) -> float:
    starts = [start for start, _, _ in pulses]
    sums = [0, *accumulate(2 * amplitude**2 * width for _, amplitude, width in pulses)]
    worst = max(
        (sums[bisect.bisect_left(starts, start + SECOND_US)] - sums[index]
         for index, start in enumerate(starts)),
        default=0,
    )  # fmt: skip
    return math.sqrt(worst / SECOND_US) / 1000


def most_in_a_second(pulses: list[tuple[int, int, int]]) -> int:
    starts = [start for start, _, _ in pulses]
    seconds = (bisect.bisect_left(starts, at + SECOND_US) - n for n, at in enumerate(starts))
    return max(seconds, default=0)


def assert_prediction_is_exact(plan: Plan) -> None:
    for dose in predict(plan):
        pulses = pulses_one_by_one(plan, dose.channel)
        assert dose.pulses == len(pulses)
        assert dose.charge_uc == pytest.approx(sum(a * w for _, a, w in pulses) / 1e6, rel=1e-12)
        assert dose.peak_ua == max((a for _, a, _ in pulses), default=0)
        energy = sum(2 * a * a * w for _, a, w in pulses)
        session_ma = math.sqrt(energy / plan.duration_us) / 1000
        assert dose.rms_session_ma == pytest.approx(session_ma, rel=1e-9)
        assert dose.rms_plateau_ma == pytest.approx(worst_second_ma(pulses), rel=1e-9)
        cleared = plan.channel(dose.channel).cleared.second
        assert most_in_a_second(pulses) <= cleared.pulses
        within_ma = math.sqrt(cleared.square_ua2_us / SECOND_US) / 1000
        assert dose.rms_plateau_ma <= within_ma * (1 + 1e-12)


@modest
@given(plans())
def test_the_prediction_is_what_a_pulse_by_pulse_simulation_gives(plan: Plan) -> None:
    assert_prediction_is_exact(plan)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_prediction_of_a_shipped_protocol_is_exact(name: str) -> None:
    protocol = shipped(name)
    setups = [setup(n + 1, usual_ua(name)) for n in range(len(protocol.channels))]
    assert_prediction_is_exact(plan_of(protocol, *setups, duration_us=120 * SECOND_US))


@modest
@given(plans())
def test_nothing_goes_out_above_the_plateau_or_what_was_cleared(plan: Plan) -> None:
    for one in plan.channels:
        for _, amplitude, width, period in settings_over_time(plan, one.channel):
            one.cleared.point(amplitude, width, period)  # raises outside the cleared range
            assert 0 <= amplitude <= one.most


@modest
@given(plans())
def test_moments_are_in_order_complete_and_end_at_zero(plan: Plan) -> None:
    all_moments = list(moments(plan))
    assert all_moments[0].at_us == 0
    assert all_moments[-1].at_us == plan.duration_us
    assert all(a.at_us < b.at_us for a, b in pairwise(all_moments))
    assert all(d.level_permille == 0 and not d.is_on for d in all_moments[-1].drives)
    numbers = [one.channel for one in plan.channels]
    assert all([d.channel for d in moment.drives] == numbers for moment in all_moments)
    assert all(a.drives != b.drives for a, b in pairwise(all_moments[:-1]))


@modest
@given(plans(), st.data())
def test_a_moment_holds_until_the_next_one(plan: Plan, data: st.DataObject) -> None:
    all_moments = list(moments(plan))
    times = [moment.at_us for moment in all_moments]
    for _ in range(20):
        t_us = data.draw(st.integers(0, plan.duration_us - 1))
        moment = all_moments[bisect.bisect_right(times, t_us) - 1]
        assert moment.drives == tuple(drive_at(plan, one, t_us) for one in plan.channels)


@modest
@given(plans())
def test_no_ramp_is_faster_than_its_straight_line(plan: Plan) -> None:
    for one in plan.channels:
        cycle = one.stimulus.cycle
        for moment in moments(plan):
            drive = next(d for d in moment.drives if d.channel == one.channel)
            if cycle is None:
                left_us = plan.duration_us - moment.at_us
                assert drive.level_permille <= max(0, 1000 * left_us / END_RAMP_US)
                continue
            since_us = (moment.at_us - one.start_after_us) % cycle.period_us
            if moment.at_us < one.start_after_us or since_us >= cycle.on_us:
                assert drive.level_permille == 0 or not drive.is_on
            else:
                rising = 1000 * since_us / cycle.ramp_up_us
                falling = 1000 * (cycle.on_us - since_us) / cycle.ramp_down_us
                assert drive.level_permille <= min(rising, falling)


@modest
@given(plans())
def test_a_scripted_raise_is_slow_and_only_where_it_may_be(plan: Plan) -> None:
    last: dict[int, PlateauStep] = {}
    for step in raise_schedule(plan):
        one = plan.channel(step.channel)
        before = last.get(step.channel)
        assert step.plateau_ua - (before.plateau_ua if before else 0) == one.step
        if before:
            assert step.at_us - before.at_us >= 250_000
            assert step.at_us - before.at_us >= one.step * 500  # 2 mA/s
        assert step.plateau_ua <= one.most
        assert drive_at(plan, one, step.at_us).may_raise
        last[step.channel] = step


@modest
@given(plans())
def test_a_cycle_may_be_raised_only_in_its_hold(plan: Plan) -> None:
    for moment in moments(plan):
        for drive in moment.drives:
            one = plan.channel(drive.channel)
            cycle = one.stimulus.cycle
            if drive.may_raise and cycle is not None:
                since_us = (moment.at_us - one.start_after_us) % cycle.period_us
                assert cycle.ramp_up_us <= since_us < cycle.ramp_up_us + cycle.hold_us


@modest
@given(protocol_texts(), st.integers(1, 20))
def test_equal_plans_have_equal_digests_and_others_do_not(text: str, steps: int) -> None:
    protocol = loaded_v1(text, "sample.toml")
    numbers = range(1, len(protocol.channels) + 1)

    def digest(amplitude_ua: int, area_mm2: int = 2_500) -> str:
        setups = [setup(n, amplitude_ua, area_mm2) for n in numbers]
        return plan_of(loaded_v1(text, "sample.toml"), *setups).digest()

    assert digest(500 * steps) == digest(500 * steps)
    assert digest(500 * steps) != digest(500 * steps - 500)
    assert digest(500 * steps) != digest(500 * steps, 2_501)


@modest
@given(st.integers(500, 1200), st.integers(500, 1200), st.integers(250, 1500), st.data())
def test_alternating_antagonists_are_never_on_together(
    up: int, down: int, hold: int, data: st.DataObject
) -> None:
    on = up + down + hold
    off = on + data.draw(st.integers(0, 2000)) + 1000
    off += -(on + off) % 1000
    after = data.draw(st.integers(on, off))
    seconds = (on + off) // 1000 * 3
    one = channel_text(
        'phase_width = "250 us"\nfrequency = "40 Hz"',
        role="extend", motor=True, cycle=cycle_text(on, off, up, down),
    )  # fmt: skip
    other = channel_text(
        'phase_width = "250 us"\nfrequency = "40 Hz"',
        role="flex", motor=True, more='antagonist_of = "extend"',
        cycle=cycle_text(on, off, up, down, after),
    )  # fmt: skip
    plan = plan_of(sample(max(seconds, 12), one, other), setup(1), setup(2))

    def working(drive: Drive) -> bool:
        return drive.is_on and drive.level_permille > 0

    assert all(sum(map(working, moment.drives)) <= 1 for moment in moments(plan))
    assert any(working(moment.drives[1]) for moment in moments(plan))


def test_ramps_are_sampled_finely_enough_to_be_felt_as_ramps() -> None:
    cycle = cycle_text(3000, 3000, 1000, 1000)
    wave = 'phase_width = "200 us"\nfrequency = "40 Hz"'
    plan = plan_of(sample(12, channel_text(wave, cycle=cycle)))
    rising = [m for m in moments(plan) if 0 < m.at_us <= SECOND_US]
    assert [m.at_us for m in rising] == list(range(RAMP_TICK_US, SECOND_US + 1, RAMP_TICK_US))
    assert [m.drives[0].level_permille for m in rising] == list(range(50, 1001, 50))
