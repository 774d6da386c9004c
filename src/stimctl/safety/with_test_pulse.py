"""The dose of a stimulus on a device that gives a test pulse of its own before each pulse.

The test pulse belongs to the dose of the person as any other current does: in r.m.s. current,
rectified average, energy, and in the charge per phase where its phase is the larger one.
"""

from __future__ import annotations

from dataclasses import replace

from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus import SecondDose, Stimulus, worst_second
from stimctl.stimulus.exact import ExactDose, exact_dose, exact_dose_of
from stimctl.stimulus.second import worst_second_pulses


def dose_on(stimulus: Stimulus, device: DeviceBounds) -> ExactDose:
    """The exact dose of the worst second of `stimulus` on this device; 0 mA is off."""
    dose, test = exact_dose(stimulus), device.test_pulse
    if test is None or not stimulus.pulse.amplitude_ua:
        return dose
    own = exact_dose_of(
        test.amplitude_ua,
        test.phase_width_us,
        test.amplitude_ua,
        test.phase_width_us,
        _tests(stimulus, device),
    )
    return replace(
        dose,
        charge_per_phase_uc=max(dose.charge_per_phase_uc, own.charge_per_phase_uc),
        rms_ma_squared=dose.rms_ma_squared + own.rms_ma_squared,
        rectified_average_ma=dose.rectified_average_ma + own.rectified_average_ma,
        energy_per_pulse_mj=dose.energy_per_pulse_mj + own.energy_per_pulse_mj,
    )


def worst_second_on(stimulus: Stimulus, device: DeviceBounds) -> SecondDose:
    """What the worst second of `stimulus` holds on this device, tests at 0 mA included."""
    second, test = worst_second(stimulus), device.test_pulse
    if test is None:
        return second
    tests = _tests(stimulus, device)
    return SecondDose(
        second.pulses,
        second.square_ua2_us + tests * test.energy_ua2_us,
        second.rectified_ua_us + tests * test.rectified_ua_us,
    )


def _tests(stimulus: Stimulus, device: DeviceBounds) -> int:
    """How many test pulses the worst second holds: of a group that the device gives as one form
    there is one."""
    burst = stimulus.burst
    alone: dict[str, object] = {"lead": None}
    if burst is not None and device.group_of(stimulus) is not None:
        alone |= {"burst": None, "frequency_mhz": burst.burst_frequency_mhz}
    elif stimulus.lead is None:
        return worst_second_pulses(stimulus)
    return worst_second_pulses(Stimulus.model_validate({**dict(stimulus), **alone}))
