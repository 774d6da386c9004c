"""Compiles a treatment protocol for one device, one set of electrodes and one person's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import UsageError
from stimctl.quantity import format_area, format_current
from stimctl.safety import (
    Cleared,
    Envelope,
    Layer,
    LayeredBounds,
    Nearest,
    Profile,
    Quantity,
    Refusal,
    RefusalKind,
    clear_together,
    envelope_for,
    protocol_cap,
)
from stimctl.safety.quantities import text_in
from stimctl.stimulus.pulse import AMPLITUDE_TOP_UA
from stimctl.treatment.duration import Duration, session_duration
from stimctl.treatment.plan_notes import device_notes, frequency_notes, raise_notes
from stimctl.treatment.program import ChannelSetup, Plan, PlanChannel
from stimctl.treatment.roles import roles_for
from stimctl.treatment.schema import Channel, TreatmentProtocol
from stimctl.treatment.stimuli import stimulus_of

__all__ = ["ChannelSetup", "Plan", "PlanChannel", "compile_plan"]

_MHZ_US = 1_000_000_000
_NO_BOUNDS = LayeredBounds()


def compile_plan(
    protocol: TreatmentProtocol,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup],
    *,
    duration_us: int | None = None,
    bounds: LayeredBounds = _NO_BOUNDS,
    profile: Profile = Profile.CLINIC,
    acknowledged: frozenset[str] = frozenset(),
) -> Plan | Refusal:
    """The plan, or the first thing that forbids it; nothing is ever adjusted to fit.

    `channels` take the protocol's roles in their order, one each; a protocol with a single role
    may be used on several channels. `duration_us`: None takes the protocol's own; what is not a
    whole number of cycles is shortened to one, with a note. Raises UsageError for a request that
    makes no sense (no channel, a channel twice, more channels than roles).
    """
    roles = roles_for(protocol.id, protocol.channels, [setup.channel for setup in channels])
    if sheet.current is None:
        options = {"duration_us": duration_us, "bounds": bounds, "profile": profile}
        return _no_current(protocol, sheet, channels, options, acknowledged)
    for setup, role in zip(channels, roles, strict=True):
        refusal = _setup_refusal(protocol, sheet, role, setup)
        if refusal is not None:
            return refusal
    envelopes = {
        setup.channel: _envelope(protocol, sheet, role, setup, bounds, profile)
        for setup, role in zip(channels, roles, strict=True)
    }
    duration = session_duration(
        protocol, duration_us, next(iter(envelopes.values())).tightest(Quantity.SESSION_DURATION)
    )
    if isinstance(duration, Refusal):
        return duration
    requests = {
        setup.channel: (stimulus_of(role, setup.amplitude_ua), envelopes[setup.channel])
        for setup, role in zip(channels, roles, strict=True)
    }
    cleared = clear_together(
        requests,
        acknowledged,
        co_contraction=protocol.co_contraction,
        cycle_start_us={
            setup.channel: role.cycle.start_after_us
            for setup, role in zip(channels, roles, strict=True)
            if role.cycle
        },
    )
    if isinstance(cleared, Refusal):
        return cleared
    return _assemble(protocol, sheet, channels, roles, cleared, duration)


def _no_current(
    protocol: TreatmentProtocol,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup],
    options: Mapping[str, Any],
    acknowledged: frozenset[str],
) -> Refusal:
    """A device that attenuates another one cannot do this; which of the others could, as asked."""
    from stimctl.devices.registry import FAMILIES  # loads every driver

    would = [
        name
        for name, other in FAMILIES.items()
        if other.sheet.current is not None
        and isinstance(
            compile_plan(protocol, other.sheet, channels, acknowledged=acknowledged, **options),
            Plan,
        )
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


def _assemble(
    protocol: TreatmentProtocol,
    sheet: CapabilitySheet,
    channels: Sequence[ChannelSetup],
    roles: Sequence[Channel],
    cleared: Mapping[int, Cleared],
    duration: Duration,
) -> Plan:
    planned = [
        _plan_channel(sheet, role, setup, cleared[setup.channel])
        for setup, role in zip(channels, roles, strict=True)
    ]
    against = protocol.evidence.recommended_against
    notes = (
        *((f"recommended against: {against}",) if against else ()),
        *duration.notes,
        *(f"channel {one.channel}: {note}" for one in planned for note in one.notes),
    )
    plan = Plan(protocol, sheet, tuple(planned), duration.us, notes)
    return replace(plan, notes=(*notes, *raise_notes(plan)))


def _setup_refusal(
    protocol: TreatmentProtocol, sheet: CapabilitySheet, role: Channel, setup: ChannelSetup
) -> Refusal | None:
    """What is wrong with a channel before any stimulus is looked at."""
    if type(setup.channel) is not int or type(setup.amplitude_ua) is not int:
        raise UsageError("a channel number and an amplitude in uA are integers")
    if not 0 <= setup.amplitude_ua <= AMPLITUDE_TOP_UA:
        raise UsageError(
            f"channel {setup.channel}: an amplitude of {setup.amplitude_ua} uA cannot be",
            why=f"it is 0 or more, and at most {format_current(AMPLITUDE_TOP_UA)}",
        )
    least_mm2 = protocol.electrodes.minimum_area_mm2
    if setup.electrode.area_mm2 < least_mm2:
        return _refusal(
            "E1", Layer.PROTOCOL, Quantity.CURRENT_DENSITY, setup,
            setup.electrode.area_mm2, least_mm2, "mm2",
            f"an electrode of {format_area(setup.electrode.area_mm2)} is smaller than the "
            f"{format_area(least_mm2)} that {protocol.id} needs",
            Nearest("electrode_area", least_mm2, format_area(least_mm2)),
            source=f"the protocol {protocol.id}",
        )  # fmt: skip
    ratio = role.waveform.second_phase_ratio
    if setup.amplitude_ua % ratio == 0:
        return None  # whether it is on the device's grid, clear() says
    step_ua = sheet.bounds.amplitude_step_ua * ratio
    nearest_ua = setup.amplitude_ua - setup.amplitude_ua % step_ua
    return _refusal(
        "W9", Layer.DEVICE, Quantity.AMPLITUDE, setup, setup.amplitude_ua, nearest_ua, "uA",
        f"{format_current(setup.amplitude_ua)} is not a step of {format_current(step_ua)}, at "
        "which both phases balance",
        Nearest("amplitude", nearest_ua, format_current(nearest_ua)),
    )  # fmt: skip


def _envelope(
    protocol: TreatmentProtocol,
    sheet: CapabilitySheet,
    role: Channel,
    setup: ChannelSetup,
    bounds: LayeredBounds,
    profile: Profile,
) -> Envelope:
    cap_ua = role.amplitude.cap_ua
    source = f"cap of {protocol.id} {protocol.version}"
    cap = () if cap_ua is None else (protocol_cap(cap_ua, source),)
    return envelope_for(
        sheet.bounds,
        setup.electrode,
        profile=profile,
        site=bounds.site,
        protocol=(*bounds.protocol, *cap),
        person=bounds.person,
        session=bounds.session,
    )


def _plan_channel(
    sheet: CapabilitySheet, role: Channel, setup: ChannelSetup, cleared: Cleared
) -> PlanChannel:
    stimulus, device = cleared.stimulus, sheet.bounds
    repeat_mhz = device.repeat_mhz(stimulus)
    period_us = device.quantise_period_up_us(repeat_mhz)
    return PlanChannel(
        channel=setup.channel,
        role=role.role,
        setup=setup,
        stimulus=stimulus,
        cleared=cleared,
        period_us=period_us,
        step_ua=cleared.step,
        width_step_us=device.phase_width_step_us,
        start_after_us=role.cycle.start_after_us if role.cycle else 0,
        notes=(
            *frequency_notes(repeat_mhz, period_us),
            *device_notes(device, stimulus),
            *map(str, cleared.warnings),
        ),
    )


def _refusal(
    limit_id: str,
    layer: Layer,
    quantity: Quantity,
    setup: ChannelSetup,
    asked: int,
    allowed: int,
    unit: str,
    message: str,
    nearest: Nearest,
    *,
    source: str = "stimctl consistency rules",
) -> Refusal:
    return Refusal(
        limit_id=limit_id,
        layer=layer,
        quantity=quantity,
        asked=asked,
        allowed=allowed,
        unit=unit,
        source=source,
        certainty="D",
        message=f"channel {setup.channel}: {message} ({limit_id}, {source}; certainty D). "
        f"Nearest legal: {nearest.text}.",
        kind=RefusalKind.RULE,
        channel=setup.channel,
        nearest=nearest,
        asked_text=text_in(asked, unit),
        allowed_text=text_in(allowed, unit),
    )
