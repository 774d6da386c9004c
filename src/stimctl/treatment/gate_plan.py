"""Compiles a file for external pulses for one device, set of electrodes and person's limits."""

from __future__ import annotations

from collections.abc import Sequence

from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import LimitRefusedError, UsageError
from stimctl.quantity import format_area
from stimctl.safety import Layer, LayeredBounds, Quantity, Refusal, RefusalKind
from stimctl.safety.bounds import Bound
from stimctl.safety.joint_clearance import IntensityRequest, clear_intensities_together
from stimctl.safety.layers import layer_bounds_from_mapping
from stimctl.stimulus import Cycle
from stimctl.treatment.duration import session_duration
from stimctl.treatment.gate_program import GateChannel, GatePlan, GateSetup
from stimctl.treatment.gated_schema import GatedChannel, GatedProtocol
from stimctl.treatment.roles import roles_for
from stimctl.treatment.schema import CyclePart

_NO_BOUNDS = LayeredBounds()


def compile_gate_plan(
    protocol: GatedProtocol,
    sheet: CapabilitySheet,
    channels: Sequence[GateSetup],
    *,
    duration_us: int | None = None,
    bounds: LayeredBounds = _NO_BOUNDS,
    acknowledged: frozenset[str] = frozenset(),
) -> GatePlan | Refusal:
    """The plan, or the first thing that forbids it; nothing is ever adjusted to fit.

    Like `compile_plan`, for devices that let through a part of what another unit gives. Raises
    UsageError for a request that makes no sense, LimitRefusedError for a device with a current of
    its own, which needs a file that says what that current is to be.
    """
    gate = sheet.gating
    if gate is None:
        raise LimitRefusedError(
            f"{protocol.id} is for external pulses, and {sheet.family} makes its own",
            why="the file says nothing of pulse width, frequency and current",
            what_to_do="use a treatment protocol, or a device that attenuates another unit",
        )
    roles = roles_for(protocol.id, protocol.channels, [setup.channel for setup in channels])
    for setup in channels:
        refusal = _area_refusal(protocol, setup)
        if refusal is not None:
            return refusal
    duration = session_duration(protocol, duration_us, _shortest(bounds))
    if isinstance(duration, Refusal):
        return duration
    requests = {
        setup.channel: IntensityRequest(
            setup.intensity_percent,
            setup.electrode,
            _layers(protocol, role, bounds),
            role.moves_muscle,
            cycle_of(role.cycle),
            role.cycle.start_after_us if role.cycle else 0,
        )
        for setup, role in zip(channels, roles, strict=True)
    }
    cleared = clear_intensities_together(
        requests, gate, acknowledged, co_contraction=protocol.co_contraction
    )
    if isinstance(cleared, Refusal):
        return cleared
    planned = tuple(
        GateChannel(
            setup.channel,
            role.role,
            setup,
            cleared[setup.channel],
            role.moves_muscle,
            requests[setup.channel].cycle,
            requests[setup.channel].begins_us,
        )
        for setup, role in zip(channels, roles, strict=True)
    )
    return GatePlan(protocol, sheet, planned, duration.us, (*_notes(protocol), *duration.notes))


def cycle_of(part: CyclePart | None) -> Cycle | None:
    """The on/off cycle of a file as a stimulus has it."""
    if part is None:
        return None
    return Cycle(
        on_us=part.on_us,
        off_us=part.off_us,
        ramp_up_us=part.ramp_up_us,
        ramp_down_us=part.ramp_down_us,
    )


def _notes(protocol: GatedProtocol) -> tuple[str, ...]:
    against = protocol.evidence.recommended_against
    return (
        *((f"recommended against: {against}",) if against else ()),
        f"on the unit whose pulses are let through: {protocol.external.settings}",
        f"its dial: {protocol.external.dial}",
        "no dose is known: the percent is of the board's own scale, and no current",
    )


def _layers(protocol: GatedProtocol, role: GatedChannel, bounds: LayeredBounds) -> LayeredBounds:
    cap = role.intensity.cap_percent
    if cap is None:
        return bounds
    source = f"cap of {protocol.id} {protocol.version}"
    own = layer_bounds_from_mapping(Layer.PROTOCOL, {"intensity": f"{cap} %"}, source)
    return LayeredBounds(bounds.site, (*bounds.protocol, *own), bounds.person, bounds.session)


def _shortest(bounds: LayeredBounds) -> Bound | None:
    """The tightest bound on the length of a session; `session_duration` knows the built-in ones."""
    every = (*bounds.site, *bounds.protocol, *bounds.person, *bounds.session)
    on_it = [bound for bound in every if bound.quantity is Quantity.SESSION_DURATION]
    return min(on_it, key=lambda bound: bound.value, default=None)


def _area_refusal(protocol: GatedProtocol, setup: GateSetup) -> Refusal | None:
    least_mm2, found_mm2 = protocol.electrodes.minimum_area_mm2, setup.electrode.area_mm2
    if type(setup.intensity_percent) is not int:
        raise UsageError("an intensity in percent is an integer")
    if found_mm2 >= least_mm2:
        return None
    least, found = format_area(least_mm2), format_area(found_mm2)
    return Refusal(
        limit_id="E1",
        layer=Layer.PROTOCOL,
        quantity=Quantity.CURRENT_DENSITY,
        asked=found_mm2,
        allowed=least_mm2,
        unit="mm2",
        source=f"the protocol {protocol.id}",
        certainty="D",
        message=f"channel {setup.channel}: an electrode of {found} is smaller than the {least} "
        f"that {protocol.id} needs (E1). Nearest legal: {least}.",
        kind=RefusalKind.RULE,
        channel=setup.channel,
        asked_text=found,
        allowed_text=least,
    )
