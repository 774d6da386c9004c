"""The output of a whole device as one request, and the last check of set points before it.

Everything is checked again in integers against the device's own hard bounds, whatever was checked
before: the safety model decides what a person may get, this check what a device can do exactly. A
value is refused, never rounded, but for the period: it is lengthened to the next one that the
device can keep, and reported as used.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from stimctl.devices.events import ChannelSet
from stimctl.devices.output_count import Unit
from stimctl.errors import LimitRefusedError
from stimctl.safety.cleared import SetPoint
from stimctl.safety.sealed import is_genuine
from stimctl.wire.message import Message


class AnyChannelOutput(Protocol):
    """What one channel gives. Two of them are compared; None is a channel that is off."""

    @property
    def amplitude_ua(self) -> int:
        """Of the first phase."""

    @property
    def phase_width_us(self) -> int:
        """Of the first phase."""

    @property
    def pulses(self) -> int:
        """In each period."""

    def raises(self, other: Self | None, /) -> bool:
        """Whether this is in any respect more than `other`, or different in kind."""

    def lowered_by(self, other: Self | None, /) -> bool:
        """Whether `other` is in any respect less than this."""


C = TypeVar("C", bound=AnyChannelOutput)


@dataclass(frozen=True, slots=True)
class OutputFrame(Generic[C]):
    """The whole device's output as the payload of one request: what is not in it is off.

    `units`: what the channels with current give, for the final output check.
    """

    payload: bytes
    outputs: Mapping[int, C]
    channels: tuple[ChannelSet, ...]
    units: Mapping[int, Unit]

    def raises(self, other: OutputFrame[C]) -> bool:
        """Whether any channel gets more than with `other`."""
        if self is other:
            return False
        return any(one.raises(other.outputs.get(channel)) for channel, one in self.outputs.items())

    def lowers(self, other: OutputFrame[C]) -> bool:
        """Whether any channel gets less than with `other`, or is switched off."""
        if self is other:
            return False
        return any(
            one.lowered_by(self.outputs.get(channel)) for channel, one in other.outputs.items()
        )


MakeFrame = Callable[[Mapping[int, C], Mapping[int, int]], OutputFrame[C]]
"""A frame of these outputs, by channel in ascending order; then the periods that were asked for, in
us, where they are not the ones used."""


def without(frame: OutputFrame[C], channels: Container[int], make: MakeFrame[C]) -> OutputFrame[C]:
    """The same with these channels off."""
    kept = {channel: one for channel, one in frame.outputs.items() if channel not in channels}
    return make(kept, {one.channel: one.period_asked_us for one in frame.channels})


def lowest(
    wanted: OutputFrame[C],
    possible: Sequence[OutputFrame[C]],
    make: MakeFrame[C],
    off: C | None = None,
) -> OutputFrame[C]:
    """The part of `wanted` and `possible` that raises nothing against any of them.

    Every channel keeps one of its own outputs, the one that is the least in every respect; a
    channel that is off in any of them, or of which none is the least, is `off`.
    """
    outputs: dict[int, C] = {}
    for channel, one in wanted.outputs.items():
        choices = (one, *(frame.outputs.get(channel, off) for frame in possible))
        least = [
            choice
            for choice in choices
            if choice is not None and not any(choice.raises(other) for other in choices)
        ]
        found = least[0] if least else off
        if found is not None:
            outputs[channel] = found
    return make(outputs, {})


def channel_set(channel: int, output: AnyChannelOutput, asked_us: int, used_us: int) -> ChannelSet:
    """What is reported of one channel."""
    return ChannelSet(
        channel, output.amplitude_ua, output.phase_width_us, asked_us, used_us, output.pulses
    )


def check_genuine(channel: int, set_point: SetPoint, channels: int, device: str) -> None:
    """Refuse what the safety model did not make, and channels other than 1 to `channels`."""
    if not is_genuine(set_point, SetPoint):
        raise refused("not a set point of the safety model", "only a cleared stimulus makes one")
    if type(channel) is not int or not 1 <= channel <= channels:
        raise refused(f"channel {channel!r}", f"{device} has channels 1 to {channels}")


def check_wire(message: Message) -> None:
    """Refuse what the device's own validity check refuses."""
    problems = (*message.problems(), *message.off_grid())
    if problems:
        raise refused("the device would refuse this", "; ".join(problems))


def refused(what: str, why: str) -> LimitRefusedError:
    """Nothing was sent, because the device cannot do it exactly."""
    return LimitRefusedError(
        what, why=why, what_to_do="Nothing was sent. Ask for a value that the device can do exactly"
    )
