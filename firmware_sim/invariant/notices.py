"""What the device ended by itself, and from when on the host must know it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmware_sim.firmware.p24_commands import Command, Result
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder

from .rules import Rules

#: Log rows of the record, and what they mean.
BY_ITSELF = {
    "keep-alive expired": "the dead-man of the device ended the output",
    "power off": "the device lost its supply",
    "channel error": "the device found an error on the channel",
}
_FORGOTTEN = BY_ITSELF["channel error"]
_ERRORS = 4  # the selection of Ml_get_current_data that tells errors by channel


@dataclass(slots=True)
class Notice:
    """Output of these channels was ended; at due_us (us) at the latest the host knows."""

    due_us: int
    channels: tuple[int, ...]
    why: str


class Notices:
    """The device's ends that the host need not know yet: it asks, or the device tells it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._decoder = FrameDecoder()
        self._pending: list[Notice] = []

    def ended(self, at_us: int, channels: tuple[int, ...], why: str) -> None:
        """The device has ended the output of channels."""
        if channels:
            self._pending.append(Notice(at_us + self._rules.notice_us, channels, why))

    def told(self, at_us: int, data: bytes) -> None:
        """Bytes have left the device: an error on a channel that it tells is known soon after."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and (channels := _channels_with_error(found)):
                for notice in self._pending:
                    if channels & set(notice.channels):
                        notice.due_us = min(notice.due_us, at_us + self._rules.line_us)

    def taken_up(self, channels: Iterable[int]) -> None:
        """The device has obeyed an order for these channels: what it found on them it has
        forgotten, and who had not asked before will never hear of it."""
        for notice in self._pending:
            if notice.why == _FORGOTTEN:
                notice.channels = tuple(set(notice.channels).difference(channels))

    def due(self, at_us: int) -> Iterator[Notice]:
        """Yield what the host must know by then, once."""
        for notice in [one for one in self._pending if one.due_us <= at_us]:
            self._pending.remove(notice)
            yield notice

    def clear(self) -> None:
        """All output was ended: nothing of this counts any more."""
        self._pending.clear()


def _channels_with_error(frame: Frame) -> set[int]:
    data = frame.data
    if frame.command != Command.ML_GET_CURRENT_DATA + 1 or len(data) < 7:
        return set()
    if data[0] != Result.OK or data[1] != _ERRORS:
        return set()
    return {
        2 * at + half + 1
        for at, pair in enumerate(data[3:7])
        for half in (0, 1)
        if pair >> 4 * half & 0xF
    }
