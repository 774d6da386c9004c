"""What one channel was set up to give, as numbers with units; None where a record has it not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.stimulus.pulse import PulseShape


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one channel. The fields are those of the table `setups`."""

    electrode_area_cm2: float | None
    electrode_contact_percent: float | None
    start_after_s: float | None
    pulse_shape: str | None
    phase_width_us: float | None
    interphase_gap_us: float | None
    second_phase_width_us: float | None
    pulse_frequency_hz: float | None
    burst_pulses: int | None
    burst_frequency_hz: float | None
    cycle_on_s: float | None
    cycle_off_s: float | None
    ramp_up_s: float | None
    ramp_down_s: float | None
    frequency_changes: bool | None
    width_changes: bool | None
    amplitude_changes: bool | None


def settings_of(setup: Mapping[str, Any]) -> Settings:
    """From what the setup row has of a channel."""
    electrode = _within(setup, "electrode")
    stimulus = _within(setup, "stimulus")
    pulse, burst = _within(stimulus, "pulse"), _within(stimulus, "burst")
    cycle = _within(stimulus, "cycle") or _within(setup, "cycle")
    return Settings(
        electrode_area_cm2=_over(electrode, "area_mm2", 100),
        electrode_contact_percent=_over(electrode, "contact_permille", 10),
        start_after_s=_over(setup, "start_after_us", 1e6),
        pulse_shape=pulse.get("shape"),
        phase_width_us=pulse.get("phase_width_us"),
        interphase_gap_us=pulse.get("interphase_gap_us"),
        second_phase_width_us=_second_phase(pulse),
        pulse_frequency_hz=_over(stimulus, "frequency_mhz", 1_000),
        burst_pulses=burst.get("pulses_per_burst"),
        burst_frequency_hz=_over(burst, "burst_frequency_mhz", 1_000),
        cycle_on_s=_over(cycle, "on_us", 1e6),
        cycle_off_s=_over(cycle, "off_us", 1e6),
        ramp_up_s=_over(cycle, "ramp_up_us", 1e6),
        ramp_down_s=_over(cycle, "ramp_down_us", 1e6),
        frequency_changes=_is_there(stimulus, "frequency_sweep"),
        width_changes=_is_there(stimulus, "width_sweep"),
        amplitude_changes=_is_there(stimulus, "amplitude_modulation"),
    )


def _within(outer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = outer.get(name)
    return found if isinstance(found, Mapping) else {}


def _over(values: Mapping[str, Any], name: str, divisor: float) -> float | None:
    value = values.get(name)
    return None if value is None else value / divisor


def _is_there(stimulus: Mapping[str, Any], name: str) -> bool | None:
    return bool(stimulus.get(name)) if stimulus else None


def _second_phase(pulse: Mapping[str, Any]) -> float | None:
    if pulse.get("phase_width_us") is None:
        return None
    if pulse.get("shape") == PulseShape.MONOPHASIC:
        return 0
    return float(pulse["phase_width_us"] * pulse.get("second_phase_ratio", 1))
