"""A protocol with stages drawn to scale: what follows what, and each stage's pulses and cycles."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from stimctl.quantity import format_duration
from stimctl.report.drawing import (
    CHANNEL_HEIGHT,
    CYCLE_HEIGHT,
    HEAD,
    begun,
    cycles_s,
    draw_channel,
    draw_cycle,
    title_of,
    words_of,
)
from stimctl.report.svg import WIDTH, n
from stimctl.supervisor.stage_words import stage_text
from stimctl.treatment.segments import Segment, segment_of, stimulus_of_segment
from stimctl.treatment.staged import StagedProtocol, StagePart

_STRIP_TOP, _STRIP_HEIGHT, _STRIP = 44.0, 22.0, 66.0
_NAME_HEIGHT, _AFTER_STAGE = 34.0, 30.0
_LETTER = 7.0
"""How wide a letter of a name is at most."""


def draw_stages(protocol: StagedProtocol) -> str:
    """The whole picture, to be written to a file. A stage that is repeated is drawn once."""
    stages = [(one, _segments(protocol, place, one)) for place, one in enumerate(protocol.stages)]
    height = HEAD + _STRIP + sum(_height(segments) for _, segments in stages)
    text = " ".join(_described(protocol, stage, segments) for stage, segments in stages)
    picture = [*begun(title_of(protocol), text, height), *_strip(protocol)]
    top = HEAD + _STRIP
    for number, (stage, segments) in enumerate(stages, 1):
        picture += _stage(protocol, number, stage, segments, top)
        top += _height(segments)
    return "".join((*picture, "</svg>\n"))


def _segments(protocol: StagedProtocol, place: int, stage: StagePart) -> list[Segment]:
    found = (segment_of(stage, place, role) for role in protocol.channels)
    return [one for one in found if one is not None]


def _height(segments: list[Segment]) -> float:
    cycled = [one for one in segments if one.on_off is not None]
    return _NAME_HEIGHT + len(segments) * CHANNEL_HEIGHT + len(cycled) * CYCLE_HEIGHT + _AFTER_STAGE


def _described(protocol: StagedProtocol, stage: StagePart, segments: list[Segment]) -> str:
    does = "; ".join(
        f"{one.role.role}: {words_of(stimulus_of_segment(protocol, one, _amplitude(one)))}"
        for one in segments
    )
    return f"Stage {stage.name}, {stage_text(stage)}: {does or 'no output'}."


def _amplitude(one: Segment) -> int:
    """One that its second phase divides; heights are shares of it."""
    return 1_000 * one.waveform.second_phase_ratio


def _strip(protocol: StagedProtocol) -> Iterator[str]:
    """The stages in their order, as long as they last."""
    order = protocol.written_out()
    whole, left = sum(one.duration_us for one in order), 10.0
    for name, same in groupby(order, key=lambda one: one.name):
        width = (WIDTH - 20) * sum(one.duration_us for one in same) / whole
        yield (
            f'<rect class="frame" x="{n(left)}" y="{n(_STRIP_TOP)}" width="{n(width)}" '
            f'height="{n(_STRIP_HEIGHT)}"/>'
        )
        if len(name) * _LETTER < width:
            middle = n(left + width / 2)
            yield (
                f'<text x="{middle}" y="{n(_STRIP_TOP + 15)}" text-anchor="middle">'
                f"{escape(name)}</text>"
            )
        left += width
    words = f"in all {format_duration(whole)}, with zero between any two stages"
    yield f'<text x="10" y="{n(_STRIP_TOP + _STRIP_HEIGHT + 16)}">{words}</text>'


def _stage(
    protocol: StagedProtocol, number: int, stage: StagePart, segments: list[Segment], top: float
) -> Iterator[str]:
    name = f"Stage {number} {stage.name}: {stage_text(stage)}"
    yield f'<text class="name" x="10" y="{n(top + 10)}">{escape(name)}</text>'
    top += _NAME_HEIGHT
    for one in segments:
        stimulus = stimulus_of_segment(protocol, one, _amplitude(one))
        yield from draw_channel(one.role.role, stimulus, top)
        top += CHANNEL_HEIGHT
    cycled = [(one, one.on_off) for one in segments if one.on_off is not None]
    if not cycled:
        return
    until_s = cycles_s([cycle.period_us for _, cycle in cycled],
                       max(one.begins_us for one, _ in cycled))  # fmt: skip
    for one, cycle in cycled:
        rest = one.cycle.rest if one.cycle is not None else None
        level = 0 if rest is None else rest.level_permille
        yield from draw_cycle(one.role.role, cycle, one.begins_us, until_s, top, level)
        top += CYCLE_HEIGHT
