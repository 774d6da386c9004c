"""Compiles a protocol file for one device, one set of electrodes and one person's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack, overload

from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import LimitRefusedError, UsageError
from stimctl.quantity import format_area, format_current
from stimctl.safety import (
    Layer,
    LayeredBounds,
    Nearest,
    Quantity,
    Refusal,
    RefusalKind,
)
from stimctl.safety.bounds import Bound
from stimctl.safety.channel_pairs import refused_for
from stimctl.safety.joint_clearance import IntensityRequest, clear_intensities_together
from stimctl.stimulus.level import Current, Level, Percent
from stimctl.stimulus.pulse import AMPLITUDE_TOP_UA
from stimctl.treatment.clearing import Choices, Wanted, clear_currents, layers_of
from stimctl.treatment.duration import session_duration
from stimctl.treatment.plan_notes import raise_notes
from stimctl.treatment.program import (
    AnyPlan,
    ChannelSetup,
    CurrentPlan,
    PercentChannel,
    PercentPlan,
    Plan,
    PlanChannel,
    makes_current,
)
from stimctl.treatment.roles import roles_for
from stimctl.treatment.schema import (
    Channel,
    CurrentProtocol,
    PercentProtocol,
    ProtocolBase,
    Role,
)
from stimctl.treatment.schemas import AnyFile, CurrentFile
from stimctl.treatment.staged import StagedChannel, StagedProtocol
from stimctl.treatment.staged_plan import compile_staged, staged_duration
from stimctl.treatment.stimuli import stimulus_of

__all__ = ["ChannelSetup", "Plan", "compile_plan"]


@overload
def compile_plan(
    protocol: CurrentFile,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup[Current]],
    **how: Unpack[Choices],
) -> CurrentPlan | Refusal: ...


@overload
def compile_plan(
    protocol: PercentProtocol,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup[Percent]],
    **how: Unpack[Choices],
) -> PercentPlan | Refusal: ...


def compile_plan(
    protocol: AnyFile,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup[Any]],
    **how: Unpack[Choices],
) -> AnyPlan | Refusal:
    """The plan, or the first thing that forbids it; nothing is ever adjusted to fit.

    `channels` take the protocol's roles in their order, one each; a protocol with a single role
    may be used on several channels. Raises UsageError for a request that makes no sense (no
    channel, a channel twice, more channels than roles, a level on another scale than the
    file's), LimitRefusedError for external pulses on a device that makes its own.
    """
    in_percent = isinstance(protocol, PercentProtocol)
    if in_percent and sheet.external_pulses is None:
        raise LimitRefusedError(
            f"{protocol.id} is for external pulses, and {sheet.family} makes its own",
            why="the file says nothing of pulse width, frequency and current",
            what_to_do="use a treatment protocol, or a device that attenuates another unit",
        )
    roles = roles_for(protocol.id, protocol.channels, [setup.channel for setup in channels])
    if isinstance(protocol, CurrentProtocol) and sheet.current is None:
        return _no_current(protocol, sheet, channels, how)
    asked = list(zip(channels, roles, strict=True))
    for setup, role in asked:
        refusal = _setup_refusal(protocol, sheet, role, setup)
        if refusal is not None:
            return refusal
    bounds = how.get("bounds") or LayeredBounds()
    asked_us, bound = how.get("duration_us"), _shortest(bounds)
    if isinstance(protocol, StagedProtocol):
        duration = staged_duration(protocol, asked_us, bound)
    else:
        duration = session_duration(protocol, asked_us, bound)
    if isinstance(duration, Refusal):
        return duration
    if isinstance(protocol, StagedProtocol):
        staged = compile_staged(protocol, sheet, asked, bounds, how, duration)
        return staged if isinstance(staged, Refusal) else _noted(staged, protocol)
    clear = _in_percent if in_percent else _in_current
    planned = clear(protocol, sheet, asked, bounds, how)
    if isinstance(planned, Refusal):
        return planned
    return _noted(Plan(protocol, sheet, planned, duration.us, duration.notes), protocol)


def _noted(plan: Plan[Any], protocol: ProtocolBase) -> Plan[Any]:
    """The plan with what is to be known of file, length and device, each note once."""
    notes = [*_notes_of(protocol), *plan.notes]
    for stage in plan.stages:
        where = f'stage "{stage.name}", ' if plan.named_stages else ""
        notes += [
            f"{where}channel {one.channel}: {note}" for one in stage.channels for note in one.notes
        ]
    notes = list(dict.fromkeys(notes))
    plan = replace(plan, notes=tuple(notes))
    return replace(plan, notes=(*notes, *raise_notes(plan))) if makes_current(plan) else plan


_Asked = list[tuple[ChannelSetup[Any], Any]]


def _in_current(
    protocol: ProtocolBase,
    sheet: CapabilitySheet,
    asked: _Asked,
    bounds: LayeredBounds,
    how: Choices,
) -> tuple[PlanChannel, ...] | Refusal:
    """The channels of a source of current, cleared together."""
    wanted = [
        Wanted(setup, role, stimulus_of(role, setup.most.value), role.begins_us)
        for setup, role in asked
    ]
    return clear_currents(protocol, sheet, wanted, bounds, how)


def _in_percent(
    protocol: ProtocolBase,
    sheet: CapabilitySheet,
    asked: _Asked,
    bounds: LayeredBounds,
    how: Choices,
) -> tuple[PlanChannel, ...] | Refusal:
    """The channels of a device that lets through a part of another unit's output."""
    assert sheet.external_pulses is not None
    requests = {
        setup.channel: IntensityRequest(
            setup.most.value,
            setup.electrode,
            layers_of(protocol, role, bounds),
            role.moves_muscle,
            role.on_off,
            role.begins_us,
        )
        for setup, role in asked
    }
    answer = clear_intensities_together(
        requests,
        sheet.external_pulses,
        how.get("acknowledged", frozenset()),
        co_contraction=protocol.co_contraction,
    )
    if isinstance(answer, Refusal):
        return answer
    return tuple(
        PercentChannel(
            channel=setup.channel,
            role=role.role,
            setup=setup,
            cleared=answer[setup.channel],
            motor=role.moves_muscle,
            cycle=requests[setup.channel].cycle,
            start_after_us=role.begins_us,
        )
        for setup, role in asked
    )


def _no_current(
    protocol: CurrentFile,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup[Any]],
    how: Choices,
) -> Refusal:
    """A device that attenuates another one cannot do this; which of the others could, as asked."""
    from stimctl.devices.registry import FAMILIES  # loads every driver

    would = [
        name
        for name, other in FAMILIES.items()
        if other.sheet.current is not None
        and isinstance(compile_plan(protocol, other.sheet, channels, **how), Plan)
    ]
    listed = " or ".join(would) or "none of the devices with current control, as it is asked for"
    message = (
        f"{sheet.family} has no current control: pulse width, frequency and amplitude of "
        f"{protocol.id} would be those of the unit whose pulses it lets through, and unknown "
        f"(L-CAL). Nearest that would do: {listed}; or a file for external pulses."
    )
    return Refusal(
        limit_id="L-CAL",
        layer=Layer.DEVICE,
        quantity=Quantity.DEVICE,
        asked=sheet.family,
        allowed=", ".join(would) or "devices with current control",
        unit="",
        source="stimctl",
        certainty="D",
        message=message,
        kind=RefusalKind.RULE,
    )


