"""Groups of pulses that a P24 or a RehaMove3 gives as one form: exactly those, or refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware_sim.ledger import Ledger
from stimctl.devices.events import Withheld
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.errors import LimitRefusedError
from stimctl.safety import (
    Cleared,
    DeviceBounds,
    Electrode,
    Profile,
    Refusal,
    clear,
    clear_together,
    envelope_for,
)
from stimctl.stimulus import Burst, Cycle, Pulse, PulseShape, Stimulus
from stimctl.stimulus.modulation import Lead
from tests.support import rehamove3_bench
from tests.support.driver_bench import MS, S
from tests.support.examples import examples
from tests.support.output_brute import fits, pulses_of, worst, worst_integrals
from tests.support.p24_bench import Bench

P24, REHAMOVE3 = P24_SHEET.bounds, REHAMOVE3_SHEET.bounds
PAD = Electrode(area_mm2=10_000)
BENCHES = {P24.name: Bench, REHAMOVE3.name: rehamove3_bench.bench}


def groups(
    pulses: int, interval_us: int, groups_mhz: int, *, ua: int = 20_000, width_us: int = 200,
    gap_us: int = 0, shape: PulseShape = PulseShape.SYMMETRIC, ratio: int = 1,
) -> Stimulus:  # fmt: skip
    return Stimulus(
        pulse=Pulse(
            shape=shape, amplitude_ua=ua, phase_width_us=width_us, interphase_gap_us=gap_us,
            second_phase_ratio=ratio,
        ),
        frequency_mhz=-(-(10**9) // interval_us),
        burst=Burst(
            pulses_per_burst=pulses, burst_frequency_mhz=groups_mhz, interval_us=interval_us
        ),
    )  # fmt: skip


def answer(stimulus: Stimulus, device: DeviceBounds = P24) -> Cleared | Refusal:
    return clear(stimulus, envelope_for(device, PAD, profile=Profile.RESEARCH))


def cleared(stimulus: Stimulus, device: DeviceBounds = P24) -> Cleared:
    found = answer(stimulus, device)
    assert isinstance(found, Cleared), found
    return found


def played(proof: Cleared, device: DeviceBounds, for_ns: int) -> Bench:
    """A twin that gives what was cleared, for so long."""
    bench = BENCHES[device.name]().connected()
    bench.driver.apply(bench.now, {1: proof.point(proof.amplitude_ua)})
    bench.kept(for_ns, 500 * MS)
    assert bench.all_of(Withheld) == []
    return bench


@pytest.mark.parametrize("device", [P24, REHAMOVE3], ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("pulses", "interval_us", "groups_mhz", "points"),
    [(2, 5_000, 50_000, 6), (4, 5_000, 10_000, 14), (3, 20_000, 10_000, 16)],
)
def test_the_device_gives_a_group_as_one_form_and_no_second_holds_more_than_was_cleared(
    device: DeviceBounds, pulses: int, interval_us: int, groups_mhz: int, points: int
) -> None:
    proof = cleared(groups(pulses, interval_us, groups_mhz), device)
    assert proof.group == (pulses, interval_us)
    rows = played(proof, device, 3 * S).finish()
    (train,) = [row for row in rows if row["kind"] == "train"]
    assert len(train["points"]) == points  # type: ignore[arg-type]
    found = pulses_of(rows)[1]
    starts = [one.at_us for one in found[: pulses + 1]]
    apart = [later - earlier for earlier, later in pairwise(starts)]
    rest_us = 10**9 // groups_mhz - (pulses - 1) * interval_us
    assert apart == [interval_us] * (pulses - 1) + [rest_us]
    assert worst(found)[0] == proof.second.pulses
    held = Ledger(rows)[1]
    assert held.pulses == len(found)
    assert held.worst_second_ua2_us == proof.second.square_ua2_us
    assert held.worst_second_rectified_ua_us == proof.second.rectified_ua_us


def test_doublets_at_50_hz_are_100_pulses_a_second() -> None:
    proof = cleared(groups(2, 5_000, 50_000))
    assert proof.second.pulses == 100
    assert worst(pulses_of(played(proof, P24, 2 * S).finish())[1])[0] == 100


def test_a_longer_group_is_left_to_the_host() -> None:
    for longer in (groups(5, 5_000, 10_000), groups(8, 12_500, 2_000), groups(3, 20_900, 10_000)):
        assert cleared(longer).group is None
    assert cleared(groups(2, 5_000, 50)).group is None  # every 20 s, which no period can be
    swept = groups(2, 5_000, 50_000).pulse
    single = Stimulus(pulse=swept, frequency_mhz=50_000)
    assert cleared(single).group is None


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("device", [P24, REHAMOVE3], ids=lambda one: one.name)
@settings(max_examples=examples(8), deadline=None)
@given(
    st.integers(2, 5), st.integers(500, 25_000), st.integers(200, 60_000),
    st.sampled_from([10, 20, 250, 400, 1_500]), st.sampled_from([0, 100]),
    st.sampled_from([(PulseShape.SYMMETRIC, 1), (PulseShape.ASYMMETRIC, 4)]),
    st.integers(0, 400),
)  # fmt: skip
def test_no_group_is_accepted_whose_worst_second_is_above_what_was_cleared(
    device: DeviceBounds, pulses: int, interval_us: int, groups_mhz: int, width_us: int,
    gap_us: int, shape: tuple[PulseShape, int], again_ms: int,
) -> None:  # fmt: skip
    kind, ratio = shape
    stimulus = groups(
        pulses, interval_us, groups_mhz, width_us=width_us, gap_us=gap_us, shape=kind, ratio=ratio
    )
    proof = answer(stimulus, device)
    assume(isinstance(proof, Cleared) and proof.group is not None)
    assert isinstance(proof, Cleared)
    bench = BENCHES[device.name]().connected()
    for _ in range(2):  # once more after a pause, which may come too soon
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.kept(1_100 * MS, 500 * MS)
        bench.driver.apply(bench.now, {})
        bench.run(again_ms * MS)
    rows = bench.finish()
    record = pulses_of(rows).get(1, [])
    assert fits(worst(record), proof.second)
    square, rectified = worst_integrals(rows).get(1, (0, 0))
    tests = proof.second.pulses if device.test_pulse else 0
    own = device.test_pulse
    assert square <= proof.second.square_ua2_us
    assert rectified <= proof.second.rectified_ua_us + (own.rectified_ua_us * tests if own else 0)


@pytest.mark.hazard("H39")
def test_a_group_that_is_not_over_in_its_period_is_refused() -> None:
    """W21: two wide pulses leave the source no time to recover."""
    tight = groups(2, 8_260, 60_500, width_us=4_095, ua=1_000)
    assert isinstance(answer(tight), Cleared)
    no = answer(groups(2, 8_260, 60_520, width_us=4_095, ua=1_000))
    assert isinstance(no, Refusal)
    assert no.limit_id == "W21", no
    assert no.nearest is not None
    assert isinstance(answer(no.nearest.stimulus), Cleared)


@pytest.mark.hazard("H39")
def test_channels_that_take_turns_wait_for_whole_groups() -> None:
    """W3: while the one gives a group of 15 ms, the other cannot pulse every 14 ms."""
    long = groups(4, 5_000, 20_000)
    box = envelope_for(P24, PAD, profile=Profile.RESEARCH)
    slow, fast = (Stimulus(pulse=long.pulse, frequency_mhz=mhz) for mhz in (60_000, 71_000))
    assert not isinstance(clear_together({1: (long, box), 2: (slow, box)}), Refusal)
    no = clear_together({1: (long, box), 2: (fast, box)})
    assert isinstance(no, Refusal)
    assert no.limit_id == "W3"
    both = clear_together(dict.fromkeys(range(1, 5), (long, box)))
    assert isinstance(both, Refusal)
    assert (both.limit_id, both.nearest) == ("W3", None)


@pytest.mark.hazard("H39")
def test_forms_of_all_channels_fit_into_one_message_whatever_is_escaped_in_it() -> None:
    box = envelope_for(P24, PAD, profile=Profile.RESEARCH)
    group = groups(4, 1_000, 30_000)  # 11 points
    found = clear_together(dict.fromkeys(range(1, 7), (group, box)))
    assert not isinstance(found, Refusal), found
    bench = Bench().connected()
    for ua in range(500, 20_001, 500):
        bench.driver.apply(bench.now, {ch: one.point(ua) for ch, one in found.items()})
        bench.run(5 * MS)
    no = clear_together(dict.fromkeys(range(1, 8), (group, box)))
    assert isinstance(no, Refusal)
    assert (no.limit_id, no.asked, no.allowed) == ("W21", 77, 73)


@pytest.mark.hazard("H39")
def test_the_gate_judges_groups_once_more() -> None:
    """What was cleared for another device need not suit a P24."""
    other = replace(
        P24, name="other", form_points_max=40, forms_points_max=None, recovery_us=0,
        busy_max_us=1_000_000, phase_width_min_us=1, period_min_us=100,
    )  # fmt: skip
    for stimulus in (
        groups(5, 5_000, 10_000),  # 18 points
        groups(2, 8_124, 61_539, width_us=4_056, ua=1_000),  # no time to recover
        groups(2, 405, 50_000),  # 5 us between two pulses
    ):
        proof = cleared(stimulus, other)
        assert proof.group is not None
        bench = Bench().connected()
        with pytest.raises(LimitRefusedError):
            bench.driver.apply(bench.now, {1: proof.point(stimulus.pulse.amplitude_ua)})


def test_a_group_is_never_another_one_than_was_cleared() -> None:
    proof = cleared(groups(2, 5_000, 50_000))
    point = proof.point(20_000)
    assert (point.group, point.pulses, point.interval_us) == ((2, 5_000), 2, 5_000)
    with pytest.raises(ValueError, match="differ"):
        Stimulus(
            pulse=proof.stimulus.pulse,
            frequency_mhz=100_000,
            burst=Burst(pulses_per_burst=2, burst_frequency_mhz=50_000, interval_us=5_000),
        )


def test_a_lead_that_leaves_the_device_no_time_to_recover_is_refused() -> None:
    slow = replace(P24, recovery_us=16_000)
    cycle = Cycle(on_us=2_000_000, off_us=2_000_000, ramp_up_us=500_000, ramp_down_us=500_000)
    lead = Lead(pulses=2, interval_us=5_000)
    pulse = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=2_000, phase_width_us=200)
    asked = Stimulus(pulse=pulse, frequency_mhz=50_000, cycle=cycle, lead=lead)
    no = answer(asked, slow)
    assert isinstance(no, Refusal)
    assert no.limit_id in ("W22", "W2")
