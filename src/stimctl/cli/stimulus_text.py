"""Stimuli and limits in words, the same in every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.quantity import format_duration, format_frequency, format_permille
from stimctl.supervisor.stage_words import cycle_text

if TYPE_CHECKING:
    from stimctl.treatment.schema import CyclePart, Waveform


def waveform_lines(waveform: Waveform, cycle: CyclePart | None) -> list[str]:
    """A protocol's waveform, one property a line."""
    lines = [f"waveform   {waveform.shape.value}"]
    sweep = waveform.phase_width_sweep
    if sweep is not None:
        width = f"{format_duration(sweep.lowest_us)} to {format_duration(sweep.highest_us)}"
        lines.append(f"phase      {width} every {format_duration(sweep.period_us)}")
    elif waveform.phase_width_us is not None:
        lines.append(f"phase      {format_duration(waveform.phase_width_us)}")
    lines.append(f"frequency  {_frequency(waveform)}")
    if waveform.interphase_gap_us:
        lines.append(f"gap        {format_duration(waveform.interphase_gap_us)}")
    if waveform.burst is not None:
        rate = format_frequency(waveform.burst.frequency_mhz)
        lines.append(f"bursts     {waveform.burst.pulses} pulses, {rate}")
    modulation = waveform.amplitude_modulation
    if modulation is not None:
        lowest, period = format_permille(modulation.lowest_permille), modulation.period_us
        lines.append(f"modulation {lowest} to 100 % every {format_duration(period)}")
    if cycle is not None:
        lines.append(f"cycle      {cycle_text(cycle)}")
    return lines


def _frequency(waveform: Waveform) -> str:
    sweep = waveform.frequency_sweep
    if sweep is not None:
        low, high = format_frequency(sweep.lowest_mhz), format_frequency(sweep.highest_mhz)
        return f"{low} to {high} every {format_duration(sweep.period_us)}, {sweep.shape.value}"
    return format_frequency(waveform.frequency_mhz) if waveform.frequency_mhz else "not given"
