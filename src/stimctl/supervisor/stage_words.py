"""Stages in words: as a file writes them, and as a plan has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_duration, format_frequency, format_permille

if TYPE_CHECKING:
    from collections.abc import Callable

    from stimctl.treatment.event_plan import StageEvents
    from stimctl.treatment.program import AnyPlan, PlanChannel, Stage
    from stimctl.treatment.schema import CyclePart
    from stimctl.treatment.staged import StagedProtocol, StagePart


def law_text(value: Any, text: Callable[[int], str]) -> str:
    """A value of a file that may change: one text, or how it changes."""
    from stimctl.treatment.law_parts import JitterLaw, ListLaw, RandomLaw, SweepLaw

    if isinstance(value, SweepLaw):
        first, second = map(text, value.sweep)
        how = f"every {format_duration(value.period_us)}" if value.period_us else _WITH
        return f"{first} to {second} and back {how}, {value.shape.value}"
    if isinstance(value, ListLaw):
        return f"{', '.join(map(text, value.values))} in turn, {_dwell(value)}"
    if isinstance(value, RandomLaw):
        low, high = map(text, sorted(value.between))
        return f"by chance {low} to {high}, another every {format_duration(value.dwell_us)}"
    if isinstance(value, JitterLaw):
        mean, either = map(format_duration, (value.interval_us, value.jitter_us))
        return f"by chance, one pulse every {mean} +/- {either}"
    return text(value)


_WITH = "with the frequency"


def _dwell(value: Any) -> str:
    if value.dwell_us is None:
        return _WITH
    if isinstance(value.dwell_us, tuple):
        listed = ", ".join(map(format_duration, value.dwell_us))
        return f"for {listed}; the last one stays"
    return f"{format_duration(value.dwell_us)} each"


def staged_lines(protocol: StagedProtocol) -> Iterator[str]:
    """Every stage in the order of the file, with what each role does in it."""
    from stimctl.supervisor.input_words import activation_text, input_lines
    from stimctl.treatment.segments import segment_in

    for place, stage in enumerate(protocol.stages):
        yield f"stage {stage.name}: {stage_text(stage)}"
        for role in protocol.channels:
            segment = segment_in(protocol, place, stage, role)
            if segment is None:
                yield f"  {role.role}: off"
                continue
            wave = segment.waveform
            if stage.events is not None:
                width = law_text(wave.phase_width, format_duration)
                yield f"  {role.role}: {width}; {events_text(stage)}"
                continue
            parts = [
                law_text(wave.phase_width, format_duration),
                law_text(wave.frequency, format_frequency),
            ]
            if wave.nlet is not None:
                gap = format_duration(wave.nlet.interval_us)
                parts.append(f"groups of {wave.nlet.pulses} pulses, {gap} apart")
            if wave.lead is not None:
                gap = format_duration(wave.lead.interval_us)
                parts.append(f"each hold begins with {wave.lead.pulses} pulses, {gap} apart")
            if wave.level is not None:
                parts.append(f"level {law_text(wave.level, format_permille)}")
            switched = activation_text(stage, role.role)
            parts += [switched] if switched else _cycle_parts(segment.cycle)
            parts += _cycle_parts(segment.cycle)
            if role.offset_us is not None:
                parts.append(f"in each hold {format_duration(role.offset_us)} after the beat")
            yield f"  {role.role}: {'; '.join(parts)}"
    yield from input_lines(protocol)
    order = protocol.written_out()
    if [one.name for one in order] != [one.name for one in protocol.stages]:
        yield f"order {', '.join(one.name for one in order)}"


def cycle_text(cycle: CyclePart) -> str:
    """An on/off cycle in one line."""
    return (
        f"{format_duration(cycle.on_us)} on ({format_duration(cycle.ramp_up_us)} up, "
        f"{format_duration(cycle.ramp_down_us)} down), {format_duration(cycle.off_us)} off"
    )


def _cycle_parts(cycle: Any) -> Iterator[str]:
    if cycle is None:
        yield "continuous"
        return
    yield cycle_text(cycle)
    if cycle.rest is not None:
        width = cycle.rest.phase_width_us
        wide = f", {format_duration(width)}" if width else ""
        yield (
            f"in the off time {format_frequency(cycle.rest.frequency_mhz)}{wide} at "
            f"{format_permille(cycle.rest.level_permille)}"
        )


def stage_text(stage: StagePart) -> str:
    """How long a stage of a file is, and where its plateaus come from."""
    from stimctl.treatment.staged import OWN, StageWord

    text = format_duration(stage.duration_us)
    if stage.kind is StageWord.REST:
        return f"{text} without output"
    if stage.kind is StageWord.TUNE:
        text += " at most, to find the plateaus"
        text += ", one role at a time" if stage.one_at_a_time else ""
    elif stage.by_operator:
        text += " at most"
    if stage.rule is not None:
        return f"{text} at most; raised by the rule, step by step"
    if stage.plateau == OWN:
        return f"{text}; raised by hand"
    level = "" if stage.level_permille is None else f"{format_permille(stage.level_permille)} of "
    return f"{text}; {level}the plateau of {stage.plateau}"


def stage_of_plan_text(plan: AnyPlan, stage: Stage[PlanChannel]) -> str:
    """One stage of a plan: number, name, length, and where its plateaus come from."""
    names = [one.name for one in plan.stages]
    carried = {one.stage for one in stage.carried.values()}
    from_names = " and ".join(sorted({names[each] for each in carried}))
    levels = sorted({one.level_permille for one in stage.carried.values()})
    text = f"{stage.number + 1} {stage.name}, {format_duration(stage.duration_us)}"
    if not stage.channels:
        return f"{text}, no output"
    if stage.switching is not None:
        given = ", ".join(one.name for one in stage.switching.inputs)
        return f"{text}, switched by {given} at the plateau of {from_names}"
    if stage.events is not None:
        text += f", {planned_events_text(stage.events)}"
        if stage.events.rule is not None:
            return f"{text}, raised from 0 by the rule"
    if carried:
        shares = " and ".join(map(format_permille, levels))
        return f"{text}, at {shares} of the plateau of {from_names}"
    return f"{text}, raised from 0"


def events_text(stage: StagePart) -> str:
    """The events of a stage as a file writes them: when, how many, at which levels."""
    events, rule = stage.events, stage.rule
    assert events is not None
    parts = [f"one pulse every {format_duration(events.every_us)}"]
    if events.jitter_us:
        parts[0] += f" +/- {format_duration(events.jitter_us)}"
    if events.group_every_us:
        parts.append(
            f"groups of {events.group}, {format_duration(events.group_every_us)} from one to the "
            "next"
        )
    if rule is not None:
        parts.append(f"{rule.kind.value} for {rule.gives}")
    elif events.levels is not None:
        listed = events.listed_levels
        span = f"{format_permille(min(listed))} to {format_permille(max(listed))}"
        parts.append(f"{len(listed)} levels, {span}, {events.order.value}")
        parts.append(f"each {events.repeats} times" if events.repeats > 1 else "each once")
    if stage.marks:
        parts.append(f"marks: {', '.join(stage.marks)}")
    return "; ".join(parts)


def planned_events_text(events: StageEvents) -> str:
    """The events of a stage of a plan."""
    text = f"one pulse every {format_duration(events.every_us)}"
    if events.jitter_us:
        text += f" +/- {format_duration(events.jitter_us)}"
    if events.count:
        text = f"{events.count} events at most, {text}"
    return text
