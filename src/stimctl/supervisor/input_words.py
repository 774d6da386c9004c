"""Inputs and activations in words: as a file has them, and what of a plan they bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stimctl.quantity import decimal_text, format_current, format_duration, format_permille

if TYPE_CHECKING:
    from stimctl.treatment.inputs_schema import ActivationPart, InputPart
    from stimctl.treatment.program import AnyPlan
    from stimctl.treatment.staged import StagedProtocol, StagePart


def input_lines(protocol: StagedProtocol) -> Iterator[str]:
    """Every input of a file."""
    for one in protocol.inputs:
        yield f"input {one.name}: {_input_text(one)}"


def _input_text(one: InputPart) -> str:
    parts = [one.kind.value, f"by {' or '.join(one.sources)}"]
    if one.unit is not None:
        slowest, fastest = (decimal_text(rate, 3) for rate in one.slowest_fastest_mrpm)
        parts.append(f"{one.unit.value}, {slowest} to {fastest} rpm")
    parts.append(f"stale after {format_duration(one.fresh_for_us)}")
    parts.append(f"latency {format_duration(one.latency_us)}")
    return "; ".join(parts)


def activation_text(stage: StagePart, role: str) -> str:
    """When an input switches a role; "" where time does."""
    part = stage.activation.get(role)
    if part is None:
        return ""
    return (
        f"on {_when(part)} ({format_duration(part.ramp_up_us)} up, "
        f"{format_duration(part.ramp_down_us)} down), at most "
        f"{format_duration(part.on_at_most_us)} at once"
    )


def _when(part: ActivationPart) -> str:
    name = part.input
    if part.from_mdeg is not None and part.to_mdeg is not None:
        lead = f", {format_duration(part.lead_us)} ahead" if part.lead_us else ""
        first, last = (decimal_text(place, 3) for place in (part.from_mdeg, part.to_mdeg))
        return f"while {name} is from {first} to {last} deg{lead}"
    if part.start is not None and part.stop is not None:
        return f"from {part.start.value} to {part.stop.value} of {name}"
    if part.above_permille is not None:
        return f"when {name} is above {format_permille(part.above_permille)}"
    return f"after each {name}"


def functional_lines(plan: AnyPlan) -> Iterator[str]:
    """What functional stages give at most (N6), and what their time from sensor to pulse is made of
    (K15)."""
    from stimctl.treatment.functional_bounds import at_most
    from stimctl.treatment.functional_plan import latency_of
    from stimctl.treatment.program import of_currents

    for stage in plan.stages:
        if stage.switching is None or not of_currents(stage):
            continue
        by_name = {one.name: one for one in stage.switching.inputs}
        for one in stage.channels:
            bound, window = at_most(stage, one), one.stimulus.window
            assert bound is not None
            assert window is not None
            of = by_name[stage.switching.switches[one.channel].input]
            takes_us = latency_of(plan.sheet, one)
            sum_us = of.quickest_us + takes_us
            measured = "" if plan.sheet.onset_measured else "; the device's part is not measured"
            yield (
                f"stage {stage.name}, channel {one.channel}: at most "
                f"{window.per_minute} starts and {format_permille(window.duty_permille)} of any "
                f"minute; in all at most {bound.starts} starts, {format_duration(bound.on_us)} on, "
                f"{bound.pulses} pulses of {format_current(one.most)}"
            )
            yield (
                f"  {of.name} to pulse: source {format_duration(of.quickest_us)} + computer and "
                f"device {format_duration(takes_us)} = {format_duration(sum_us)} "
                f"of {format_duration(of.latency_us)} that the file allows{measured}"
            )
