"""The last gate: genuine set points to the payload of an Ml_update or a single pulse, or a refusal.

Everything is checked again in integers against the device's own hard bounds, whatever was checked
before: the safety model decides what a person may get, the gate what a device can do exactly. What
differs between a P24 and a RehaMove3 is a `Model`. It
refuses and never rounds, but for the period, which is lengthened to the next one that the device
can keep and reported as used.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from stimctl.devices.events import ChannelSet
from stimctl.devices.output_count import Unit, unit_of
from stimctl.devices.p24 import sheet
from stimctl.errors import LimitRefusedError
from stimctl.safety.cleared import SetPoint
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.safety.sealed import is_genuine
from stimctl.stimulus.pulse import PulseShape
from stimctl.wire.message import Message
from stimctl.wire.sciencemode4.framing import encode_frame
from stimctl.wire.sciencemode4.messages_low import LlChannelConfig
from stimctl.wire.sciencemode4.messages_mid import MlChannel, MlUpdate
from stimctl.wire.sciencemode4.point import Point

CHANNELS_A_CONNECTOR = 4
_CACHE_SIZE = 2048
_STUFFED_PACKET_NUMBER = 60  # the one whose prefix needs an escape: the longest frame


class Form(NamedTuple):
    """The numbers of one channel's set point, with the period that is used."""

    shape: PulseShape
    amplitude_ua: int
    phase_width_us: int
    interphase_gap_us: int
    second_phase_ratio: int
    period_us: int

    def raises(self, other: Form) -> bool:
        """Whether this is in any respect more than `other`, or different in kind."""
        return (
            self.amplitude_ua > other.amplitude_ua
            or self.phase_width_us > other.phase_width_us
            or self.period_us < other.period_us
            or (self.shape, self.interphase_gap_us, self.second_phase_ratio)
            != (other.shape, other.interphase_gap_us, other.second_phase_ratio)
        )

    def lowers(self, other: Form) -> bool:
        """Whether this is in any respect less than `other`."""
        return (
            self.amplitude_ua < other.amplitude_ua
            or self.phase_width_us < other.phase_width_us
            or self.period_us > other.period_us
        )


@dataclass(frozen=True, slots=True)
class Trains:
    """The whole device's output as one Ml_update: what is not in it is off."""

    payload: bytes
    mask: int
    forms: Mapping[int, Form]
    channels: tuple[ChannelSet, ...]
    units: Mapping[int, Unit]
    """What the channels with current give, for the final output check."""

    def raises(self, other: Trains) -> bool:
        """Whether any channel gets more than with `other`."""
        if self is other:
            return False
        return any(
            channel not in other.forms or form.raises(other.forms[channel])
            for channel, form in self.forms.items()
        )

    def lowers(self, other: Trains) -> bool:
        """Whether any channel gets less than with `other`, or is switched off."""
        if self is other:
            return False
        return any(
            channel not in self.forms or self.forms[channel].lowers(form)
            for channel, form in other.forms.items()
        )


@dataclass(frozen=True, slots=True)
class Model:
    """What a gate needs to know of its device: bounds, longest frame, messages and periods.

    `update` and `pulse` make the wire's messages of forms and of one channel's form; `period_step`
    is the step in us of a period as long as this one.
    """

    name: str
    bounds: DeviceBounds
    frame_max_bytes: int
    period_step: Callable[[int], int]
    update: Callable[[Mapping[int, Form]], Message]
    pulse: Callable[[int, Form], Message]


def _p24_period_step(period_us: int) -> int:
    return (
        sheet.PERIOD_FINE_STEP_US
        if period_us <= sheet.PERIOD_FINE_MAX_US
        else sheet.PERIOD_COARSE_STEP_US
    )


def _p24_update(forms: Mapping[int, Form]) -> Message:
    return MlUpdate(
        tuple(
            MlChannel(
                channel - 1,
                form.period_us,
                _points(form),
                double_accuracy=bool(form.period_us % sheet.PERIOD_COARSE_STEP_US),
            )
            for channel, form in forms.items()
        )
    )


def _p24_pulse(channel: int, form: Form) -> Message:
    connector, index = divmod(channel - 1, CHANNELS_A_CONNECTOR)
    return LlChannelConfig(True, index, connector, _points(form))


