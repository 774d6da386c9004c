"""The output of a P24 or a RehaMove3: set points to an Ml_update or a single pulse, or a refusal.

What differs between the two devices is a `Model`. Two phases that would not balance exactly are
refused, as is a frame that the device may not take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
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
from stimctl.devices.p24 import sheet
from stimctl.safety.cleared import SetPoint
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus.pulse import PulseShape
from stimctl.wire.message import Message
from stimctl.wire.sciencemode4.framing import encode_frame
from stimctl.wire.sciencemode4.messages_low import LlChannelConfig
from stimctl.wire.sciencemode4.messages_mid import MlChannel, MlUpdate
from stimctl.wire.sciencemode4.point import Point

CHANNELS_A_CONNECTOR = 4
_CACHE_SIZE = 2048
_STUFFED_PACKET_NUMBER = 60  # the one whose prefix needs an escape: the longest frame


class ChannelOutput(NamedTuple):
    """The numbers of one channel's set point, with the period that is used."""

    shape: PulseShape
    amplitude_ua: int
    phase_width_us: int
    interphase_gap_us: int
    second_phase_ratio: int
    period_us: int
    pulses: int = 1
    interval_us: int = 0
    """Of a group in each period: so many pulses, and from the beginning of one to the next."""

    def raises(self, other: ChannelOutput | None) -> bool:
        """Whether this is in any respect more than `other`, or different in kind."""
        return other is None or (
            self.amplitude_ua > other.amplitude_ua
            or self.phase_width_us > other.phase_width_us
            or self.period_us < other.period_us
            or self.pulses > other.pulses
            or (self.pulses > 1 and self.interval_us < other.interval_us)
            or (self.shape, self.interphase_gap_us, self.second_phase_ratio)
            != (other.shape, other.interphase_gap_us, other.second_phase_ratio)
        )

    def lowered_by(self, other: ChannelOutput | None) -> bool:
        """Whether `other` is in any respect less than this."""
        return other is None or (
            other.amplitude_ua < self.amplitude_ua
            or other.phase_width_us < self.phase_width_us
            or other.period_us > self.period_us
            or other.pulses < self.pulses
            or (other.pulses > 1 and other.interval_us > self.interval_us)
        )


@dataclass(frozen=True, slots=True)
class Model:
    """What an encoder needs to know of its device: bounds, longest frame, messages and periods.

    `update` and `pulse` make the wire's messages of all outputs and of one; `period_step` is the
    step in us of a period as long as this one.
    """

    name: str
    bounds: DeviceBounds
    frame_max_bytes: int
    period_step: Callable[[int], int]
    update: Callable[[Mapping[int, ChannelOutput]], Message]
    pulse: Callable[[int, ChannelOutput], Message]


def _p24_period_step(period_us: int) -> int:
    return (
        sheet.PERIOD_FINE_STEP_US
        if period_us <= sheet.PERIOD_FINE_MAX_US
        else sheet.PERIOD_COARSE_STEP_US
    )


def _p24_update(outputs: Mapping[int, ChannelOutput]) -> Message:
    return MlUpdate(
        tuple(
            MlChannel(
                channel - 1,
                output.period_us,
                points_of(output, sheet.POINT_MAX_US),
                double_accuracy=bool(output.period_us % sheet.PERIOD_COARSE_STEP_US),
            )
            for channel, output in outputs.items()
        )
    )


def _p24_pulse(channel: int, output: ChannelOutput) -> Message:
    connector, index = divmod(channel - 1, CHANNELS_A_CONNECTOR)
    return LlChannelConfig(True, index, connector, points_of(output, sheet.POINT_MAX_US))


P24 = Model(
    "a P24",
    sheet.P24_SHEET.bounds,
    sheet.FRAME_MAX_BYTES,
    _p24_period_step,
    _p24_update,
    _p24_pulse,
)


Frame = OutputFrame[ChannelOutput]
ALL_OFF: Frame = OutputFrame(MlUpdate(()).pack(), MappingProxyType({}), (), MappingProxyType({}))


class OutputEncoder:
    """Turns set points into payloads. Keeps those it has made, because cycles repeat."""

    __slots__ = ("_made", "_model")

    def __init__(self, model: Model = P24) -> None:
        self._model = model
        self._made: dict[tuple[tuple[int, SetPointKey], ...], Frame] = {}

    def frame(self, set_points: Mapping[int, SetPoint]) -> Frame:
        """The Ml_update for exactly these channels (1..8); empty is all off.

        Raises LimitRefusedError for a set point that is not genuine, or that the device cannot do.
        """
        if not set_points:
            return ALL_OFF
        key = tuple(
            (channel, self._key(channel, set_points[channel])) for channel in sorted(set_points)
        )
        made = self._made.get(key)
        if made is None:
            made = self.make(
                {channel: _output(channel, numbers, self._model) for channel, numbers in key},
                {channel: numbers[-1] for channel, numbers in key},
            )
            if len(self._made) >= _CACHE_SIZE:
                self._made.clear()
            self._made[key] = made
        return made

    def pulse(self, channel: int, set_point: SetPoint) -> tuple[bytes, ChannelSet, Unit]:
        """The Ll_channel_config of one pulse; raises LimitRefusedError as `frame`."""
        key = self._key(channel, set_point)
        output = _output(channel, key, self._model)
        message = self._model.pulse(channel, output)
        check_wire(message)
        used = channel_set(channel, output, key[-1], output.period_us)
        return message.pack(), used, _unit(output, self._model)

    def make(self, outputs: Mapping[int, ChannelOutput], asked_us: Mapping[int, int]) -> Frame:
        """The Ml_update for these outputs, in ascending order of channel."""
        model = self._model
        message = model.update(outputs)
        check_wire(message)
        payload = message.pack()
        length = len(encode_frame(_STUFFED_PACKET_NUMBER, MlUpdate.command, payload))
        if length > model.frame_max_bytes:
            raise refused(
                f"a frame of {length} bytes",
                f"{model.name} may not take more than {model.frame_max_bytes}",
            )
        return OutputFrame(
            payload,
            MappingProxyType(outputs),
            tuple(
                channel_set(channel, one, asked_us.get(channel, one.period_us), one.period_us)
                for channel, one in outputs.items()
            ),
            MappingProxyType(
                {channel: _unit(one, model) for channel, one in outputs.items() if one.amplitude_ua}
            ),
        )

    def _key(self, channel: int, set_point: SetPoint) -> SetPointKey:
        """The numbers of a set point that the safety model made, else a refusal."""
        check_genuine(channel, set_point, self._model.bounds.channels, self._model.name)
        return (
            set_point.shape,
            set_point.amplitude_ua,
            set_point.phase_width_us,
            set_point.interphase_gap_us,
            set_point.second_phase_ratio,
            set_point.pulses,
            set_point.interval_us,
            set_point.period_us,
        )


