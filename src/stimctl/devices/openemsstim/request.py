"""One message and what it is for, the pace of messages, one stop, and the burst of one channel."""

from __future__ import annotations

from collections import deque

from stimctl.devices.events import Doing
from stimctl.devices.openemsstim.sheet import BURST_MS

MS = 1_000_000

STALE_NS = 250 * MS
"""A raise that is older never leaves: SAFETY rule K6 [POLICY] D."""
LATE_NS = 200 * MS
"""An echo begins 50 ms after the message, and 150 ms where both channels are switched off first
[FW]; later than this it is late: SAFETY rule K1 [POLICY]."""
ECHO_NS = 300 * MS
"""A message whose echo is not complete by then was not obeyed as it was sent [POLICY] D."""
NOISE_NS = 50 * MS
"""After a line that is no answer, a stop waits so long for more before it is said again."""
FOREIGN_NS = 1_500 * MS
"""For so long after a message of another program zero is not verified: a program that renews its
bursts is heard again by then [POLICY] D."""
SPACING_NS = 150 * MS
"""Between two messages: the board is busy for up to 122 ms with one in hex form [FW]."""
ECHOED_NS = 125 * MS
"""The board has obeyed and echoed a message by then: 122 ms in hex form [FW], and the line."""
SECOND_NS = 1_000 * MS
PER_SECOND = 5
"""Messages in hex form that the board can take in a second [FW]."""
RENEW_FROM_NS = BURST_MS * MS // 2
"""A keep-alive renews a burst from half its length on; """
BOTH_FROM_NS = 425 * MS
"""and with both channels on from then on, which leaves room for a raise among the 5 messages of a
second [POLICY]."""
PRESSING_NS = 440 * MS
"""A burst of this age is renewed before anything is raised: there may be 200 ms between two
messages, and the next one must not come too late [POLICY]."""
LAST_CALL_NS = (BURST_MS - 150) * MS
"""At this age a burst is renewed even where decreases have used up the messages of the second."""
LATEST_NS = (BURST_MS - 100) * MS
"""A burst that is older may have ended before a renewal is obeyed (49 ms of the spread between 73
and 122 ms, and some for the line), which would open the channel anew at its whole intensity: from
here on nothing is renewed, and the session ends [POLICY]."""
REPEAT_NS = 100 * MS
"""A stop is said again after so much silence. SAFETY rule K8 has 50 ms; at 19200 baud an echo
begins only 30 to 45 ms after the stop, and each one too many keeps the board from answering for
another 100 ms [POLICY] D."""
SWITCHING_NS = 250 * MS
"""A board that has confirmed the stop is busy with it for 101 ms [FW], then answers."""
RESET_AFTER_NS = 200 * MS
"""A stop without an echo for so long: the board is reset [POLICY] D."""
RESET_BUSY_NS = 150 * MS
"""The same from the last line of an echo that was under way [POLICY] D."""
RESET_SOON_NS = 80 * MS
"""The same where the board had not echoed a whole message before: within 400 ms of that message
both relays are open [POLICY] D."""
RESET_EVERY_NS = 3_000 * MS
SILENCE_NS = 1_000 * MS
"""SAFETY rule K1."""
LOADING_NS = 1_600 * MS
"""A board that was reset says nothing while its bootloader runs: 1.40 s at most [FW], and some to
spare."""


class Request:
    """A message that opens, changes, renews or closes. `channel` None: all of them, or a probe."""

    __slots__ = ("channel", "doing", "percent")

    def __init__(self, doing: Doing, channel: int | None = None, percent: int = 0) -> None:
        self.doing = doing
        self.channel = channel
        self.percent = percent


