"""Channels that pulse one after the other, each so much later than a common beat (W24).

The beat begins with each hold: there the trains begin anew, one after the other. An offset relaxes
no limit: all is judged as if the pulses of all channels came together, because where one channel is
in its period cannot be read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from stimctl.quantity import format_duration
from stimctl.safety import Layer, Quantity, Refusal
from stimctl.safety.channel_pairs import refused_for
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus.consistency import LEAD_PERIOD_MIN_US, lead_pause_us, ramp_with_pause_us
from stimctl.treatment.consistency import Finding
from stimctl.treatment.locate import Path
from stimctl.treatment.program import CurrentChannel
from stimctl.treatment.segments import Segment

_US_MHZ = 10**9


def offset_findings(path: Path, segments: Sequence[Segment]) -> Iterator[Finding]:
    """What is wrong with the offsets of one stage, each in words that name the role."""
    beating = [one for one in segments if one.role.offset_us is not None]
    for one in beating:
        why = _alone(one) or _against(beating[0], one)
        if why is not None:
            yield Finding(path, f"W24: the offset of {one.role.role} {why}")


def _alone(one: Segment) -> str | None:
    rate, cycle, offset_us = one.waveform.frequency, one.cycle, one.role.offset_us or 0
    if cycle is None:
        return "counts from the beginning of a hold: it needs an on/off cycle"
    if not isinstance(rate, int) or one.waveform.nlet is not None or cycle.rest is not None:
        return "goes with single pulses of one frequency, and without active rest"
    if rate * LEAD_PERIOD_MIN_US > _US_MHZ:
        return f"is kept by the host: it needs a period of {format_duration(LEAD_PERIOD_MIN_US)}"
    period_us = -(-_US_MHZ // rate)
    if offset_us >= period_us:
        return f"is as long as the period of {format_duration(period_us)}, or longer"
    least_us = ramp_with_pause_us(period_us, offset_us)
    if cycle.ramp_up_us < least_us:
        return (
            "needs a pause before it, in which the ramp would climb by more than a fifth; ramp_up "
            f"must be at least {format_duration(least_us)}"
        )
    return None


def _against(first: Segment, one: Segment) -> str | None:
    """All have one beat: one frequency, and holds that begin together."""
    if one.waveform.frequency != first.waveform.frequency or one.cycle != first.cycle:
        return (
            f"needs the frequency and the cycle of {first.role.role}: a common beat is one of "
            "equal periods, and of holds that begin together"
        )
    return None


def offset_refusal(device: DeviceBounds, channels: Sequence[CurrentChannel]) -> Refusal | None:
    """W24: a device whose channels have places of their own in one rhythm takes no others."""
    found = [one.channel for one in channels if one.offset_us is not None]
    if not found or not device.fixed_rhythm:
        return None
    return refused_for(
        found[0], "W24", Quantity.TIMING,
        f"{device.name} gives the channels of its list one after the other, at distances of its "
        "own; it takes no offset",
        layer=Layer.DEVICE, source=f"{device.name}: {device.source}", certainty=device.certainty,
    )  # fmt: skip


def with_offset_note(one: CurrentChannel) -> CurrentChannel:
    """The channel with what its offset means."""
    if one.offset_us is None:
        return one
    pause = format_duration(lead_pause_us(one.period_us) + one.offset_us)
    note = (
        f"in each hold its pulses come {format_duration(one.offset_us)} after the common beat, "
        f"begun by the host to +/- 2 ms (not measured); no pulse for {pause} before them"
    )
    return replace(one, notes=(*one.notes, note))
