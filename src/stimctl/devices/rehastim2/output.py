"""The output of a RehaStim2: set points to the payloads of a channel list or a pulse, or a refusal.

Trains run as a list of channels in one rhythm, which is initialised first. A channel of the list
without output has a pulse of 0 mA in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from stimctl.devices.events import ChannelSet
from stimctl.devices.output_count import Unit, unit_of
from stimctl.devices.output_frame import (
    OutputFrame,
    channel_set,
    check_genuine,
    check_wire,
    refused,
)
from stimctl.devices.rehastim2.sheet import PHASE_GAP_US, REHASTIM2_SHEET
from stimctl.safety.cleared import SetPoint
from stimctl.safety.device_bounds import SINGLE, Group
from stimctl.stimulus.pulse import PulseShape
from stimctl.wire.sciencemode2 import messages as sm2

_BOUNDS = REHASTIM2_SHEET.bounds


class ChannelOutput(NamedTuple):
    """What one channel gives in each turn of the list. A channel without one gives nothing.

    `pulses`: 1, or 2 or 3 as doublets and triplets.
    """

    amplitude_ua: int
    phase_width_us: int
    pulses: int = 1

    def raises(self, other: ChannelOutput | None) -> bool:
        """Whether this is in any respect more than `other`; no current is never more."""
        if not self.amplitude_ua:
            return False
        return other is None or (
            self.amplitude_ua > other.amplitude_ua
            or self.phase_width_us > other.phase_width_us
            or self.pulses > other.pulses
        )

    def lowered_by(self, other: ChannelOutput | None) -> bool:
        """Whether `other` is in any respect less than this."""
        return self.raises(other)


OFF = ChannelOutput(0, 0)
Frame = OutputFrame[ChannelOutput]
NOTHING: Frame = OutputFrame(b"", MappingProxyType({}), (), MappingProxyType({}))
"""Before a list is initialised."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A channel list as it is initialised: which channels, in which rhythm. Fixed until a stop.

    `pulses`: of each channel in each turn, also while it is off; `gap_us`: between the pulses of
    doublets and triplets, 0 where the list has none.
    """

    channels: tuple[int, ...]
    pulses: tuple[int, ...]
    period_us: int
    gap_us: int
    payload: bytes


def setup_for(set_points: Mapping[int, SetPoint]) -> Setup:
    """The list that these set points need. Raises LimitRefusedError where none can be."""
    numbers = {channel: _checked(channel, point) for channel, point in set_points.items()}
    periods = {one.period_us for one in numbers.values()}
    if len(periods) != 1:
        raise refused("channels in different rhythms", "a RehaStim2 has one rhythm for all")
    period_us = periods.pop()
    least_us = _BOUNDS.period_min_for(numbers)
    if period_us < least_us:
        raise refused(
            f"a period of {period_us} us on these channels",
            f"the modules in use need at least {least_us} us",
        )
    gap_us = _gap_for(tuple(numbers.values()), period_us, least_us)
    channels = tuple(sorted(numbers))
    mask = sum(1 << (channel - 1) for channel in channels)
    message = sm2.InitChannelListMode(mask, period_us, gap_us or least_us)
    check_wire(message)
    pulses = tuple(numbers[channel].pulses for channel in channels)
    return Setup(channels, pulses, period_us, gap_us, message.pack())


def _gap_for(numbers: tuple[_Numbers, ...], period_us: int, least_us: int) -> int:
    """Between the pulses of the groups in a list, one for all; 0 where there is none."""
    gaps = {one.gap_us for one in numbers if one.gap_us}
    if not gaps:
        return 0
    if len(gaps) > 1:
        raise refused("groups of pulses with different gaps", "a RehaStim2 has one gap for all")
    gap_us = gaps.pop()
    if not least_us <= gap_us <= _BOUNDS.group_gap_max_us:
        raise refused(
            f"pulses of a group {gap_us} us apart",
            f"a RehaStim2 sets {least_us} to {_BOUNDS.group_gap_max_us} us on these channels",
        )
    most = max(one.pulses for one in numbers)
    if most * gap_us > period_us:
        raise refused(
            f"{most} pulses {gap_us} us apart every {period_us} us",
            "a RehaStim2 needs a gap after each pulse of a group",
        )
    return gap_us


def frame_for(setup: Setup, set_points: Mapping[int, SetPoint]) -> Frame:
    """The StartChannelListMode for exactly these channels; empty is all off.

    Raises LimitRefusedError for what the device cannot do, and for another list than `setup`.
    """
    outputs: dict[int, ChannelOutput] = {}
    asked: dict[int, int] = {}
    for channel in sorted(set_points):
        numbers = _checked(channel, set_points[channel])
        if channel not in setup.channels or numbers.period_us != setup.period_us:
            raise refused(
                f"channel {channel} every {numbers.period_us} us",
                f"the list was set up for channels {setup.channels} every {setup.period_us} us",
            )
        pulses = setup.pulses[setup.channels.index(channel)]
        if numbers.pulses != pulses or numbers.gap_us not in (0, setup.gap_us):
            raise refused(
                f"channel {channel}: {numbers.pulses} pulses {numbers.gap_us} us apart",
                f"the list was set up for {pulses}, {setup.gap_us} us apart",
            )
        outputs[channel] = ChannelOutput(numbers.amplitude_ua, numbers.phase_width_us, pulses)
        asked[channel] = numbers.asked_us
    return make_frame(setup, outputs, asked)


def pulse_for(channel: int, set_point: SetPoint) -> tuple[bytes, ChannelSet, Unit]:
    """The SinglePulse of one set point; raises LimitRefusedError."""
    numbers = _checked(channel, set_point)
    message = sm2.SinglePulse(channel - 1, numbers.phase_width_us, numbers.amplitude_ua)
    check_wire(message)
    output = ChannelOutput(numbers.amplitude_ua, numbers.phase_width_us)
    used = channel_set(channel, output, numbers.asked_us, numbers.period_us)
    return message.pack(), used, _unit(output, numbers.period_us)


class _Numbers(NamedTuple):
    amplitude_ua: int
    phase_width_us: int
    asked_us: int
    period_us: int
    pulses: int
    gap_us: int


def _checked(channel: int, point: SetPoint) -> _Numbers:
    """The numbers of a genuine set point, each within the device's bounds, else a refusal."""
    check_genuine(channel, point, _BOUNDS.channels, "a RehaStim2")
    where = f"channel {channel}"
    if point.shape is not PulseShape.SYMMETRIC or point.second_phase_ratio != 1:
        raise refused(f"{where}: {point.shape} pulses", "a RehaStim2 gives symmetric pulses")
    if point.interphase_gap_us not in (0, PHASE_GAP_US):
        raise refused(
            f"{where}: a gap of {point.interphase_gap_us} us",
            f"a RehaStim2 always puts {PHASE_GAP_US} us between the phases",
        )
    amplitude_ua, width_us = point.amplitude_ua, point.phase_width_us
    if (
        not 0 <= amplitude_ua <= _BOUNDS.amplitude_max_ua
        or amplitude_ua % _BOUNDS.amplitude_step_ua
    ):
        raise refused(
            f"{where}: {amplitude_ua} uA",
            f"a RehaStim2 gives 0 to {_BOUNDS.amplitude_max_ua} uA in steps of "
            f"{_BOUNDS.amplitude_step_ua} uA",
        )
    low, high = _BOUNDS.phase_width_min_us, _BOUNDS.phase_width_max_us
    if not low <= width_us <= high:
        raise refused(f"{where}: a phase of {width_us} us", f"a RehaStim2 gives {low} to {high} us")
    period_us = -(-point.period_us // _BOUNDS.period_step_us) * _BOUNDS.period_step_us
    if not _BOUNDS.period_min_us <= period_us <= _BOUNDS.period_max_us:
        raise refused(
            f"{where}: a period of {point.period_us} us",
            f"a RehaStim2 repeats every {_BOUNDS.period_min_us} to {_BOUNDS.period_max_us} us",
        )
    pulses, gap_us = _checked_group(where, point.group)
    return _Numbers(amplitude_ua, width_us, point.period_us, period_us, pulses, gap_us)


def _checked_group(where: str, group: Group) -> Group:
    """How many pulses in each turn of the list, and their gap in us."""
    if group == SINGLE:
        return group
    if not 2 <= group.pulses <= _BOUNDS.pulses_per_group_max:
        raise refused(
            f"{where}: groups of {group.pulses} pulses",
            f"a RehaStim2 makes groups of 2 to {_BOUNDS.pulses_per_group_max}",
        )
    if group.gap_us % _BOUNDS.period_step_us:
        raise refused(
            f"{where}: pulses {group.gap_us} us apart",
            f"a RehaStim2 has steps of {_BOUNDS.period_step_us} us",
        )
    return group


def _unit(output: ChannelOutput, period_us: int) -> Unit:
    phases = [(output.phase_width_us, output.amplitude_ua)] * 2 * output.pulses
    return unit_of(period_us, phases, output.pulses)


def make_frame(
    setup: Setup, outputs: Mapping[int, ChannelOutput], asked_us: Mapping[int, int]
) -> Frame:
    """The StartChannelListMode for these outputs; `asked_us` are periods."""
    pulses = []
    sets = []
    for channel, group in zip(setup.channels, setup.pulses, strict=True):
        output = outputs.get(channel, OFF)
        mode = group - 1  # 0 single, 1 doublet, 2 triplet
        pulses.append(sm2.ListPulse(output.phase_width_us, output.amplitude_ua, mode))
        if channel in outputs:
            asked = asked_us.get(channel, setup.period_us)
            sets.append(channel_set(channel, output, asked, setup.period_us))
    message = sm2.StartChannelListMode(tuple(pulses))
    check_wire(message)
    units = {
        channel: _unit(output, setup.period_us)
        for channel, output in outputs.items()
        if output.amplitude_ua
    }
    return OutputFrame(
        message.pack(), MappingProxyType(dict(outputs)), tuple(sets), MappingProxyType(units)
    )
