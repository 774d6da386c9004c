"""What the compiler makes of a functional stage: data for the engine, or the reason against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any

from stimctl.devices.sheet import CapabilitySheet
from stimctl.quantity import format_duration
from stimctl.safety import Layer, Quantity, Refusal
from stimctl.safety.channel_pairs import antagonists_at, refused_for
from stimctl.safety.strength import stronger_than
from stimctl.treatment.activation import Timing
from stimctl.treatment.inputs_schema import ActivationPart, InputPart
from stimctl.treatment.program import CurrentChannel, Stage
from stimctl.treatment.staged import StagedProtocol, StagePart, StageWord
from stimctl.treatment.switching import HOST_US, InputSpec, Switch, Switching


def switching_of(
    protocol: StagedProtocol,
    part: StagePart,
    sheet: CapabilitySheet,
    channels: Sequence[CurrentChannel],
    before: Sequence[Stage[CurrentChannel]],
) -> Switching | Refusal | None:
    """How a functional stage is switched; None for a stage of another kind."""
    if part.kind is not StageWord.FUNCTIONAL:
        return None
    switches = {one.channel: _switch(part.activation[one.role], sheet) for one in channels}
    used = {one.input for one in switches.values()}
    inputs = tuple(input_spec(one) for one in protocol.inputs if one.name in used)
    refusal = _too_fast(sheet, channels, switches) or _too_late(sheet, channels, switches, inputs)
    if refusal is not None:
        return refusal
    return Switching(
        inputs=inputs,
        switches=MappingProxyType(switches),
        exclusive=_exclusive(protocol, part, channels),
        held_in=MappingProxyType({one.channel: _held_in(one, sheet, before) for one in channels}),
    )


def input_spec(one: InputPart) -> InputSpec:
    """An input as the engine knows it."""
    slowest, fastest = one.slowest_fastest_mrpm if one.unit is not None else (0, 0)
    return InputSpec(
        name=one.name, kind=one.kind, sources=one.sources, fresh_for_us=one.fresh_for_us,
        settles_us=one.settles_us, latency_us=one.latency_us, unit=one.unit,
        slowest_mrpm=slowest, fastest_mrpm=fastest,
    )  # fmt: skip


def _switch(part: ActivationPart, sheet: CapabilitySheet) -> Switch:
    timing = Timing(
        delay_us=part.delay_us, ramp_up_us=part.ramp_up_us, ramp_down_us=part.ramp_down_us,
        on_us=part.on_at_most_us, refractory_us=part.refractory_us,
        level_permille=part.level_permille, tick_us=sheet.ramp_tick_us,
    )  # fmt: skip
    return Switch(
        input=part.input, timing=timing, start=part.start, stop=part.stop,
        extend_us=part.extend_us or 0, from_mdeg=part.from_mdeg or 0, to_mdeg=part.to_mdeg or 0,
        lead_us=part.lead_us or 0, above_permille=part.above_permille,
        below_permille=part.below_permille, ends_by_input=part.on_us is None,
    )  # fmt: skip


def _too_fast(
    sheet: CapabilitySheet, channels: Sequence[CurrentChannel], switches: Mapping[int, Switch]
) -> Refusal | None:
    """Ramps that the device cannot follow."""
    least_us = sheet.shortest_ramp_us
    for one in channels:
        ramp_us = switches[one.channel].timing.ramp_up_us
        if ramp_us < least_us:
            return refused_for(
                one.channel, "A14", Quantity.TIMING,
                f"{sheet.family} takes new set points too seldom for a ramp of "
                f"{format_duration(ramp_us)}: at least {format_duration(least_us)}",
                layer=Layer.DEVICE, asked=ramp_us, allowed=least_us, unit="us",
            )  # fmt: skip
    return None


def _too_late(
    sheet: CapabilitySheet,
    channels: Sequence[CurrentChannel],
    switches: Mapping[int, Switch],
    inputs: Sequence[InputSpec],
) -> Refusal | None:
    """K15: source, computer and device together take longer than the file allows."""
    by_name = {one.name: one for one in inputs}
    for one in channels:
        of = by_name[switches[one.channel].input]
        if sheet.onset_us is None:
            return refused_for(
                one.channel, "K15", Quantity.TIMING,
                f"nothing is known of how soon {sheet.family} gives output after a command",
                layer=Layer.DEVICE,
            )  # fmt: skip
        needs_us = of.quickest_us + latency_of(sheet, one)
        if needs_us > of.latency_us:
            return refused_for(
                one.channel, "K15", Quantity.TIMING,
                f'the input "{of.name}" allows {format_duration(of.latency_us)} from the sensor to '
                f"the first pulse, and source, computer and device need "
                f"{format_duration(needs_us)}",
                layer=Layer.PROTOCOL, asked=of.latency_us, allowed=needs_us, unit="us",
            )  # fmt: skip
    return None


def latency_of(sheet: CapabilitySheet, one: CurrentChannel) -> int:
    """From a sample that has arrived to the first pulse, in us."""
    waits_us = one.period_us if sheet.channels_first else 0  # for its turn in the device's list
    return HOST_US + (sheet.onset_us or 0) + waits_us


def _exclusive(
    protocol: StagedProtocol, part: StagePart, channels: Sequence[CurrentChannel]
) -> tuple[tuple[int, int], ...]:
    """W18: the pairs that the file names, and antagonists by name or by site."""
    opposed = {one.role: one.antagonist_of for one in protocol.channels}
    found = []
    for one, other in combinations(channels, 2):
        named = any(one.role in group and other.role in group for group in part.exclusive)
        against = other.role == opposed[one.role] or one.role == opposed[other.role]
        sites: tuple[Any, Any] = (one.setup.electrode.site, other.setup.electrode.site)
        against = against or bool(all(sites) and antagonists_at(*sites))
        if named or (against and not protocol.co_contraction):
            found.append((one.channel, other.channel))
    return tuple(found)


def _held_in(
    one: CurrentChannel, sheet: CapabilitySheet, before: Sequence[Stage[CurrentChannel]]
) -> tuple[int, ...]:
    """A14: the earlier stages in which the person felt at least as much at the same plateau."""
    return tuple(
        stage.number
        for stage in before
        if (found := stage.channel(one.channel)) is not None
        and stronger_than(found.stimulus, one.stimulus, 1_000, sheet.bounds) is None
    )
