"""The last gate: genuine set points to the payloads of a channel list or a pulse, or a refusal.

Everything is checked again in integers against the device's own hard bounds. It refuses and never
rounds, but for the period, which is lengthened to the next one of the device and reported as used.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from stimctl.devices.events import ChannelSet
from stimctl.devices.output_count import Unit, unit_of
from stimctl.devices.rehastim2 import sheet
from stimctl.errors import LimitRefusedError
from stimctl.safety.cleared import SetPoint
from stimctl.safety.device_bounds import Group
from stimctl.safety.sealed import is_genuine
from stimctl.stimulus.pulse import PulseShape
from stimctl.wire.sciencemode2 import messages as sm2


class Form(NamedTuple):
    """What one channel gives in each turn of the list. A channel without one gives nothing.

    `pulses`: 1, or 2 or 3 as doublets and triplets.
    """

    amplitude_ua: int
    phase_width_us: int
    pulses: int = 1

    def raises(self, other: Form) -> bool:
        """Whether this is in any respect more than `other`; no current is never more."""
        if not self.amplitude_ua:
            return False
        return (
            self.amplitude_ua > other.amplitude_ua
            or self.phase_width_us > other.phase_width_us
            or self.pulses > other.pulses
        )


OFF = Form(0, 0)


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


@dataclass(frozen=True, slots=True)
class Order:
    """The whole device's output as one StartChannelListMode: what is not in `forms` is off."""

    payload: bytes
    forms: Mapping[int, Form]
    channels: tuple[ChannelSet, ...]
    units: Mapping[int, Unit]
    """What the channels with current give, for the final output check."""

    def raises(self, other: Order) -> bool:
        """Whether any channel gets more than with `other`."""
        return any(
            form.raises(other.forms.get(channel, OFF)) for channel, form in self.forms.items()
        )

    def lowers(self, other: Order) -> bool:
        """Whether any channel gets less than with `other`."""
        return other.raises(self)


def without(setup: Setup, order: Order, channels: Container[int]) -> Order:
    """The same with these channels off."""
    kept = {channel: form for channel, form in order.forms.items() if channel not in channels}
    return _order(setup, kept, {one.channel: one.period_asked_us for one in order.channels})


NOTHING = Order(b"", MappingProxyType({}), (), MappingProxyType({}))
"""Before a list is initialised."""


def lowest(setup: Setup, wanted: Order, possible: Sequence[Order]) -> Order:
    """The part of `wanted` and `possible` that raises nothing against any of them."""
    forms: dict[int, Form] = {}
    for channel in wanted.forms:
        choices = [order.forms.get(channel, OFF) for order in (wanted, *possible)]
        least = [one for one in choices if not any(one.raises(other) for other in choices)]
        forms[channel] = least[0] if least else OFF
    return _order(setup, forms, {})


def setup_for(set_points: Mapping[int, SetPoint]) -> Setup:
    """The list that these set points need. Raises LimitRefusedError where none can be."""
    numbers = {channel: _checked(channel, point) for channel, point in set_points.items()}
    periods = {one.period_us for one in numbers.values()}
    if len(periods) != 1:
        raise _refused("channels in different rhythms", "a RehaStim2 has one rhythm for all")
    period_us = periods.pop()
    least_us = least_period_us(numbers)
    if period_us < least_us:
        raise _refused(
            f"a period of {period_us} us on these channels",
            f"the modules in use need at least {least_us} us",
        )
    gap_us = _gap_for(tuple(numbers.values()), period_us, least_us)
    channels = tuple(sorted(numbers))
    mask = sum(1 << (channel - 1) for channel in channels)
    message = sm2.InitChannelListMode(mask, period_us, gap_us or least_us)
    _wire_valid(message)
    pulses = tuple(numbers[channel].pulses for channel in channels)
    return Setup(channels, pulses, period_us, gap_us, message.pack())