class Pace:
    """No more messages than the board can take.

    Steps down of a planned ramp are not among the messages of a second: they leave as soon as the
    board has answered, and must not use up the turns of the other channel. Two raises of one call
    count as one message, so that the renewals that follow are not late.
    """

    __slots__ = ("_ready_ns", "_sent_ns")

    def __init__(self) -> None:
        self._sent_ns: deque[int] = deque(maxlen=PER_SECOND)
        self._ready_ns = 0

    def sent(self, now_ns: int, *, counts: bool = True) -> None:
        """A message leaves. `counts`: among the messages of a second."""
        self._ready_ns = now_ns + SPACING_NS
        if counts:
            self._sent_ns.append(now_ns)

    def ready_ns(self) -> int:
        """When the board is done with the last one."""
        return self._ready_ns

    def free_ns(self) -> int:
        """When the next one may leave that can wait."""
        return max(self._ready_ns, _a_second_after(list(self._sent_ns)))

    def free_after_ns(self, now_ns: int) -> int:
        """The same, if one leaves now."""
        return max(now_ns + SPACING_NS, _a_second_after([*self._sent_ns, now_ns][-PER_SECOND:]))


def _a_second_after(sent_ns: list[int]) -> int:
    return sent_ns[0] + SECOND_NS if len(sent_ns) == PER_SECOND else 0


class Burst:
    """One channel: what was last sent for it, when, and what the board has echoed."""

    __slots__ = ("confirmed", "percent", "since_ns")

    def __init__(self) -> None:
        self.percent = 0  # 0: no burst that is meant to go on
        self.since_ns = 0
        self.confirmed = 0

    def clear(self) -> None:
        """Nothing is on."""
        self.percent = self.confirmed = 0

    def last_ns(self) -> int:
        """Until when a message for the open channel may leave."""
        return self.since_ns + LATEST_NS


class Strangers:
    """Messages of nobody here that may switch something on. One may be noise, two in a row are
    another program."""

    __slots__ = ("_driven_ns", "_heard_ns")

    def __init__(self) -> None:
        self._heard_ns: int | None = None
        self._driven_ns: int | None = None

    def heard(self, now_ns: int) -> bool:
        """One was heard; whether another program is known by it that was not known before."""
        before_ns, self._heard_ns = self._heard_ns, now_ns
        if before_ns is None or now_ns - before_ns >= FOREIGN_NS:
            return False
        new = self.gone(now_ns)
        self._driven_ns = now_ns
        return new

    def gone(self, now_ns: int) -> bool:
        """Whether no other program was heard for long enough."""
        return self._driven_ns is None or now_ns - self._driven_ns >= FOREIGN_NS


class Stopping:
    """One stop, from the first message to verified zero.

    Each round is the stop text and a probe of its own, whose echo can only begin when the board has
    switched off both channels; between the echo of a stop and that of the probe nothing else may
    come.
    """

    __slots__ = ("echoed", "heard", "next_ns", "reset_ns", "restarted", "rounds",
                 "silence_ns", "silence_told", "started_ns", "tries")  # fmt: skip

    def __init__(self, now_ns: int, *, silent: bool = False) -> None:
        """`silent`: the board has already failed to answer."""
        self.restarted = False  # by us: whatever was sent before is lost
        self.started_ns = now_ns
        self.next_ns = now_ns
        self.reset_ns = now_ns + (RESET_SOON_NS if silent else RESET_AFTER_NS)
        self.silence_ns = now_ns + SILENCE_NS
        self.rounds = 0
        self.tries = 0  # how often a dialect was asked for and not understood
        self.heard = False  # a round was echoed
        self.echoed = False  # the last that was heard was the whole echo of a stop
        self.silence_told = False

    def was_reset(self, now_ns: int) -> None:
        """We have restarted the board: its bootloader says nothing."""
        self.restarted = True
        self.echoed = False
        self.reset_ns = now_ns + RESET_EVERY_NS
        self.next_ns = now_ns + REPEAT_NS
        self.silence_ns = max(self.silence_ns, now_ns + LOADING_NS)

    def busy(self, now_ns: int) -> None:
        """The board echoes what was sent before: it will read the stop next."""
        self.next_ns = max(self.next_ns, now_ns + NOISE_NS)
        if not self.restarted:
            self.reset_ns = max(self.reset_ns, now_ns + RESET_BUSY_NS)

    def silent(self, now_ns: int) -> bool:
        """Not one round was echoed in time; True once."""
        told = self.heard or self.silence_told
        if told or now_ns < self.silence_ns:
            return False
        self.silence_told = True
        return True
