"""The text line of one board: what was sent and not yet answered, and what each answer means.

The board keeps 63 bytes and nothing protects them, so what it has not yet read is counted here: a
message has been read when its echo begins. Its program does one thing at a time; that an echo
begins therefore proves that everything before it is done.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from stimctl.devices.driver import Frame
from stimctl.devices.events import DriverEvent, LineError
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import RECEIVE_BUFFER_BYTES, LineReader, Overflow

FORGET_NS = 700_000_000
"""A board that is up has read everything by then, whatever it was busy with [POLICY]."""


class What(Enum):
    """What a line from the board means."""

    BEGUN = auto()  # the echo of a message begins: it has been read, all before it is done
    DONE = auto()  # its echo is complete and right
    DIFFERENT = auto()  # not the echo that was due
    RESTARTED = auto()  # the board has been reset: all pins are low
    READY = auto()  # it has started
    OTHER = auto()  # none of these, where that is borne


class Heard(NamedTuple):
    """One line from the board; `sent` is the message it belongs to."""

    what: What
    text: str
    sent: Sent | None = None


class Sent:
    """One message on its way, and the lines that it must bring."""

    __slots__ = ("at", "begun_ns", "late_told", "owner", "replies", "sent_ns", "size")

    def __init__(self, now_ns: int, size: int, replies: tuple[Reply, ...], owner: object) -> None:
        self.sent_ns = now_ns
        self.size = size
        self.replies = replies
        self.owner = owner
        self.at = 0
        self.begun_ns: int | None = None
        self.late_told = False

    @property
    def expected(self) -> str:
        """The line that is due."""
        return self.replies[self.at].pack()


class BoardLine:
    """Messages out, lines in. `lenient`: whatever does not fit is passed over, not `DIFFERENT`."""

    __slots__ = ("_events", "_out", "_reader", "_ready_ns", "boot_seen", "booting", "lenient",
                 "waiting")  # fmt: skip

    def __init__(self, events: list[DriverEvent]) -> None:
        self._events = events
        self._reader = LineReader()
        self._out: list[Frame] = []
        self._ready_ns = 0
        self.waiting: deque[Sent] = deque()
        self.lenient = True
        self.booting = False
        self.boot_seen = False
        """It was seen to start, so that its up-time is known to be short and DTR to reset it."""

    def forget(self) -> None:
        """Nothing that was asked counts any more, and nothing unsent goes out."""
        self.waiting.clear()
        self.discard_unsent()

    def discard_unsent(self) -> None:
        """Nothing that was not handed out goes out any more."""
        self._out.clear()

    def unread(self, now_ns: int) -> int:
        """How many bytes the board may still have to read."""
        self._forget_old(now_ns)
        return sum(sent.size for sent in self.waiting if sent.begun_ns is None)

    def has_room(self, now_ns: int, size: int) -> bool:
        """Whether so many bytes more cannot overflow its buffer."""
        return self.unread(now_ns) + size <= RECEIVE_BUFFER_BYTES

    def send(
        self,
        now_ns: int,
        data: bytes,
        replies: tuple[Reply, ...],
        owner: object,
        *,
        urgent: bool = False,
        expires_ns: int | None = None,
    ) -> Sent:
        """One message; an urgent one discards what has not yet been handed out."""
        if urgent:
            self._out.clear()
        self._out.append(Frame(data, urgent, expires_ns))
        sent = Sent(now_ns, len(data), replies, owner)
        self.waiting.append(sent)
        return sent

    def reset(self) -> None:
        """Restart the board by its line."""
        self._out.append(Frame(b"", urgent=True, resets=True))

    def transmit(self) -> list[Frame]:
        """What must go out; handed out once."""
        out, self._out = self._out, []
        return out

    def receive(self, now_ns: int, data: bytes) -> list[Heard]:
        """Take bytes; what the lines that they complete mean."""
        heard: list[Heard] = []
        for line in self._reader.feed(data):
            if isinstance(line, Overflow):
                self._events.append(LineError("overflow"))
            elif line:  # the banner begins with an empty one
                heard.append(self._take(now_ns, line))
        return heard

    def _take(self, now_ns: int, text: str) -> Heard:
        reply = Reply.unpack(text)
        if reply.kind is ReplyKind.SETUP_BEGIN:
            self.booting = self.boot_seen = True
            return Heard(What.RESTARTED, text)
        if reply.kind is ReplyKind.SETUP_DONE:
            self.booting, self.boot_seen = False, True
            self._ready_ns = now_ns
            return Heard(What.READY, text)
        return self._passed_over(now_ns, reply) if self.lenient else self._strict(now_ns, reply)

    def _strict(self, now_ns: int, reply: Reply) -> Heard:
        sent = self.waiting[0] if self.waiting else None
        if sent is None or sent.replies[sent.at] != reply:
            return Heard(What.DIFFERENT, reply.pack(), sent)
        return self._fits(now_ns, reply, sent)

    def _passed_over(self, now_ns: int, reply: Reply) -> Heard:
        """Find the message that this line belongs to; those before it were read, too."""
        if self.waiting and self.waiting[0].at:
            sent = self.waiting[0]
            if sent.replies[sent.at] == reply:
                return self._fits(now_ns, reply, sent)
        for index, sent in enumerate(self.waiting):
            if sent.at == 0 and sent.replies[0] == reply:
                for _ in range(index):
                    self.waiting.popleft()
                return self._fits(now_ns, reply, sent)
        return Heard(What.OTHER, reply.pack())

    def _fits(self, now_ns: int, reply: Reply, sent: Sent) -> Heard:
        sent.at += 1
        if sent.begun_ns is None:
            sent.begun_ns = now_ns
        if sent.at < len(sent.replies):
            return Heard(What.BEGUN if sent.at == 1 else What.OTHER, reply.pack(), sent)
        self.waiting.remove(sent)
        return Heard(What.DONE, reply.pack(), sent)

    def _forget_old(self, now_ns: int) -> None:
        if self.booting or not self.boot_seen:
            return  # a board that has not started keeps everything
        while self.waiting and self.lenient:
            since_ns = max(self.waiting[0].sent_ns, self._ready_ns)
            if now_ns - since_ns < FORGET_NS:
                return
            self.waiting.popleft()
