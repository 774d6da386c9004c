"""A protocol drawn to scale, as one SVG file: each channel's pulse, its train, and its cycle.

No amplitude is drawn: a protocol has none, it is raised by hand. Heights are percent of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from stimctl.quantity import format_duration
from stimctl.report.panel import Panel
from stimctl.report.setup_text import stimulus_lines
from stimctl.report.svg import REST_RAMP_US, WIDTH, n, opening
from stimctl.stimulus import Cycle, PulseShape
from stimctl.stimulus.pulse import Pulse
from stimctl.stimulus.stimulus import Stimulus
from stimctl.treatment.schema import Channel, ProtocolBase, TreatmentProtocol
from stimctl.treatment.stimuli import stimulus_of

_LEFT, _PULSE_WIDTH, _TRAIN_LEFT = 44.0, 250.0, 360.0
HEAD, CHANNEL_HEIGHT, _FIELD_TOP, _FIELD_HEIGHT = 44.0, 196.0, 44.0, 100.0
_CYCLE_FIELD, CYCLE_HEIGHT = 44.0, 96.0
_FULL: Final = 100.0
_AIR = 1.12
_PULSES, _BURSTS, _CYCLES = 8, 2, 2
"""So many of each are drawn, where nothing slower changes."""
_US, _MS, _S = 1, 1_000, 1_000_000
_LONG_TRAIN_US = 2 * _S
_AMPLITUDE = "% of amplitude"


def draw_protocol(protocol: TreatmentProtocol) -> str:
    """The whole picture, to be written to a file."""
    title = title_of(protocol)
    cycled = [one for one in protocol.channels if one.on_off is not None]
    height = HEAD + CHANNEL_HEIGHT * len(protocol.channels)
    height += 24 + CYCLE_HEIGHT * (len(cycled) or 0.3)
    picture = [*begun(title, _described(protocol), height)]
    top = HEAD
    for number, channel in enumerate(protocol.channels, 1):
        picture += draw_channel(f"Channel {number}: {channel.role}", _stimulus(channel), top)
        top += CHANNEL_HEIGHT
    picture += _cycles(protocol, top)
    return "".join((*picture, "</svg>\n"))


def title_of(protocol: ProtocolBase) -> str:
    """The name of a protocol over its picture."""
    return f"{protocol.id} {protocol.version}: {protocol.title}"


def begun(title: str, text: str, height: float) -> Iterator[str]:
    """The beginning of a picture, with its title."""
    yield opening("protocol", title, text, WIDTH, round(height)).replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
    )
    yield f'<rect class="ground" width="{WIDTH}" height="{n(height)}"/>'
    yield f'<text class="name" x="10" y="22">{escape(title)}</text>'


def _described(protocol: TreatmentProtocol) -> str:
    return " ".join(
        f"Channel {number}, {one.role}: {words_of(_stimulus(one))}."
        for number, one in enumerate(protocol.channels, 1)
    )


def _stimulus(channel: Channel) -> Stimulus:
    """With an amplitude that its second phase divides; heights are shares of it."""
    return stimulus_of(channel, 1_000 * channel.waveform.second_phase_ratio)


def words_of(stimulus: Stimulus) -> str:
    """What a channel does, in a line."""
    return "; ".join(stimulus_lines({"stimulus": stimulus.model_dump(mode="json")}))


def draw_channel(name: str, stimulus: Stimulus, top: float) -> Iterator[str]:
    """Pulse and train of a channel, with its name and in words; `CHANNEL_HEIGHT` high."""
    yield (
        f'<text x="10" y="{n(top)}"><tspan class="name">{escape(name)}'
        f'</tspan></text><text x="10" y="{n(top + 15)}">{escape(words_of(stimulus))}</text>'
    )
    yield from _pulse(stimulus, top + _FIELD_TOP)
    yield from _train(stimulus, top + _FIELD_TOP)


def _pulse(stimulus: Stimulus, top: float) -> Iterator[str]:
    pulse, widest, narrowest = stimulus.pulse, stimulus.widest_phase_us, stimulus.narrowest_phase_us
    length_us = pulse.width_total_for(widest)
    unit, name = (_MS, "ms") if length_us >= 2 * _MS else (_US, "us")
    until = length_us * _AIR / unit
    panel = Panel(_LEFT, top, _PULSE_WIDTH, _FIELD_HEIGHT, until, *_heights(pulse))
    dashed = "" if narrowest == widest else ", dashed: the narrowest"
    yield from panel.axes(f"time in {name}: one pulse{dashed}", _AMPLITUDE, _levels(pulse))
    if dashed:
        yield panel.line(_edges(pulse, narrowest, unit), "planned")
    yield panel.line((*_edges(pulse, widest, unit), (until, 0.0)))


def _edges(pulse: Pulse, phase_us: int, unit: int) -> list[tuple[float, float]]:
    second_us, low = pulse.second_width_for(phase_us), -_FULL / pulse.second_phase_ratio
    corners = [(0, 0.0), (0, _FULL), (phase_us, _FULL), (phase_us, 0.0)]
    if second_us:
        begin_us = phase_us + pulse.interphase_gap_us
        end_us = begin_us + second_us
        corners += [(begin_us, 0.0), (begin_us, low), (end_us, low), (end_us, 0.0)]
    return [(at_us / unit, level) for at_us, level in corners]


def _train(stimulus: Stimulus, top: float) -> Iterator[str]:
    """Pulses as lines, at their times."""
    until_us = _train_us(stimulus)
    unit, name = (_S, "s") if until_us >= _LONG_TRAIN_US else (_MS, "ms")
    pulse = stimulus.pulse
    width = WIDTH - 18 - _TRAIN_LEFT
    panel = Panel(_TRAIN_LEFT, top, width, _FIELD_HEIGHT, until_us / unit, *_heights(pulse))
    yield from panel.axes(f"time in {name}: the train of pulses", _AMPLITUDE, _levels(pulse))
    low = 0.0 if pulse.shape is PulseShape.MONOPHASIC else 1 / pulse.second_phase_ratio
    path = []
    for at_us in _pulse_times(stimulus, until_us):
        change = stimulus.amplitude_modulation
        height = _FULL if change is None else change.value_at(round(at_us)) / 10
        x = n(panel.across(at_us / unit))
        path.append(f"M{x} {n(panel.up(height))}V{n(panel.up(-height * low))}")
    yield f'<path class="thin" d="{"".join(path)}"/>'


def _train_us(stimulus: Stimulus) -> float:
    """Long enough for what changes slowest, or for a few pulses."""
    sweep, change, burst = (
        stimulus.frequency_sweep, stimulus.amplitude_modulation, stimulus.burst
    )  # fmt: skip
    slow = [one.round_us for one in (sweep, change, stimulus.width_sweep) if one is not None]
    if slow:
        return max(slow)
    if burst is not None:
        return _BURSTS * 1e9 / burst.burst_frequency_mhz
    return _PULSES * 1e9 / stimulus.frequency_mhz


def _pulse_times(stimulus: Stimulus, until_us: float) -> Iterator[float]:
    burst, sweep = stimulus.burst, stimulus.frequency_sweep
    if burst is not None:
        distance_us = 1e9 / stimulus.frequency_mhz
        begin_us = 0.0
        while begin_us < until_us - 1:
            yield from (begin_us + one * distance_us for one in range(burst.pulses_per_burst))
            begin_us += 1e9 / burst.burst_frequency_mhz
        return
    at_us = 0.0
    while at_us < until_us - 1:
        yield at_us
        at_us += 1e9 / (sweep.value_at(round(at_us)) if sweep else stimulus.frequency_mhz)


def _cycles(protocol: TreatmentProtocol, top: float) -> Iterator[str]:
    """All on one axis of time, so that it is seen which of them are on together."""
    session = format_duration(protocol.usual_duration_us)
    periods = [one.on_off.period_us for one in protocol.channels if one.on_off is not None]
    if not periods:
        words = f"No cycle: on for the whole session, {session}."
        yield f'<text x="10" y="{n(top + 14)}">{words}</text>'
        return
    until_s = cycles_s(periods, max(one.begins_us for one in protocol.channels))
    top += 24
    for number, role in enumerate(protocol.channels, 1):
        if role.on_off is not None:
            of = f"channel {number}, the first {until_s:g} s of {session}"
            yield from draw_cycle(of, role.on_off, role.begins_us, until_s, top)
            top += CYCLE_HEIGHT


def cycles_s(periods_us: Sequence[int], begins_us: int) -> float:
    """How much of the time is drawn, in s: what shows each of these periods in whole."""
    return (_CYCLES * max(periods_us) + begins_us) / _S


def draw_cycle(
    of: str, cycle: Cycle, begins_us: int, until_s: float, top: float, rest_permille: int = 0
) -> Iterator[str]:
    """On and off times with their ramps, and slow pulses in the off time; `CYCLE_HEIGHT` high."""
    panel = Panel(_LEFT, top + 14, WIDTH - _LEFT - 18, _CYCLE_FIELD, until_s, 0.0, _FULL)
    yield from panel.axes(f"time in s: the cycle of {of}", _AMPLITUDE, (0, 50, 100))
    yield panel.line(_trapezia(cycle, begins_us, until_s, rest_permille / 10))


def _trapezia(
    cycle: Cycle, begin_us: int, until_s: float, resting: float
) -> list[tuple[float, float]]:
    corners = [(0.0, 0.0)]
    while begin_us / _S < until_s:
        hold_us = begin_us + cycle.ramp_up_us
        off_us, next_us = begin_us + cycle.on_us, begin_us + cycle.period_us
        corners += [(begin_us, 0.0), (hold_us, _FULL), (off_us - cycle.ramp_down_us, _FULL),
                    (off_us, 0.0)]  # fmt: skip
        if resting:
            corners += [(off_us + REST_RAMP_US, resting), (next_us - REST_RAMP_US, resting)]
        begin_us = next_us
    inside = [(at_us / _S, level) for at_us, level in corners if at_us / _S <= until_s]
    return [*inside, (until_s, inside[-1][1])]


def _heights(pulse: Pulse) -> tuple[float, float]:
    """From the lowest to the highest that a pulse reaches, with air."""
    low = 0.0 if pulse.shape is PulseShape.MONOPHASIC else -_FULL / pulse.second_phase_ratio
    return low * 1.1, _FULL * 1.1


def _levels(pulse: Pulse) -> tuple[float, ...]:
    return (0, 100) if pulse.shape is PulseShape.MONOPHASIC else (-100, 0, 100)