P24 = Model(
    "a P24",
    sheet.P24_SHEET.bounds,
    sheet.FRAME_MAX_BYTES,
    _p24_period_step,
    _p24_update,
    _p24_pulse,
)


def lowest(wanted: Trains, possible: Sequence[Trains], model: Model = P24) -> Trains:
    """The part of `wanted` and `possible` that raises nothing against any of them.

    Every channel keeps one of its own set points, the one that is the least in every respect; a
    channel that is off in any of them, or of which none is the least, is off.
    """
    forms: dict[int, Form] = {}
    asked: dict[int, int] = {}
    for channel in sorted(wanted.forms):
        if not all(channel in trains.forms for trains in possible):
            continue
        choices = [trains.forms[channel] for trains in (wanted, *possible)]
        least = [one for one in choices if not any(one.raises(other) for other in choices)]
        if least:
            forms[channel] = least[0]
            asked[channel] = least[0].period_us
    return _trains(forms, asked, model)


def without(trains: Trains, channels: Container[int], model: Model = P24) -> Trains:
    """The same with these channels off."""
    kept = {channel: form for channel, form in trains.forms.items() if channel not in channels}
    return _trains(kept, {one.channel: one.period_asked_us for one in trains.channels}, model)


ALL_OFF = Trains(MlUpdate(()).pack(), 0, MappingProxyType({}), (), MappingProxyType({}))


class Gate:
    """Turns set points into payloads. Keeps those it has made, because cycles repeat."""

    __slots__ = ("_made", "_model")

    def __init__(self, model: Model = P24) -> None:
        self._model = model
        self._made: dict[tuple[tuple[int, SetPointKey], ...], Trains] = {}

    def trains(self, set_points: Mapping[int, SetPoint]) -> Trains:
        """The Ml_update for exactly these channels (1..8); empty is all off.

        Raises LimitRefusedError for a set point that is not genuine, or that the device cannot do.
        """
        if not set_points:
            return ALL_OFF
        key = tuple((channel, _key(set_points[channel])) for channel in sorted(set_points))
        made = self._made.get(key)
        if made is None:
            made = _trains(
                {channel: _form(channel, numbers, self._model) for channel, numbers in key},
                {channel: numbers[-1] for channel, numbers in key},
                self._model,
            )
            if len(self._made) >= _CACHE_SIZE:
                self._made.clear()
            self._made[key] = made
        return made

    def pulse(self, channel: int, set_point: SetPoint) -> tuple[bytes, ChannelSet, Unit]:
        """The Ll_channel_config of one pulse; raises LimitRefusedError as `trains`."""
        key = _key(set_point)
        form = _form(channel, key, self._model)
        message = self._model.pulse(channel, form)
        _wire_valid(message)
        return message.pack(), _channel_set(channel, form, key[-1]), _unit(form, self._model)


SetPointKey = tuple[PulseShape, int, int, int, int, int]


def _key(set_point: SetPoint) -> SetPointKey:
    """The numbers of a set point that the safety model made, else a refusal."""
    if not is_genuine(set_point, SetPoint):
        raise _refused("not a set point of the safety model", "only a cleared stimulus makes one")
    return (
        set_point.shape,
        set_point.amplitude_ua,
        set_point.phase_width_us,
        set_point.interphase_gap_us,
        set_point.second_phase_ratio,
        set_point.period_us,
    )


def _refused(what: str, why: str) -> LimitRefusedError:
    return LimitRefusedError(
        what, why=why, what_to_do="Nothing was sent. Ask for a value that the device can do exactly"
    )


