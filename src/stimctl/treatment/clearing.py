"""The channels of a current source, cleared together: the only door to a plan in milliampere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from stimctl.devices.sheet import CapabilitySheet
from stimctl.safety import (
    LayeredBounds,
    Profile,
    Refusal,
    clear_together,
    envelope_for,
    protocol_cap,
)
from stimctl.stimulus import Stimulus
from stimctl.stimulus.jitter import Jitter
from stimctl.treatment.plan_notes import device_notes, frequency_notes
from stimctl.treatment.program import ChannelSetup, CurrentChannel
from stimctl.treatment.schema import ProtocolBase, Role


class Choices(TypedDict, total=False):
    """What may be chosen besides the channels. `duration_us`: None or nothing takes the file's own;
    what is not a whole number of cycles is shortened to one, with a note. `profile` is of currents
    only."""

    duration_us: int | None
    bounds: LayeredBounds
    profile: Profile
    acknowledged: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one channel is to do, from when on its first on time lasts."""

    setup: ChannelSetup[Any]
    role: Role
    stimulus: Stimulus
    begins_us: int


def clear_currents(
    protocol: ProtocolBase,
    sheet: CapabilitySheet,
    wanted: Sequence[Wanted],
    bounds: LayeredBounds,
    how: Choices,
) -> tuple[CurrentChannel, ...] | Refusal:
    """These channels at the same time, or the first thing that forbids it."""
    device, requests = sheet.bounds, {}
    for one in wanted:
        layers = layers_of(protocol, one.role, bounds)
        envelope = envelope_for(
            device,
            one.setup.electrode,
            profile=how.get("profile", Profile.CLINIC),
            site=layers.site,
            protocol=layers.protocol,
            person=layers.person,
            session=layers.session,
        )
        requests[one.setup.channel] = (one.stimulus, envelope)
    answer = clear_together(
        requests,
        how.get("acknowledged", frozenset()),
        co_contraction=protocol.co_contraction,
        cycle_start_us={one.setup.channel: one.begins_us for one in wanted if one.stimulus.cycle},
    )
    if isinstance(answer, Refusal):
        return answer
    planned = []
    for one in wanted:
        cleared = answer[one.setup.channel]
        stimulus = cleared.stimulus
        repeat_mhz = device.repeat_mhz(stimulus)
        period_us = device.quantise_period_up_us(repeat_mhz)
        planned.append(
            CurrentChannel(
                channel=one.setup.channel,
                role=one.role.role,
                setup=one.setup,
                cleared=cleared,
                motor=stimulus.motor,
                cycle=stimulus.cycle,
                start_after_us=one.begins_us,
                notes=(
                    *(
                        ()
                        if isinstance(stimulus.frequency_sweep, Jitter)
                        else frequency_notes(repeat_mhz, period_us)
                    ),
                    *device_notes(device, stimulus),
                    *map(str, cleared.warnings),
                ),
                stimulus=stimulus,
                period_us=period_us,
                width_step_us=device.phase_width_step_us,
            )
        )
    return tuple(planned)


def layers_of(protocol: ProtocolBase, role: Role, bounds: LayeredBounds) -> LayeredBounds:
    """The bounds of every layer, with the file's own cap on the role."""
    cap = protocol.cap_of(role)
    if cap is None:
        return bounds
    own = protocol_cap(cap, f"cap of {protocol.id} {protocol.version}")
    return replace(bounds, protocol=(*bounds.protocol, own))
