"""The nearest stimulus that keeps one broken rule: offered to the operator, never taken silently.

Every function returns a `Repair`, or None where no value of its parameter would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from stimctl.quantity import format_current, format_duration, format_frequency
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus import Burst, Cycle, Stimulus
from stimctl.stimulus.laws import RateLaw, Turns

_US_MHZ = 10**9
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Repair:
    """One parameter changed: its name, new value and text, and the stimulus with it."""

    parameter: str
    value: int
    text: str
    stimulus: Stimulus


def _changed(stimulus: Stimulus, **changes: Any) -> Stimulus | None:
    try:
        return Stimulus.model_validate({**dict(stimulus), **changes})
    except ValidationError:
        return None


def _repair(
    parameter: str, value: int, text: str, stimulus: Stimulus, **changes: Any
) -> Repair | None:
    changed = _changed(stimulus, **changes)
    return None if changed is None else Repair(parameter, value, text, changed)


def _within(law: RateLaw | None, lowest: int, highest: int, step: int = 1) -> dict[str, Any] | None:
    """The law with its values on the grid and within lowest..highest, as values to validate."""
    if law is None:
        return None
    if isinstance(law, Turns):
        values = tuple(_clamp(value, lowest, highest, step) for value in law.values)
        return {**dict(law), "values": values}
    return {
        **dict(law),
        "lowest": _clamp(law.lowest, lowest, highest, step),
        "highest": _clamp(law.highest, lowest, highest, step),
    }


def _clamp(value: int, lowest: int, highest: int, step: int) -> int:
    """The value, rounded down to the grid, not below `lowest` and not above `highest`."""
    low, high = -(-lowest // step) * step, highest - highest % step
    return max(low, min(value - value % step, high))


def amplitude(stimulus: Stimulus, amplitude_ua: int) -> Repair | None:
    """The same at this amplitude."""
    pulse = {**dict(stimulus.pulse), "amplitude_ua": amplitude_ua}
    return _repair("amplitude", amplitude_ua, format_current(amplitude_ua), stimulus, pulse=pulse)


def frequency(stimulus: Stimulus, lowest_mhz: int, highest_mhz: int) -> Repair | None:
    """The same with every pulse rate within these."""
    if lowest_mhz > highest_mhz:
        return None
    value = _clamp(stimulus.frequency_mhz, lowest_mhz, highest_mhz, 1)
    sweep = _within(stimulus.frequency_sweep, lowest_mhz, highest_mhz)
    return _repair(
        "frequency",
        value,
        f"frequency {format_frequency(value)}",
        stimulus,
        frequency_mhz=value,
        frequency_sweep=sweep,
        burst=stimulus.burst and {**dict(stimulus.burst), "interval_us": None},
    )


def constant_frequency(stimulus: Stimulus, frequency_mhz: int) -> Repair | None:
    """The same at this pulse rate throughout."""
    return _repair(
        "frequency",
        frequency_mhz,
        f"frequency {format_frequency(frequency_mhz)} throughout",
        stimulus,
        frequency_mhz=frequency_mhz,
        frequency_sweep=None,
    )


def phase_width(stimulus: Stimulus, device: DeviceBounds, highest_us: int) -> Repair | None:
    """The same with every phase width within the device's range and grid, and `highest_us`."""
    step, lowest_us = device.phase_width_step_us, device.phase_width_min_us
    pulse = stimulus.pulse
    highest_us = min(highest_us, device.phase_width_max_us // pulse.second_phase_ratio)
    if -(-lowest_us // step) * step > highest_us:
        return None
    value = _clamp(pulse.phase_width_us, lowest_us, highest_us, step)
    return _repair(
        "phase_width",
        value,
        f"phase width {format_duration(value)}",
        stimulus,
        pulse={**dict(pulse), "phase_width_us": value},
        width_sweep=_within(stimulus.width_sweep, lowest_us, highest_us, step),
    )


def interphase_gap(stimulus: Stimulus, device: DeviceBounds, highest_us: int) -> Repair | None:
    """The same with the gap within `highest_us`, on the device's grid."""
    value = _clamp(stimulus.pulse.interphase_gap_us, 0, highest_us, device.interphase_gap_step_us)
    pulse = {**dict(stimulus.pulse), "interphase_gap_us": value}
    text = f"interphase gap {format_duration(value)}"
    return _repair("interphase_gap", value, text, stimulus, pulse=pulse)


def pulses_per_burst(stimulus: Stimulus, burst: Burst, highest: int) -> Repair | None:
    """The same with at most this many pulses in a burst."""
    changed = {**dict(burst), "pulses_per_burst": highest}
    text = f"{highest} pulses per burst"
    return _repair("pulses_per_burst", highest, text, stimulus, burst=changed)


def fitting_frequency(stimulus: Stimulus, device: DeviceBounds) -> Repair | None:
    """The same with the highest rate whose period holds the widest pulse and the recovery (W1)."""
    width_us = stimulus.pulse.width_total_for(stimulus.widest_phase_us) + device.recovery_us
    least_us = -(-width_us * _SECOND_US // device.busy_max_us)
    shortest_us = -(-least_us // device.period_step_us) * device.period_step_us
    highest_mhz = _US_MHZ // shortest_us
    return frequency(stimulus, min(stimulus.lowest_frequency_mhz, highest_mhz), highest_mhz)


def no_lead(stimulus: Stimulus) -> Repair | None:
    """The same with a plain first pulse in each hold."""
    return _repair("lead", 1, "no lead", stimulus, lead=None)


def single_pulses(stimulus: Stimulus, burst: Burst) -> Repair | None:
    """The same with one pulse in the place of each burst: never more than was asked for."""
    value = burst.burst_frequency_mhz
    return _repair(
        "frequency",
        value,
        f"single pulses at {format_frequency(value)}",
        stimulus,
        burst=None,
        frequency_mhz=value,
        frequency_sweep=None,
    )


def burst_frequency(stimulus: Stimulus, burst: Burst) -> Repair | None:
    """The same with the fastest bursts that hold their pulses (W4)."""
    return groups_at(stimulus, burst, stimulus.lowest_frequency_mhz // burst.pulses_per_burst)


def groups_at(stimulus: Stimulus, burst: Burst, value: int) -> Repair | None:
    """The same with so many bursts a second (mHz)."""
    changed = {**dict(burst), "burst_frequency_mhz": value}
    text = f"burst frequency {format_frequency(value)}"
    return _repair("burst_frequency", value, text, stimulus, burst=changed)


def ramp_up(stimulus: Stimulus, cycle: Cycle, least_us: int) -> Repair | None:
    """The same with a ramp up of `least_us` (W5)."""
    changed = {**dict(cycle), "ramp_up_us": least_us}
    text = f"ramp up {format_duration(least_us)}"
    return _repair("ramp_up", least_us, text, stimulus, cycle=changed)


def rest(stimulus: Stimulus, cycle: Cycle, period_us: int, least_off_us: int) -> Repair | None:
    """The same with an off time that makes the cycle long enough (W6)."""
    off_us = max(least_off_us, period_us - cycle.on_us)
    changed = {**dict(cycle), "off_us": off_us}
    return _repair("off", off_us, f"off time {format_duration(off_us)}", stimulus, cycle=changed)