def used_period_us(period_us: int, model: Model = P24) -> int:
    """The period that is used for `period_us`: rounded up to what the device can keep, in us."""
    step = model.period_step(period_us)
    return -(-period_us // step) * step


def _form(channel: int, numbers: SetPointKey, model: Model) -> Form:
    """The set point of one channel, checked against every bound of the device."""
    name, bounds = model.name, model.bounds
    if type(channel) is not int or not 1 <= channel <= bounds.channels:
        raise _refused(f"channel {channel!r}", f"{name} has channels 1..{bounds.channels}")
    shape, amplitude_ua, width_us, gap_us, ratio, period_us = numbers
    form = Form(shape, amplitude_ua, width_us, gap_us, ratio, used_period_us(period_us, model))
    where = f"channel {channel}"
    if not 0 <= amplitude_ua <= bounds.amplitude_max_ua:
        raise _refused(
            f"{where}: {amplitude_ua} uA", f"{name} gives 0..{bounds.amplitude_max_ua} uA"
        )
    if not bounds.period_min_us <= form.period_us <= bounds.period_max_us:
        raise _refused(
            f"{where}: a period of {period_us} us",
            f"{name} repeats every {bounds.period_min_us}..{bounds.period_max_us} us",
        )
    _check_points(where, shape, _points(form), model)
    return form


def _points(form: Form) -> tuple[Point, ...]:
    """One point for each phase, and one for the gap where there is one."""
    first = Point(form.phase_width_us, form.amplitude_ua)
    if form.shape is PulseShape.MONOPHASIC:
        return (first,)
    if form.amplitude_ua % form.second_phase_ratio:
        raise _refused(
            f"{form.amplitude_ua} uA in a ratio of {form.second_phase_ratio}",
            "the second phase would not balance the first exactly",
        )
    second = Point(
        form.phase_width_us * form.second_phase_ratio,
        -(form.amplitude_ua // form.second_phase_ratio),
    )
    if form.interphase_gap_us:
        return (first, Point(form.interphase_gap_us, 0), second)
    return (first, second)


def points_of(form: Form) -> tuple[Point, ...]:
    """The points of a form that the gate has checked."""
    return _points(form)


def _check_points(where: str, shape: PulseShape, points: tuple[Point, ...], model: Model) -> None:
    name, step_ua = model.name, model.bounds.amplitude_step_ua
    low, high = model.bounds.phase_width_min_us, model.bounds.phase_width_max_us
    for duration_us, current_ua, _ in points:
        if not low <= duration_us <= high:
            raise _refused(
                f"{where}: {duration_us} us for a phase or gap",
                f"{name} executes {low}..{high} us as they are asked for",
            )
        if current_ua % step_ua:
            raise _refused(
                f"{where}: {current_ua} uA is off the grid",
                f"{name} sets multiples of {step_ua} uA",
            )
    balance = sum(duration_us * current_ua for duration_us, current_ua, _ in points)
    if balance and shape is not PulseShape.MONOPHASIC:
        raise _refused(
            f"{where}: the phases differ by {balance} uA*us", "a biphasic pulse carries no charge"
        )


def _unit(form: Form, model: Model) -> Unit:
    test = model.bounds.test_pulse
    own = () if test is None else test.phases
    phases = ((one.duration_us, one.current_ua) for one in _points(form))
    return unit_of(form.period_us, (*own, *phases))


def _channel_set(channel: int, form: Form, asked_us: int) -> ChannelSet:
    return ChannelSet(channel, form.amplitude_ua, form.phase_width_us, asked_us, form.period_us)


def _trains(forms: dict[int, Form], asked_us: Mapping[int, int], model: Model) -> Trains:
    """The Ml_update for these forms, in ascending order of channel; `asked_us` are periods."""
    message = model.update(forms)
    _wire_valid(message)
    payload = message.pack()
    length = len(encode_frame(_STUFFED_PACKET_NUMBER, MlUpdate.command, payload))
    if length > model.frame_max_bytes:
        raise _refused(
            f"a frame of {length} bytes",
            f"{model.name} may not take more than {model.frame_max_bytes}",
        )
    return Trains(
        payload,
        sum(1 << (channel - 1) for channel in forms),
        MappingProxyType(forms),
        tuple(_channel_set(channel, form, asked_us[channel]) for channel, form in forms.items()),
        MappingProxyType(
            {channel: _unit(form, model) for channel, form in forms.items() if form.amplitude_ua}
        ),
    )


def _wire_valid(message: Message) -> None:
    """What the device's own validity check refuses, the time budget of all channels included."""
    problems = (*message.problems(), *message.off_grid())
    if problems:
        raise _refused("the device would refuse this", "; ".join(problems))