SetPointKey = tuple[PulseShape, int, int, int, int, int, int, int]


def used_period_us(period_us: int, model: Model = P24) -> int:
    """The period that is used for `period_us`: rounded up to what the device can keep, in us."""
    step = model.period_step(period_us)
    return -(-period_us // step) * step


def _output(channel: int, numbers: SetPointKey, model: Model) -> ChannelOutput:
    """The set point of one channel, checked against every bound of the device."""
    name, bounds = model.name, model.bounds
    shape, amplitude_ua, width_us, gap_us, ratio, *group, period_us = numbers
    used_us = used_period_us(period_us, model)
    output = ChannelOutput(shape, amplitude_ua, width_us, gap_us, ratio, used_us, *group)
    where = f"channel {channel}"
    if not 0 <= amplitude_ua <= bounds.amplitude_max_ua:
        raise refused(
            f"{where}: {amplitude_ua} uA", f"{name} gives 0 to {bounds.amplitude_max_ua} uA"
        )
    if not bounds.period_min_us <= output.period_us <= bounds.period_max_us:
        raise refused(
            f"{where}: a period of {period_us} us",
            f"{name} repeats every {bounds.period_min_us} to {bounds.period_max_us} us",
        )
    points = points_of(output, bounds.phase_width_max_us)
    _check_points(where, shape, points, model)
    if len(points) > bounds.form_points_max:
        raise refused(
            f"{where}: {output.pulses} pulses {output.interval_us} us apart",
            f"{name} takes {bounds.form_points_max} points a form, not {len(points)}",
        )
    lasts_us = sum(point.duration_us for point in points)
    if output.pulses > 1 and lasts_us + bounds.recovery_us > output.period_us:
        raise refused(
            f"{where}: a group of {lasts_us} us every {output.period_us} us",
            f"{name} needs {bounds.recovery_us} us after it",
        )
    return output


def points_of(output: ChannelOutput, longest_us: int) -> tuple[Point, ...]:
    """The points of a whole form: those of each pulse, and of 0 mA between those of a group.

    A pause that is longer than `longest_us`, the longest point, is cut into equal parts.
    """
    one = _pulse_points(output)
    pause_us = output.interval_us - sum(point.duration_us for point in one)
    if output.pulses == 1:
        return one
    parts = max(1, -(-pause_us // longest_us))
    ends = [pause_us * part // parts for part in range(parts + 1)]
    pause = tuple(Point(end - begin, 0) for begin, end in pairwise(ends))
    return one + (pause + one) * (output.pulses - 1)


def _pulse_points(output: ChannelOutput) -> tuple[Point, ...]:
    """One point for each phase, and one for the gap where there is one."""
    first = Point(output.phase_width_us, output.amplitude_ua)
    if output.shape is PulseShape.MONOPHASIC:
        return (first,)
    if output.amplitude_ua % output.second_phase_ratio:
        raise refused(
            f"{output.amplitude_ua} uA in a ratio of {output.second_phase_ratio}",
            "the second phase would not balance the first exactly",
        )
    second = Point(
        output.phase_width_us * output.second_phase_ratio,
        -(output.amplitude_ua // output.second_phase_ratio),
    )
    if output.interphase_gap_us:
        return (first, Point(output.interphase_gap_us, 0), second)
    return (first, second)


def _check_points(where: str, shape: PulseShape, points: tuple[Point, ...], model: Model) -> None:
    name, step_ua = model.name, model.bounds.amplitude_step_ua
    low, high = model.bounds.phase_width_min_us, model.bounds.phase_width_max_us
    for duration_us, current_ua, _ in points:
        if not low <= duration_us <= high:
            raise refused(
                f"{where}: {duration_us} us for a phase or gap",
                f"{name} executes {low} to {high} us as they are asked for",
            )
        if current_ua % step_ua:
            raise refused(
                f"{where}: {current_ua} uA is off the grid",
                f"{name} sets multiples of {step_ua} uA",
            )
    balance = sum(duration_us * current_ua for duration_us, current_ua, _ in points)
    if balance and shape is not PulseShape.MONOPHASIC:
        raise refused(
            f"{where}: the phases differ by {balance} uA*us", "a biphasic pulse carries no charge"
        )


def _unit(output: ChannelOutput, model: Model) -> Unit:
    test = model.bounds.test_pulse
    own = () if test is None else test.phases
    phases = [(one.duration_us, one.current_ua) for one in _pulse_points(output)]
    return unit_of(output.period_us, (*own, *(phases * output.pulses)), output.pulses)