def _notes_of(protocol: ProtocolBase) -> tuple[str, ...]:
    against = protocol.evidence.recommended_against
    lock = protocol.locked
    notes = (
        *((f"recommended against: {against}",) if against else ()),
        *((f"locked on hardware: {lock.reason}",) if lock else ()),
    )
    if not isinstance(protocol, PercentProtocol):
        return notes
    return (
        *notes,
        f"on the unit whose pulses are let through: {protocol.external.settings}",
        f"its dial: {protocol.external.dial}",
        "no dose is known: the percent is of the board's own scale, and no current",
    )


def _setup_refusal(
    protocol: ProtocolBase, sheet: CapabilitySheet, role: Role, setup: ChannelSetup[Any]
) -> Refusal | None:
    """What is wrong with a channel before any stimulus is looked at."""
    level = _level_of(protocol, setup)
    least_mm2 = protocol.electrodes.minimum_area_mm2
    if setup.electrode.area_mm2 < least_mm2:
        return refused_for(
            setup.channel, "E1", Quantity.CURRENT_DENSITY,
            f"an electrode of {format_area(setup.electrode.area_mm2)} is smaller than the "
            f"{format_area(least_mm2)} that {protocol.id} needs",
            layer=Layer.PROTOCOL, asked=setup.electrode.area_mm2, allowed=least_mm2, unit="mm2",
            nearest=Nearest("electrode_area", least_mm2, format_area(least_mm2)),
            source=f"the protocol {protocol.id}",
        )  # fmt: skip
    if not isinstance(role, Channel | StagedChannel):
        return None
    if not 0 <= level <= AMPLITUDE_TOP_UA:
        raise UsageError(
            f"channel {setup.channel}: an amplitude of {level} uA is invalid",
            why=f"it is 0 or more, and at most {format_current(AMPLITUDE_TOP_UA)}",
        )
    ratio = role.waveform.second_phase_ratio
    if level % ratio == 0:
        return None  # whether it is on the device's grid, clear() says
    step_ua = sheet.bounds.amplitude_step_ua * ratio
    nearest_ua = level - level % step_ua
    return refused_for(
        setup.channel, "W9", Quantity.AMPLITUDE,
        f"{format_current(level)} is not a step of {format_current(step_ua)}, at "
        "which both phases balance",
        layer=Layer.DEVICE, asked=level, allowed=nearest_ua, unit="uA",
        nearest=Nearest("amplitude", nearest_ua, format_current(nearest_ua)),
    )  # fmt: skip


def _level_of(protocol: ProtocolBase, setup: ChannelSetup[Any]) -> int:
    """What a channel is raised to at most, on the scale of the file. UsageError."""
    most = setup.most
    whole = type(most) is Level and type(setup.channel) is type(most.value) is int
    if not whole:
        raise UsageError("a channel number is an integer, and what it goes to a level of integers")
    if most.scale != protocol.scale:
        raise UsageError(
            f"channel {setup.channel} cannot be raised to {most}",
            why=f"{protocol.id} counts in {protocol.scale.shown_unit}",
            what_to_do=f"give a level in {protocol.scale.shown_unit}",
        )
    return most.value


def _shortest(bounds: LayeredBounds) -> Bound | None:
    """The tightest bound on the length of a session; `session_duration` knows the built-in ones."""
    every = (*bounds.site, *bounds.protocol, *bounds.person, *bounds.session)
    on_it = [bound for bound in every if bound.quantity is Quantity.SESSION_DURATION]
    return min(on_it, key=lambda bound: bound.value, default=None)
