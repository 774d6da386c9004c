"""Stages on a device whose channels share one list: its channels and its rhythm are set up once."""

from __future__ import annotations

from collections.abc import Sequence

from stimctl.devices.sheet import CapabilitySheet
from stimctl.quantity import format_frequency
from stimctl.safety import Quantity, Refusal
from stimctl.safety.channel_pairs import refused_for
from stimctl.treatment.program import CurrentChannel, Stage


def one_list(sheet: CapabilitySheet, stages: Sequence[Stage[CurrentChannel]]) -> Refusal | None:
    """Why these stages need another list than the first one with output; None where they do not."""
    device = sheet.bounds
    with_output = [stage for stage in stages if stage.channels]
    if not device.fixed_rhythm or not with_output:
        return None
    first = with_output[0]
    for stage in with_output:
        for one in stage.channels:
            before = first.channel(one.channel)
            if before is None:
                return _refused(
                    sheet, one, f'channel {one.channel} is off in "{first.name}" and on in '
                    f'"{stage.name}"',
                )  # fmt: skip
            rate_mhz = device.repeat_mhz(before.stimulus)
            rest = one.stimulus.rest
            rates = [device.repeat_mhz(one.stimulus), *([rest.frequency_mhz] if rest else [])]
            other = next((rate for rate in rates if rate != rate_mhz), None)
            if other is not None:
                return _refused(
                    sheet, one, f'"{stage.name}" has {format_frequency(other)} and "{first.name}" '
                    f"{format_frequency(rate_mhz)}",
                )  # fmt: skip
            if one.cleared.group != before.cleared.group:
                return _refused(
                    sheet, one, f'"{stage.name}" has other groups of pulses than "{first.name}"'
                )
    return None


def _refused(sheet: CapabilitySheet, one: CurrentChannel, why: str) -> Refusal:
    device = sheet.bounds
    return refused_for(
        one.channel, "L-DEV", Quantity.FREQUENCY,
        f"{device.name} sets up its channels and their rate once in a session, and {why}",
        source=f"{device.name}: {device.source}", certainty=device.certainty,
    )  # fmt: skip
