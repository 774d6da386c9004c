"""What the device ended by itself, and from when on the host must know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .orders import AnswerReader
from .rules import Rules

_NEVER_US = 10**15


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of output that the device brings about. forgotten: once it obeys another order for
    the channel, it no longer tells of this one, nor tells it unasked. told_once: it tells it
    unasked and never again, whatever it is asked: where the line loses that, no host can know."""

    why: str
    forgotten: bool = False
    told_once: bool = False


@dataclass(slots=True)
class Notice:
    """Output of these channels was ended; at due_us (us) at the latest the host knows."""

    due_us: int
    channels: tuple[int, ...]
    ending: Ending


class Notices:
    """The device's ends that the host need not know yet: it asks, or the device tells it."""

    def __init__(self, rules: Rules, answer_reader: AnswerReader) -> None:
        self._rules = rules
        self._answer_reader = answer_reader
        self._pending: list[Notice] = []

    def ended(self, at_us: int, channels: tuple[int, ...], ending: Ending) -> None:
        """The device has ended the output of channels."""
        if channels:
            within_us = _NEVER_US if ending.told_once else self._rules.notice_us
            self._pending.append(Notice(at_us + within_us, channels, ending))

    def told(self, at_us: int, data: bytes) -> bool:
        """Bytes have left the device: an error on a channel that it tells is known soon after.

        Returns whether it tells one.
        """
        found = list(self._answer_reader.feed(data))
        for channels in found:
            for notice in self._pending:
                if channels & set(notice.channels):
                    notice.due_us = min(notice.due_us, at_us + self._rules.line_us)
        return bool(found)

    def taken_up(self, channels: Iterable[int]) -> None:
        """The device has obeyed an order for these channels: what it found on them it has
        forgotten, and who had not asked before will never hear of it."""
        for notice in self._pending:
            if notice.ending.forgotten:
                notice.channels = tuple(set(notice.channels).difference(channels))

    def due(self, at_us: int) -> Iterable[Notice]:
        """Return what the host must know by then, once."""
        if not self._pending:
            return ()
        due = [one for one in self._pending if one.due_us <= at_us]
        self._pending = [one for one in self._pending if one.due_us > at_us]
        return due

    def clear(self) -> None:
        """All output was ended: nothing of this counts any more."""
        self._pending.clear()
