"""Packet numbers and which answer belongs to which request.

Both ScienceMode generations echo the packet number of a request (counted up, wrapping) and answer
with the command number plus one [IFU][DOC]. For every packet number the last request that used it
is remembered, so that an answer is either awaited, or late or doubled and to be ignored, or a
stray: an answer to something this host never asked.
"""

from __future__ import annotations

from enum import StrEnum

MEMORY_NS = 3_000_000_000
"""An answer is not expected after 3 s; older requests explain nothing any more [POLICY]."""


class Match(StrEnum):
    """What an answer is."""

    AWAITED = "awaited"
    LATE = "late"  # of a request that is no longer awaited, answered for the first time
    DUPLICATE = "duplicate"
    STRAY = "stray"


class Transmission:
    """One transmission: which command went out when, and for whom."""

    __slots__ = ("answered", "command", "late_told", "owner", "packet_number", "sent_ns")

    def __init__(self, packet_number: int, command: int, owner: object, sent_ns: int) -> None:
        self.packet_number = packet_number
        self.command = command
        self.owner = owner
        self.sent_ns = sent_ns
        self.answered = False
        self.late_told = False


class Pairing:
    """Owns the packet numbers of one line, of which there are `count`."""

    __slots__ = ("_next", "_slots")

    def __init__(self, count: int) -> None:
        self._next = 0
        self._slots: list[Transmission | None] = [None] * count

    def sending(self, command: int, owner: object, now_ns: int) -> Transmission:
        """Take the next packet number for `command`, which `owner` waits for."""
        number = self.unanswered()
        sent = self._slots[number] = Transmission(number, command, owner, now_ns)
        return sent

    def unanswered(self) -> int:
        """Take the next packet number for something that is not answered."""
        number = self._next
        self._next = (number + 1) % len(self._slots)
        self._slots[number] = None
        return number

    def answering(
        self, command: int | None, packet_number: int, now_ns: int
    ) -> Transmission | None:
        """The transmission that an answer with this command number belongs to, or None.

        `command` is the number of the request that is answered, or None for an answer that does
        not tell it ("unknown command"). `packet_number` is one of the line's.
        """
        sent = self._slots[packet_number]
        if sent is None or now_ns - sent.sent_ns > MEMORY_NS:
            return None
        return sent if command is None or command == sent.command else None

    def forget(self) -> None:
        """Forget every request; the packet numbers go on, so that old answers fit nothing."""
        self._slots = [None] * len(self._slots)


def match(sent: Transmission | None, awaited_by: object) -> Match:
    """What an answer is, given its transmission and who is waiting now. Marks it as answered."""
    if sent is None:
        return Match.STRAY
    if sent.answered:
        return Match.DUPLICATE
    sent.answered = True
    return Match.AWAITED if sent.owner is awaited_by else Match.LATE
