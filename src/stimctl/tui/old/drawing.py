"""Small pictures in text: one pulse, the train, the on/off cycle, and where in it we are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.quantity import format_frequency
from stimctl.tui.model.text import Line, line
from stimctl.tui.model.words import duration_text

if TYPE_CHECKING:
    from stimctl.stimulus import Stimulus
    from stimctl.stimulus.modulation import Cycle

_LEVELS = "▁▂▃▄▅▆▇█"


def pulse(stimulus: Stimulus, width: int) -> list[Line]:
    """One pulse: first phase up, gap, second phase down; widths to scale as far as cells go."""
    from stimctl.stimulus import PulseShape

    shape = stimulus.pulse
    first = max(3, width // 4)
    gap = 0
    if shape.interphase_gap_us:
        gap = max(1, min(first, first * shape.interphase_gap_us // shape.phase_width_us))
    second = 0
    if shape.shape is not PulseShape.MONOPHASIC:
        second = min(first * shape.second_phase_ratio, max(3, width - first - gap - 8))
    inner = " " * (first - 1)
    top = f"   ┌{'─' * (first - 1)}┐"
    base = f"───┘{inner}└───"
    under = ""
    if second:
        join = f"└{'─' * gap}┐" if gap else "│"
        base = f"───┘{inner}{join}{' ' * (second - 1)}┌───"
        under = f"{' ' * (3 + first + (gap + 1 if gap else 0))}└{'─' * (second - 1)}┘"
    gap_text = f", gap {duration_text(shape.interphase_gap_us)}" if gap else ""
    words = f"{shape.shape.value}, phase {duration_text(shape.phase_width_us)}{gap_text}"
    return [*(line((row, "curve")) for row in (top, base, under)), line((words, "dim"))]


def train(stimulus: Stimulus, width: int) -> list[Line]:
    """The train over its first part: a mark for each pulse."""
    burst = stimulus.burst
    if burst is not None:
        marks = "│" * min(burst.pulses_per_burst, 10)
        row = (marks + " " * 8) * 8
        rate = format_frequency(burst.burst_frequency_mhz)
        words = f"bursts of {burst.pulses_per_burst} pulses, {rate}; inside {_rate(stimulus)}"
    else:
        row = "│ " * width if stimulus.frequency_sweep is None else "│ │  │   │    │   │  │ " * 4
        words = _rate(stimulus)
    return [line((row[:width], "curve")), line((words, "dim"))]


def _rate(stimulus: Stimulus) -> str:
    low, high = stimulus.lowest_frequency_mhz, stimulus.highest_frequency_mhz
    if low == high:
        return format_frequency(high)
    return f"{format_frequency(low)} to {format_frequency(high)}"


def level_at(cycle: Cycle, since_us: int) -> float:
    """The level 0..1 of a cycle at a time since its start."""
    if since_us >= cycle.on_us:
        return 0.0
    if since_us < cycle.ramp_up_us:
        return since_us / cycle.ramp_up_us
    left_us = cycle.on_us - since_us
    return min(1.0, left_us / cycle.ramp_down_us)


def cycle_curve(cycle: Cycle, width: int) -> str:
    """One period of on and off as a row of blocks."""
    period_us = cycle.on_us + cycle.off_us
    found = []
    for x in range(width):
        level = level_at(cycle, (2 * x + 1) * period_us // (2 * width))
        found.append(_LEVELS[round(level * (len(_LEVELS) - 1))] if level > 0 else "_")
    return "".join(found)


def cycle(one: Cycle | None, width: int, at_us: int | None = None) -> list[Line]:
    """The cycle, with a mark below where it stands now; a train without one says so."""
    if one is None:
        return [line(("continuous, no on/off cycle", "dim"))]
    words = (
        f"on {duration_text(one.on_us)} (up {duration_text(one.ramp_up_us)}, down "
        f"{duration_text(one.ramp_down_us)}), off {duration_text(one.off_us)}"
    )
    curve = cycle_curve(one, width)
    lines = [line((curve, "curve"))]
    if at_us is not None:
        x = min(width - 1, (at_us % one.period_us) * width // one.period_us)
        lines = [
            line((curve[:x], "curve"), (curve[x], "pick"), (curve[x + 1 :], "curve")),
            line(" " * x, ("▲ now", "strong")),
        ]
    return [*lines, line((words, "dim"))]


def bar(share: float, width: int) -> str:
    """A share of 0..1 as a bar of blocks."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)


def spark(values: list[int], width: int) -> str:
    """The last values as a row of blocks, scaled to their own range."""
    last = values[-width:]
    low, high = min(last), max(last)
    span = max(1, high - low)
    return "".join(_LEVELS[(one - low) * (len(_LEVELS) - 1) // span] for one in last)
