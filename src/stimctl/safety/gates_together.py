"""Clearing several channels of one device without current control, that run at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import LayeredBounds
from stimctl.safety.gate_bounds import GateBounds
from stimctl.safety.intensity import ClearedIntensity, clear_intensity
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Refusal
from stimctl.safety.side_by_side import (
    Muscle,
    antagonist_refusal,
    channel_refusal,
    for_channel,
    path_refusal,
    refused_for,
)
from stimctl.stimulus import Cycle
from stimctl.stimulus.consistency import rest_inconsistency

_UNKNOWN_RATE = "a motor programme whose pulse rate is not known"


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What is asked of one channel: up to which intensity, where, and in which cycle if any."""

    percent: int
    electrode: Electrode
    layers: LayeredBounds = LayeredBounds()  # noqa: RUF009 - frozen, and empty
    motor: bool = False
    cycle: Cycle | None = None
    begins_us: int = 0


def clear_gates_together(
    requests: Mapping[int, GateRequest],
    bounds: GateBounds,
    acknowledged: frozenset[str] = frozenset(),
    *,
    co_contraction: bool = False,
) -> Mapping[int, ClearedIntensity] | Refusal:
    """Each by `clear_intensity`, then what holds between them: paths (H42), antagonists (W10).

    A muscle rests (W6), whatever the rate of the unit whose pulses are let through: nobody knows
    it here. Sums of one region (H43) are currents, and cannot be judged here. A refusal names the
    channel.
    """
    cleared: dict[int, ClearedIntensity] = {}
    for channel, asked in sorted(requests.items()):
        answer = clear_intensity(
            asked.percent, bounds, asked.electrode, asked.layers, acknowledged=acknowledged
        )
        if isinstance(answer, Refusal):
            return for_channel(answer, channel)
        refusal = channel_refusal(channel, bounds.name, bounds.channels)
        if refusal is not None:
            return refusal
        cleared[channel] = answer
    refusal = path_refusal({ch: asked.electrode.site for ch, asked in sorted(requests.items())})
    if refusal is None and not co_contraction:
        refusal = antagonist_refusal(
            [
                Muscle(channel, asked.electrode.site, asked.cycle, asked.begins_us)
                for channel, asked in sorted(requests.items())
                if asked.motor and asked.electrode.site is not None
            ]
        )
    return refusal or _without_rest(requests) or MappingProxyType(cleared)


def _without_rest(requests: Mapping[int, GateRequest]) -> Refusal | None:
    for channel, asked in sorted(requests.items()):
        if asked.motor:
            found = rest_inconsistency(asked.cycle, _UNKNOWN_RATE)
            if found is not None:
                return refused_for(channel, found.rule, Quantity.TIMING, found.message)
    return None
