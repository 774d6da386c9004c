"""Whether a plateau that was found with one waveform may be used with another (A12)."""

from __future__ import annotations

from fractions import Fraction

from stimctl.quantity import format_permille
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.safety.with_test_pulse import dose_on
from stimctl.stimulus import Stimulus

_PROBE_UA = 1_000_000
"""Both are compared at one amplitude: what a shape makes of it is a ratio."""


def stronger_than(
    found: Stimulus, used: Stimulus, level_permille: int, device: DeviceBounds
) -> str | None:
    """Why `used` at this level of the plateau may be felt stronger than `found` at the plateau.

    None where its charge per phase and its r.m.s. in the worst second are both at most those of
    `found`, shape and ratio of the phases the same. A device's own test pulse counts with both.
    """
    if (found.pulse.shape, found.pulse.second_phase_ratio) != (
        used.pulse.shape,
        used.pulse.second_phase_ratio,
    ):
        return "its pulses have another shape"
    if _group(used) > _group(found):
        return "its groups of pulses are longer"
    if _lead(used) > _lead(found):
        return "its holds begin with longer groups"
    probe_ua = _PROBE_UA // found.pulse.second_phase_ratio * found.pulse.second_phase_ratio
    before = dose_on(found.with_amplitude(probe_ua), device)
    after = dose_on(used.with_amplitude(probe_ua), device)
    share = Fraction(level_permille, 1_000)
    at = f"at {format_permille(level_permille)} of the plateau"
    if after.charge_per_phase_uc * share > before.charge_per_phase_uc:
        return f"{at} each pulse has more charge"
    if after.rms_ma_squared * share**2 > before.rms_ma_squared:
        return f"{at} its r.m.s. current is higher"
    return None


def _group(stimulus: Stimulus) -> int:
    return 1 if stimulus.burst is None else stimulus.burst.pulses_per_burst


def _lead(stimulus: Stimulus) -> int:
    return 1 if stimulus.lead is None else stimulus.lead.pulses
