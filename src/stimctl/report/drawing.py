"""A protocol drawn to scale, as one SVG file: each channel's pulse, its train, and its cycle.

No amplitude is drawn: a protocol has none, it is raised by hand. Heights are percent of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from stimctl.quantity import format_duration
from stimctl.report.panel import Panel
from stimctl.report.setup_text import stimulus_lines
from stimctl.report.svg import WIDTH, n, opening
from stimctl.stimulus import PulseShape
from stimctl.stimulus.pulse import Pulse
from stimctl.stimulus.stimulus import Stimulus
from stimctl.treatment.schema import Channel, Role, TreatmentProtocol
from stimctl.treatment.stimuli import stimulus_of

_LEFT, _PULSE_WIDTH, _TRAIN_LEFT = 44.0, 250.0, 360.0
_HEAD, _CHANNEL_HEIGHT, _FIELD_TOP, _FIELD_HEIGHT = 44.0, 196.0, 44.0, 100.0
_CYCLE_FIELD, _CYCLE_HEIGHT = 44.0, 96.0
_FULL: Final = 100.0
_AIR = 1.12
_PULSES, _BURSTS, _CYCLES = 8, 2, 2
"""So many of each are drawn, where nothing slower changes."""
_US, _MS, _S = 1, 1_000, 1_000_000
_LONG_TRAIN_US = 2 * _S
_AMPLITUDE = "% of amplitude"


def draw_protocol(protocol: TreatmentProtocol) -> str:
    """The whole picture, to be written to a file."""
    title = f"{protocol.id} {protocol.version}: {protocol.title}"
    cycled = [one for one in protocol.channels if one.on_off is not None]
    height = _HEAD + _CHANNEL_HEIGHT * len(protocol.channels)
    height += 24 + _CYCLE_HEIGHT * (len(cycled) or 0.3)
    picture = [
        opening("protocol", title, _described(protocol), WIDTH, round(height)).replace(
            "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
        ),
        f'<rect class="ground" width="{WIDTH}" height="{n(height)}"/>',
        f'<text class="name" x="10" y="22">{escape(title)}</text>',
    ]
    top = _HEAD
    for number, channel in enumerate(protocol.channels, 1):
        picture += _channel(number, channel, top)
        top += _CHANNEL_HEIGHT
    picture += _cycles(protocol, top)
    return "".join((*picture, "</svg>\n"))


def _described(protocol: TreatmentProtocol) -> str:
    return " ".join(
        f"Channel {number}, {one.role}: {_words(_stimulus(one))}."
        for number, one in enumerate(protocol.channels, 1)
    )


def _stimulus(channel: Channel) -> Stimulus:
    """With an amplitude that its second phase divides; heights are shares of it."""
    return stimulus_of(channel, 1_000 * channel.waveform.second_phase_ratio)


def _words(stimulus: Stimulus) -> str:
    return "; ".join(stimulus_lines({"stimulus": stimulus.model_dump(mode="json")}))


def _channel(number: int, channel: Channel, top: float) -> Iterator[str]:
    stimulus = _stimulus(channel)
    yield (
        f'<text x="10" y="{n(top)}"><tspan class="name">Channel {number}: {escape(channel.role)}'
        f'</tspan></text><text x="10" y="{n(top + 15)}">{escape(_words(stimulus))}</text>'
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
    until_s = _CYCLES * max(periods) / _S + max(one.begins_us for one in protocol.channels) / _S
    top += 24
    for number, role in enumerate(protocol.channels, 1):
        if role.on_off is not None:
            panel = Panel(_LEFT, top + 14, WIDTH - _LEFT - 18, _CYCLE_FIELD, until_s, 0.0, _FULL)
            of = f"channel {number}, the first {until_s:g} s of {session}"
            yield from panel.axes(f"time in s: the cycle of {of}", _AMPLITUDE, (0, 50, 100))
            yield panel.line(_trapezia(role, until_s))
            top += _CYCLE_HEIGHT


def _trapezia(role: Role, until_s: float) -> list[tuple[float, float]]:
    cycle = role.on_off
    assert cycle is not None
    corners = [(0.0, 0.0)]
    begin_us = role.begins_us
    while begin_us / _S < until_s:
        hold_us = begin_us + cycle.ramp_up_us
        down_us = begin_us + cycle.on_us - cycle.ramp_down_us
        corners += [(begin_us, 0.0), (hold_us, _FULL), (down_us, _FULL),
                    (begin_us + cycle.on_us, 0.0)]  # fmt: skip
        begin_us += cycle.period_us
    inside = [(at_us / _S, level) for at_us, level in corners if at_us / _S <= until_s]
    return [*inside, (until_s, inside[-1][1])]


def _heights(pulse: Pulse) -> tuple[float, float]:
    """From the lowest to the highest that a pulse reaches, with air."""
    low = 0.0 if pulse.shape is PulseShape.MONOPHASIC else -_FULL / pulse.second_phase_ratio
    return low * 1.1, _FULL * 1.1


def _levels(pulse: Pulse) -> tuple[float, ...]:
    return (0, 100) if pulse.shape is PulseShape.MONOPHASIC else (-100, 0, 100)
