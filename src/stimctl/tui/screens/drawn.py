"""What the plot of the session and the picture of the pulse show now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_frequency
from stimctl.tui.model.history import Point, planned
from stimctl.tui.model.planned import is_in_percent
from stimctl.tui.model.run import RunPage
from stimctl.tui.widgets.plot_shown import Curve, PlotShown, Points
from stimctl.tui.widgets.pulse_view import PulseShown

if TYPE_CHECKING:
    from stimctl.stimulus import Stimulus
    from stimctl.treatment.program import Carried

_US_PER_MIN = 60_000_000


def plot_shown(run: RunPage) -> PlotShown:
    """Every channel over the whole session; what comes is as if nobody changed anything."""
    bed, live, now_ns = run.bed, run.bed.live, run.desk.clock.mono_ns()
    scale = 1000 if live.measure.is_dose else 1
    at_us = live.past_us(now_ns)
    curves = tuple(
        Curve(
            number,
            _points(live.history.confirmed.get(number), scale),
            _points(live.history.commanded.get(number), scale),
            _scaled(_ahead(run, number, at_us), scale),
        )
        for number in sorted(live.channels)
    )
    length_us = live.duration_us or (bed.plan.duration_us if bed.plan is not None else 0)
    return PlotShown(
        curves, at_us / _US_PER_MIN, max(length_us, 1) / _US_PER_MIN, live.measure.unit
    )


def _points(course: Any, scale: int) -> Points:
    return () if course is None else _scaled(course.points, scale)


def _scaled(points: list[Point], scale: int) -> Points:
    return tuple((at_min, level / scale) for at_min, level in points)


def _ahead(run: RunPage, number: int, at_us: int) -> list[Point]:
    """From now on, at the level that is set, and in later stages that take it; before the start,
    at the maximum. What has still to be raised by hand is not drawn."""
    bed, live = run.bed, run.bed.live
    if bed.plan is None:
        return []
    going = live.state in ("running", "paused")
    channel, now = live.channels[number], bed.plan.stage_at(at_us)
    level = channel.set_level if going else channel.ceiling_level or 0
    found: list[Point] = []
    for stage in bed.plan.stages[now.number :]:
        one, source = stage.channel(number), stage.carried.get(number)
        is_now = stage.number == now.number
        if one is None or (going and not is_now and _stage_of(source) != now.number):
            continue
        share = level if source is None or is_now else source.plateau(level, one.step)
        from_us = stage.output_from_us
        begin_us = from_us + one.start_after_us
        found += planned(one.cycle, begin_us, max(at_us, from_us), stage.end_us, share)
    return found


def _stage_of(source: Carried | None) -> int | None:
    return None if source is None else source.stage


def pulse_shown(run: RunPage) -> PulseShown | None:
    """One pulse of the selected channel; None where another unit gives them."""
    number = run.hot.last if run.hot.last in run.bed.live.channels else None
    number = number or min(run.bed.live.channels, default=0)
    one = run.planned(number)
    if one is None or is_in_percent(one):
        return None
    amplitude = run.bed.measure.text(run.bed.live.channels[number].set_level)
    return pulse_of(one.stimulus, 1e6 / one.period_us, amplitude, number)


def pulse_of(
    stimulus: Stimulus, rate_hz: float, amplitude: str = "", channel: int = 0
) -> PulseShown:
    """One pulse of a stimulus, as the device gives it."""
    pulse, burst = stimulus.pulse, stimulus.burst
    return PulseShown(
        phase_us=pulse.phase_width_us,
        gap_us=pulse.interphase_gap_us,
        balance_us=pulse.second_phase_width_us,
        balance_height=1 / pulse.second_phase_ratio,
        rate_hz=round(rate_hz, 4),
        amplitude=amplitude,
        burst=""
        if burst is None
        else f"bursts of {burst.pulses_per_burst} at {format_frequency(burst.burst_frequency_mhz)}",
        channel=channel,
    )
