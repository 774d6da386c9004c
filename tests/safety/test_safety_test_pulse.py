"""A device's own test pulse belongs to the dose: in every limit, in every second, in every sum."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

import pytest

from stimctl.devices.p24.output import OutputEncoder
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehamove3.model import REHAMOVE3
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.safety import (
    Cleared,
    Electrode,
    Envelope,
    Profile,
    Refusal,
    clear,
    clear_together,
    envelope_for,
)
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.safety.measure import measure
from stimctl.safety.quantities import Quantity
from stimctl.safety.with_test_pulse import dose_on, worst_second_on
from stimctl.stimulus import Pulse, PulseShape, Stimulus, worst_second
from stimctl.stimulus.exact import exact_dose

BOUNDS = REHAMOVE3_SHEET.bounds
WITHOUT = replace(BOUNDS, test_pulse=None)
PAD = Electrode(area_mm2=2_500)


def stimulus(amplitude_ua: int = 10_000, width_us: int = 200, rate_hz: int = 50) -> Stimulus:
    pulse = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=amplitude_ua, phase_width_us=width_us)
    return Stimulus(pulse=pulse, frequency_mhz=rate_hz * 1_000)


def envelope(device: DeviceBounds = BOUNDS, pad: Electrode = PAD) -> Envelope:
    return envelope_for(device, pad, profile=Profile.RESEARCH)


@pytest.mark.hazard("H49")
def test_the_test_pulse_counts_in_every_limit_on_dose_and_charge() -> None:
    asked = stimulus()
    with_it, bare = measure(asked, envelope()), measure(asked, envelope(WITHOUT))
    # 50 a second, twice 15 us of 15 mA each.
    energy_ma2 = Fraction(50 * 2 * 15 * 15**2, 10**6)
    rectified_ma = Fraction(50 * 2 * 15 * 15, 10**6)
    apart = {quantity: with_it.values[quantity] - value for quantity, value in bare.values.items()}
    assert apart[Quantity.RMS_CURRENT] == energy_ma2
    assert apart[Quantity.AVERAGE_CURRENT] == rectified_ma
    assert apart[Quantity.POWER_DENSITY] == Fraction(500, 10**6) * energy_ma2 / 25
    assert apart[Quantity.CURRENT_DENSITY] == energy_ma2 / 25**2
    assert apart[Quantity.ENERGY_PER_PULSE] == Fraction(500 * 2 * 15 * 15**2, 10**9)
    assert apart[Quantity.DC_CURRENT] == apart[Quantity.AMPLITUDE] == 0


@pytest.mark.parametrize(("amplitude_ua", "charge_uc"), [(500, "0.225"), (10_000, "2")])
def test_the_charge_per_phase_is_that_of_the_larger_phase(
    amplitude_ua: int, charge_uc: str
) -> None:
    assert dose_on(stimulus(amplitude_ua), BOUNDS).charge_per_phase_uc == Fraction(charge_uc)


def test_a_device_without_one_has_the_dose_of_the_stimulus() -> None:
    asked = stimulus()
    assert dose_on(asked, P24_SHEET.bounds) == exact_dose(asked)
    assert worst_second_on(asked, P24_SHEET.bounds) == worst_second(asked)


def test_a_channel_at_0_ma_is_off_and_has_no_dose() -> None:
    assert dose_on(stimulus(0), BOUNDS) == exact_dose(stimulus(0))


@pytest.mark.hazard("H49")
def test_what_only_the_test_pulses_push_over_a_limit_is_refused() -> None:
    """As much current as fits without them may not fit with them; what is offered instead does."""
    asked, found = stimulus(130_000, 300, 100), 0
    for area_mm2 in range(100, 400, 10):
        pad = Electrode(area_mm2=area_mm2)
        without = clear(asked, envelope(WITHOUT, pad), acknowledged=frozenset({"L-J"}))
        assert isinstance(without, Refusal)
        assert without.nearest is not None
        most = without.nearest.stimulus
        refused = clear(most, envelope(BOUNDS, pad), acknowledged=frozenset({"L-J"}))
        if isinstance(refused, Cleared):
            continue  # half a milliampere of room was left
        found += 1
        assert refused.nearest is not None
        less = refused.nearest.stimulus
        assert 0 < less.pulse.amplitude_ua < most.pulse.amplitude_ua
        again = clear(less, envelope(BOUNDS, pad), acknowledged=frozenset({"L-J"}))
        assert isinstance(again, Cleared)
    assert found


@pytest.mark.hazard("H49")
def test_a_second_holds_the_test_pulses_and_so_does_what_the_gate_counts() -> None:
    proof = clear(stimulus(), envelope())
    assert isinstance(proof, Cleared)
    assert proof.second.square_ua2_us == 50 * (400 * 10_000**2 + 30 * 15_000**2)
    assert proof.second.rectified_ua_us == 50 * (400 * 10_000 + 30 * 15_000)
    lower = proof.lowered_to(5_000)
    assert lower.second.square_ua2_us == 50 * (400 * 5_000**2 + 30 * 15_000**2)
    unit = OutputEncoder(REHAMOVE3).frame({1: proof.point(10_000)}).units[1]
    assert unit.dose.square_ua2_us * 50 == proof.second.square_ua2_us
    assert unit.dose.rectified_ua_us * 50 == proof.second.rectified_ua_us
    # At 0 mA it is off, and what tests alone give is far below every limit.
    assert not OutputEncoder(REHAMOVE3).frame({1: proof.point(0)}).units


@pytest.mark.hazard("H43")
def test_channels_in_one_region_are_summed_with_their_test_pulses() -> None:
    """What is offered in place of a sum that is too much is not too much."""
    pad = Electrode(area_mm2=2_500, site="left-quadriceps")

    def judged(first_ua: int, second_ua: int, device: DeviceBounds = BOUNDS) -> object:
        both = {
            number: (stimulus(amplitude_ua, 400, 100), envelope(device, pad))
            for number, amplitude_ua in ((1, first_ua), (2, second_ua))
        }
        return clear_together(both, frozenset({"L-J"}))

    sums = [
        refused
        for amplitude_ua in range(20_000, 130_001, 2_500)
        if isinstance(refused := judged(amplitude_ua, amplitude_ua), Refusal)
        and refused.limit_id == "H43"
    ]
    assert sums
    for refused in sums:
        assert refused.nearest is not None
        instead = refused.nearest.stimulus.pulse.amplitude_ua
        other = next(ua for ua in range(20_000, 130_001, 2_500) if judged(ua, ua) == refused)
        assert not isinstance(judged(instead, other), Refusal)
    assert isinstance(judged(500, 500, WITHOUT), dict | MappingProxyType)