def _gap_for(numbers: tuple[_Numbers, ...], period_us: int, least_us: int) -> int:
    """Between the pulses of the groups in a list, one for all; 0 where there is none."""
    gaps = {one.gap_us for one in numbers if one.gap_us}
    if not gaps:
        return 0
    if len(gaps) > 1:
        raise _refused("groups of pulses with different gaps", "a RehaStim2 has one gap for all")
    gap_us = gaps.pop()
    if not least_us <= gap_us <= sheet.GROUP_GAP_MAX_US:
        raise _refused(
            f"pulses of a group {gap_us} us apart",
            f"a RehaStim2 sets {least_us}..{sheet.GROUP_GAP_MAX_US} us on these channels",
        )
    most = max(one.pulses for one in numbers)
    if most * gap_us > period_us:
        raise _refused(
            f"{most} pulses {gap_us} us apart every {period_us} us",
            "a RehaStim2 needs a gap after each pulse of a group",
        )
    return gap_us


def least_period_us(channels: Iterable[int]) -> int:
    """The shortest rhythm of a list with these channels: 8 ms for each module in use [DOC]."""
    modules = {(channel - 1) // sheet.CHANNELS_PER_MODULE for channel in channels}
    return sheet.MODULE_PERIOD_US * len(modules)


def order_for(setup: Setup, set_points: Mapping[int, SetPoint]) -> Order:
    """The StartChannelListMode for exactly these channels; empty is all off.

    Raises LimitRefusedError for what the device cannot do, and for another list than `setup`.
    """
    forms: dict[int, Form] = {}
    asked: dict[int, int] = {}
    for channel in sorted(set_points):
        numbers = _checked(channel, set_points[channel])
        if channel not in setup.channels or numbers.period_us != setup.period_us:
            raise _refused(
                f"channel {channel} every {numbers.period_us} us",
                f"the list was set up for channels {setup.channels} every {setup.period_us} us",
            )
        pulses = setup.pulses[setup.channels.index(channel)]
        if numbers.pulses != pulses or numbers.gap_us not in (0, setup.gap_us):
            raise _refused(
                f"channel {channel}: {numbers.pulses} pulses {numbers.gap_us} us apart",
                f"the list was set up for {pulses}, {setup.gap_us} us apart",
            )
        forms[channel] = Form(numbers.amplitude_ua, numbers.phase_width_us, numbers.pulses)
        asked[channel] = numbers.asked_us
    return _order(setup, forms, asked)


def pulse_for(channel: int, set_point: SetPoint) -> tuple[bytes, ChannelSet, Unit]:
    """The SinglePulse of one set point; raises LimitRefusedError."""
    numbers = _checked(channel, set_point)
    message = sm2.SinglePulse(channel - 1, numbers.phase_width_us, numbers.amplitude_ua)
    _wire_valid(message)
    used = ChannelSet(
        channel,
        numbers.amplitude_ua,
        numbers.phase_width_us,
        numbers.asked_us,
        numbers.period_us,
    )
    form = Form(numbers.amplitude_ua, numbers.phase_width_us)
    return message.pack(), used, _unit(form, numbers.period_us)


class _Numbers(NamedTuple):
    amplitude_ua: int
    phase_width_us: int
    asked_us: int
    period_us: int
    pulses: int
    gap_us: int


def _checked(channel: int, point: SetPoint) -> _Numbers:
    """The numbers of a genuine set point, each within the device's bounds, else a refusal."""
    if not is_genuine(point, SetPoint):
        raise _refused("not a set point of the safety model", "only a cleared stimulus makes one")
    if type(channel) is not int or not 1 <= channel <= sheet.CHANNELS:
        raise _refused(f"channel {channel!r}", f"a RehaStim2 has channels 1..{sheet.CHANNELS}")
    where = f"channel {channel}"
    if point.shape is not PulseShape.SYMMETRIC or point.second_phase_ratio != 1:
        raise _refused(f"{where}: {point.shape} pulses", "a RehaStim2 gives symmetric pulses")
    if point.interphase_gap_us not in (0, sheet.PHASE_GAP_US):
        raise _refused(
            f"{where}: a gap of {point.interphase_gap_us} us",
            f"a RehaStim2 always puts {sheet.PHASE_GAP_US} us between the phases",
        )
    amplitude_ua, width_us = point.amplitude_ua, point.phase_width_us
    if not 0 <= amplitude_ua <= sheet.AMPLITUDE_MAX_UA or amplitude_ua % sheet.AMPLITUDE_STEP_UA:
        raise _refused(
            f"{where}: {amplitude_ua} uA",
            f"a RehaStim2 gives 0..{sheet.AMPLITUDE_MAX_UA} uA in steps of "
            f"{sheet.AMPLITUDE_STEP_UA} uA",
        )
    low, high = sheet.PHASE_WIDTH_MIN_US, sheet.PHASE_WIDTH_MAX_US
    if not low <= width_us <= high:
        raise _refused(f"{where}: a phase of {width_us} us", f"a RehaStim2 gives {low}..{high} us")
    period_us = -(-point.period_us // sheet.PERIOD_STEP_US) * sheet.PERIOD_STEP_US
    if not sheet.MODULE_PERIOD_US <= period_us <= sheet.PERIOD_MAX_US:
        raise _refused(
            f"{where}: a period of {point.period_us} us",
            f"a RehaStim2 repeats every {sheet.MODULE_PERIOD_US}..{sheet.PERIOD_MAX_US} us",
        )
    pulses, gap_us = _checked_group(where, point.cleared.group)
    return _Numbers(amplitude_ua, width_us, point.period_us, period_us, pulses, gap_us)


def _checked_group(where: str, group: Group | None) -> tuple[int, int]:
    """How many pulses in each turn of the list, and their gap in us: 1 and 0 without a group."""
    if group is None:
        return 1, 0
    if not 2 <= group.pulses <= sheet.PULSES_PER_GROUP_MAX:
        raise _refused(
            f"{where}: groups of {group.pulses} pulses",
            f"a RehaStim2 makes groups of 2..{sheet.PULSES_PER_GROUP_MAX}",
        )
    if group.gap_us % sheet.PERIOD_STEP_US:
        raise _refused(
            f"{where}: pulses {group.gap_us} us apart",
            f"a RehaStim2 has steps of {sheet.PERIOD_STEP_US} us",
        )
    return group


def _unit(form: Form, period_us: int) -> Unit:
    phases = [(form.phase_width_us, form.amplitude_ua)] * 2
    return unit_of(period_us, phases, form.pulses)


def _order(setup: Setup, forms: Mapping[int, Form], asked_us: Mapping[int, int]) -> Order:
    pulses = []
    sets = []
    for channel, group in zip(setup.channels, setup.pulses, strict=True):
        form = forms.get(channel, OFF)
        mode = group - 1  # 0 single, 1 doublet, 2 triplet
        pulses.append(sm2.ListPulse(form.phase_width_us, form.amplitude_ua, mode))
        if channel in forms:
            asked = asked_us.get(channel, setup.period_us)
            sets.append(
                ChannelSet(channel, form.amplitude_ua, form.phase_width_us, asked, setup.period_us)
            )
    message = sm2.StartChannelListMode(tuple(pulses))
    _wire_valid(message)
    units = {
        channel: _unit(form, setup.period_us)
        for channel, form in forms.items()
        if form.amplitude_ua
    }
    return Order(
        message.pack(), MappingProxyType(dict(forms)), tuple(sets), MappingProxyType(units)
    )


def _wire_valid(message: sm2.Message) -> None:
    problems = message.problems()
    if problems:
        raise _refused("the device would refuse this", "; ".join(problems))


def _refused(what: str, why: str) -> LimitRefusedError:
    return LimitRefusedError(
        what,
        why=why,
        what_to_do="Nothing was sent. Ask for a value that the RehaStim2 can do exactly",
    )
