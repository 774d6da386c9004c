"""What the picture of the pulses shows of a plan, or of a protocol that has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_frequency
from stimctl.tui.model.seats import site_name
from stimctl.tui.model.words import duration_text
from stimctl.tui.screens.drawn import pulse_of
from stimctl.tui.widgets.pulse_view import PulseShown
from stimctl.tui.widgets.train_view import TrainShown, TrainsShown

if TYPE_CHECKING:
    from stimctl.stimulus import Stimulus
    from stimctl.tui.model.planning import Choice


def trains_of(choice: Choice) -> TrainsShown | None:
    """Every channel that is set up; None where stages differ, which are told in words."""
    if choice.stages:
        return None
    roles = choice.protocol.channels
    channels = tuple(
        _channel(seat.channel, site_name(seat.site or seat.role_name), roles[seat.role])
        for seat in choice.seats
    )
    return TrainsShown(pulses_of(choice), channels)


def _channel(number: int, label: str, role: Any) -> TrainShown:
    cycle = role.cycle
    if cycle is None:
        return TrainShown(number, label)
    times = (cycle.on_us, cycle.off_us, cycle.ramp_up_us, cycle.ramp_down_us, cycle.start_after_us)
    return TrainShown(number, label, *(us / 1e6 for us in times))


def one_pulse(choice: Choice, role: int = 0) -> PulseShown | None:
    """One pulse; None where another unit gives them, or stages differ."""
    if choice.stages or not choice.measure.is_dose:
        return None
    stimulus = _stimulus(choice, role)
    return pulse_of(stimulus, stimulus.highest_frequency_mhz / 1_000)


def _stimulus(choice: Choice, role: int) -> Stimulus:
    from stimctl.treatment.stimuli import stimulus_of

    one: Any = choice.protocol.channels[role]
    return stimulus_of(one, 0)


def pulses_of(choice: Choice) -> str:
    """Shape, width and rate of the first role, in words."""
    if not choice.measure.is_dose:
        return "Pulses of the other unit, as set on it"
    stimulus = _stimulus(choice, 0)
    low, high = stimulus.lowest_frequency_mhz, stimulus.highest_frequency_mhz
    rate = format_frequency(high)
    rate = rate if low == high else f"{format_frequency(low)} to {rate}"
    burst = stimulus.burst
    if burst is not None:
        often = format_frequency(burst.burst_frequency_mhz)
        rate = f"{burst.pulses_per_burst} pulses at {rate}, {often} bursts"
    shape = stimulus.pulse
    return f"{duration_text(shape.phase_width_us)} pulses, {rate}, {shape.shape.value}"
