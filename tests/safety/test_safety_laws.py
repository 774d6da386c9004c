"""What changes over time is judged and mended like what does not."""

from __future__ import annotations

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import repair
from stimctl.safety.strength import stronger_than
from stimctl.stimulus import Cycle, Pulse, PulseShape, Stimulus
from stimctl.stimulus.laws import Turns
from stimctl.stimulus.modulation import Lead

SYMMETRIC = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=4_000, phase_width_us=200)
ASYMMETRIC = Pulse(
    shape=PulseShape.ASYMMETRIC, amplitude_ua=4_000, phase_width_us=200, second_phase_ratio=4
)


def test_rates_in_turn_are_mended_one_by_one() -> None:
    turns = Turns(values=(20_000, 90_000, 50_000), dwells_us=(250_000, 500_000, 1_000_000))
    stimulus = Stimulus(pulse=SYMMETRIC, frequency_mhz=20_000, frequency_sweep=turns)
    mended = repair.frequency(stimulus, 30_000, 60_000)
    assert mended is not None
    after = mended.stimulus.frequency_sweep
    assert isinstance(after, Turns)
    assert after.values == (30_000, 60_000, 50_000)
    assert after.dwells_us == turns.dwells_us


def test_pulses_of_another_shape_are_never_called_weaker() -> None:
    found = Stimulus(pulse=SYMMETRIC, frequency_mhz=20_000)
    for level_permille in (1, 1_000):
        used = Stimulus(pulse=ASYMMETRIC, frequency_mhz=20_000)
        why = stronger_than(found, used, level_permille, P24_SHEET.bounds)
        assert why == "its pulses have another shape"


def test_holds_that_begin_with_more_pulses_are_never_called_weaker() -> None:
    cycle = Cycle(on_us=2_000_000, off_us=2_000_000, ramp_up_us=500_000, ramp_down_us=500_000)
    plain = Stimulus(pulse=SYMMETRIC, frequency_mhz=20_000, cycle=cycle)
    pair, three = (
        Stimulus(**dict(plain) | {"lead": Lead(pulses=pulses, interval_us=5_000)})
        for pulses in (2, 3)
    )
    for found, used in ((plain, pair), (plain, three), (pair, three)):
        why = stronger_than(found, used, 1, P24_SHEET.bounds)
        assert why == "its holds begin with longer groups"
        assert stronger_than(used, found, 1_000, P24_SHEET.bounds) is None
