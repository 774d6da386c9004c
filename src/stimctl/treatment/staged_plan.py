"""Compiles a file with stages: each stage is cleared by itself, with all of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import UsageError
from stimctl.quantity import format_duration
from stimctl.safety import Layer, LayeredBounds, Quantity, Refusal
from stimctl.safety.bounds import Bound
from stimctl.safety.channel_pairs import refused_for
from stimctl.safety.strength import stronger_than
from stimctl.stimulus import Pulse, Stimulus
from stimctl.stimulus.exact import exact_dose
from stimctl.treatment.clearing import Choices, Wanted, clear_currents
from stimctl.treatment.consistency import SESSION_CAP_US
from stimctl.treatment.duration import Duration, check_length
from stimctl.treatment.event_plan import StageEvents, stage_events
from stimctl.treatment.functional_plan import switching_of
from stimctl.treatment.offsets import offset_refusal, with_offset_note
from stimctl.treatment.one_list import one_list
from stimctl.treatment.painful import painful
from stimctl.treatment.program import (
    Carried,
    ChannelSetup,
    CurrentChannel,
    CurrentPlan,
    Plan,
    Stage,
    StageKind,
)
from stimctl.treatment.segments import segment_in, stimulus_of_segment
from stimctl.treatment.staged import OWN, StagedProtocol, StagePart
from stimctl.treatment.staged_findings import ZERO_US

_FULL = 1_000
_Asked = Sequence[tuple[ChannelSetup[Any], Any]]


def staged_duration(
    protocol: StagedProtocol, asked_us: int | None, bound: Bound | None
) -> Duration | Refusal:
    """The length of a session; any within the bounds, where the file says which stage gives way."""
    usual_us = protocol.usual_duration_us
    asked_us = usual_us if asked_us is None else asked_us
    if type(asked_us) is not int or asked_us < 1:
        raise UsageError(f"a duration of {asked_us!r} us is invalid", what_to_do='write "20 min"')
    times = _times(protocol)
    changed_us = (asked_us - usual_us) // times * times if times else 0
    used_us = usual_us + changed_us
    refusal = check_length(protocol, asked_us, used_us, bound)
    if refusal is not None:
        return refusal
    notes = []
    if used_us != asked_us:
        how = "its stages have a length each" if not times else "each repetition is as long"
        notes.append(
            f"duration {format_duration(used_us)} instead of {format_duration(asked_us)}: {how}"
        )
    if used_us < usual_us:
        notes.append(
            f"shortened session: {format_duration(used_us)}; the protocol asks for "
            f"{format_duration(usual_us)}"
        )
    if used_us > SESSION_CAP_US:
        notes.append(f"longer than 60 min because: {protocol.session.beyond_an_hour}")
    return Duration(used_us, tuple(notes))


def _times(protocol: StagedProtocol) -> int:
    """How often the stage comes that gives way."""
    return [stage.name for stage in protocol.written_out()].count(protocol.session.stretch or "")


def compile_staged(
    protocol: StagedProtocol,
    sheet: CapabilitySheet,
    asked: _Asked,
    bounds: LayeredBounds,
    how: Choices,
    duration: Duration,
) -> CurrentPlan | Refusal:
    """The plan, or the first thing that forbids it, with the name of its stage."""
    stages: list[Stage[CurrentChannel]] = []
    names: dict[str, int] = {}
    start_us = 0
    stretched_us = (duration.us - protocol.usual_duration_us) // (_times(protocol) or 1)
    numbers = tuple(setup.channel for setup, _ in asked)
    for place, part in enumerate(protocol.written_out()):
        channels = _channels(protocol, sheet, asked, (part, place), bounds, how)
        if isinstance(channels, Refusal):
            return _in_stage(part, channels)
        carried = _carried(part, names, channels, asked)
        refusal = (
            _too_strong(sheet, stages, channels, carried)
            or _rests(sheet, channels)
            or painful(part, channels, how)
        )
        if refusal is not None:
            return _in_stage(part, refusal)
        switching = switching_of(protocol, part, sheet, channels, stages)
        if isinstance(switching, Refusal):
            return _in_stage(part, switching)
        lasts_us = part.duration_us
        lasts_us += stretched_us if part.name == protocol.session.stretch else 0
        stages.append(
            Stage(
                number=place, name=part.name, kind=StageKind(part.kind.value), sheet=sheet,
                channels=channels, every_channel=numbers, start_us=start_us,
                duration_us=lasts_us, zero_us=ZERO_US if place else 0,
                carried=MappingProxyType(carried), ends_by_operator=part.by_operator,
                switching=switching,
                events=_events(protocol, part, place, channels),
            )
        )  # fmt: skip
        names[part.name] = place
        start_us += lasts_us
    refusal = one_list(sheet, [one for one in stages if one.events is None])
    if refusal is not None:
        return refusal
    strongest = tuple(_strongest(stages, number) for number in numbers)
    return Plan(protocol, sheet, strongest, start_us, duration.notes, tuple(stages))


def _events(
    protocol: StagedProtocol, part: StagePart, place: int, channels: Sequence[CurrentChannel]
) -> StageEvents | None:
    """What a stage gives one by one; the file has seen to it that this is of one channel."""
    if not channels:
        return None
    return stage_events(protocol, part, place, channels[0].channel, channels[0].role)


def _channels(
    protocol: StagedProtocol,
    sheet: CapabilitySheet,
    asked: _Asked,
    stage: tuple[StagePart, int],
    bounds: LayeredBounds,
    how: Choices,
) -> tuple[CurrentChannel, ...] | Refusal:
    """What the channels do in one stage, cleared together."""
    wanted = []
    for setup, role in asked:
        segment = segment_in(protocol, stage[1], stage[0], role)
        if segment is not None:
            stimulus = stimulus_of_segment(protocol, segment, setup.most.value)
            wanted.append(Wanted(setup, role, stimulus, segment.begins_us))
    cleared = clear_currents(protocol, sheet, wanted, bounds, how) if wanted else ()
    if isinstance(cleared, Refusal):
        return cleared
    offsets = {setup.channel: role.offset_us for setup, role in asked}
    channels = tuple(
        replace(one, round_us=round_of(one.stimulus), offset_us=offsets[one.channel])
        for one in cleared
    )
    return offset_refusal(sheet.bounds, channels) or tuple(map(with_offset_note, channels))


def round_of(stimulus: Stimulus) -> int:
    """After so long every value was met, where they differ by more than 1.5 times in charge per
    phase or in rate (A20); else 0."""
    laws = (stimulus.frequency_sweep, stimulus.width_sweep, stimulus.amplitude_modulation)
    there = [law for law in laws if law is not None]
    rate, width, level = ((1, 1) if law is None else (law.lowest, law.highest) for law in laws)
    charge = (width[0] * level[0], width[1] * level[1])
    if all(2 * high <= 3 * low for low, high in (rate, charge)):
        return 0
    return max(law.round_us for law in there)


def _carried(
    part: StagePart,
    names: dict[str, int],
    channels: Sequence[CurrentChannel],
    asked: _Asked,
) -> dict[int, Carried]:
    """Where the plateaus of a stage come from: another stage, or its own last time."""
    source = names.get(part.name if part.plateau == OWN else part.plateau)
    if source is None:
        return {}
    roles = {setup.channel: role.role for setup, role in asked}
    found = {}
    for one in channels:
        own = part.role.get(roles[one.channel])
        level = (own and own.level_permille) or part.level_permille or _FULL
        found[one.channel] = Carried(source, _FULL if part.plateau == OWN else level)
    return found


def _too_strong(
    sheet: CapabilitySheet,
    stages: Sequence[Stage[CurrentChannel]],
    channels: Sequence[CurrentChannel],
    carried: dict[int, Carried],
) -> Refusal | None:
    """A12: nothing stronger than what the person accepted."""
    for one in channels:
        source = carried.get(one.channel)
        before = None if source is None else stages[source.stage].channel(one.channel)
        if source is None:
            continue
        if before is None:
            return refused_for(
                one.channel, "A12", Quantity.AMPLITUDE,
                f'its plateau comes from "{stages[source.stage].name}", where it is off',
                layer=Layer.PROTOCOL,
            )  # fmt: skip
        why = stronger_than(before.stimulus, one.stimulus, source.level_permille, sheet.bounds)
        if why is not None:
            return refused_for(
                one.channel, "A12", Quantity.AMPLITUDE,
                f'its plateau comes from "{stages[source.stage].name}", and {why}',
                layer=Layer.PROTOCOL,
            )  # fmt: skip
    return None


def _rests(sheet: CapabilitySheet, channels: Sequence[CurrentChannel]) -> Refusal | None:
    """W19: slow pulses in the off time are weaker than those of the on time."""
    for one in channels:
        rest = one.stimulus.rest
        if rest is None:
            continue
        on = Stimulus(**dict(one.stimulus) | {"rest": None})
        pulse = Pulse(**dict(on.pulse) | {"phase_width_us": rest.phase_width_us})
        held = {"frequency_sweep": None, "width_sweep": None, "cycle": None}
        resting = Stimulus(
            **dict(on) | held | {"pulse": pulse, "frequency_mhz": rest.frequency_mhz}
        )
        why = stronger_than(on, resting, rest.level_permille, sheet.bounds)
        if why is not None:
            return refused_for(
                one.channel, "W19", Quantity.AMPLITUDE, f"its active rest is too strong: {why}",
                layer=Layer.PROTOCOL,
            )  # fmt: skip
    return None


def _in_stage(part: StagePart, refusal: Refusal) -> Refusal:
    return replace(refusal, message=f'stage "{part.name}": {refusal.message}')


def _strongest(stages: Sequence[Stage[CurrentChannel]], number: int) -> CurrentChannel:
    """Of all that a channel does, what has the highest r.m.s. current."""
    does = [one for stage in stages if (one := stage.channel(number)) is not None]
    if not does:
        raise UsageError(f"channel {number} is off in every stage of this protocol")
    return max(does, key=lambda one: exact_dose(one.stimulus).rms_ma_squared)
