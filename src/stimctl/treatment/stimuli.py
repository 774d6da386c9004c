"""From the words of a protocol file to the stimulus of one role."""

from __future__ import annotations

from stimctl.stimulus import AmplitudeModulation, Burst, Pulse, Stimulus, Sweep
from stimctl.treatment.schema import Channel


def stimulus_of(channel: Channel, amplitude_ua: int) -> Stimulus:
    """The stimulus of one role at `amplitude_ua` (uA). Raises pydantic's ValidationError.

    A swept frequency or width counts as its highest value, so that every limit is judged at the
    worst corner of the programme.
    """
    wave = channel.waveform
    f_sweep, w_sweep = wave.frequency_sweep, wave.phase_width_sweep
    frequency_mhz = f_sweep.highest_mhz if f_sweep else wave.frequency_mhz
    width_us = w_sweep.highest_us if w_sweep else wave.phase_width_us
    return Stimulus(
        pulse=Pulse(
            shape=wave.shape,
            amplitude_ua=amplitude_ua,
            phase_width_us=width_us or 0,
            interphase_gap_us=wave.interphase_gap_us,
            second_phase_ratio=wave.second_phase_ratio,
        ),
        frequency_mhz=frequency_mhz or 0,
        burst=_burst(channel),
        frequency_sweep=_frequency_sweep(channel),
        width_sweep=_width_sweep(channel),
        amplitude_modulation=_modulation(channel),
        cycle=channel.on_off,
        motor=channel.moves_muscle,
    )


def _burst(channel: Channel) -> Burst | None:
    part = channel.waveform.burst
    if part is None:
        return None
    return Burst(pulses_per_burst=part.pulses, burst_frequency_mhz=part.frequency_mhz)


def _frequency_sweep(channel: Channel) -> Sweep | None:
    part = channel.waveform.frequency_sweep
    if part is None:
        return None
    return Sweep(
        lowest=part.lowest_mhz, highest=part.highest_mhz, period_us=part.period_us, shape=part.shape
    )


def _width_sweep(channel: Channel) -> Sweep | None:
    part = channel.waveform.phase_width_sweep
    if part is None:
        return None
    return Sweep(
        lowest=part.lowest_us, highest=part.highest_us, period_us=part.period_us, shape=part.shape
    )


def _modulation(channel: Channel) -> AmplitudeModulation | None:
    part = channel.waveform.amplitude_modulation
    if part is None:
        return None
    return AmplitudeModulation(
        lowest_permille=part.lowest_permille, period_us=part.period_us, shape=part.shape
    )
