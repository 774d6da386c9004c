"""The text line of one board: what was sent and not yet answered, and what each answer means.

The board keeps 63 bytes and nothing protects them, so what it has not yet read is counted here: a
message has been read when its echo begins. Its program does one thing at a time; that an echo
begins therefore proves that everything before it is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from stimctl.devices.driver import Frame
from stimctl.devices.events import Doing, DriverEvent, LineError
from stimctl.devices.openemsstim.sheet import STARTED_WITHIN_US
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import RECEIVE_BUFFER_BYTES, LineReader, Overflow

FORGET_NS = 700_000_000
"""A board that is up has read everything by then, whatever it was busy with [POLICY]."""
STARTED_WITHIN_NS = STARTED_WITHIN_US * 1_000
STARTING_NS = 11_000_000_000
"""For so long from the beginning of the banner on a board starts, and all its pins are low [FW]."""
_BANNER = (ReplyKind.SETUP_STEP, ReplyKind.TEXT)
_HARMLESS = (ReplyKind.NON_HEX, ReplyKind.TEXT, ReplyKind.CHARACTER_UNKNOWN)
_AFTER_BANNER = (ReplyKind.SETUP_STEP, ReplyKind.SETUP_DONE)


class What(Enum):
    """What a line from the board means."""

    BEGUN = auto()  # the echo of a message begins: it has been read, all before it is done
    DONE = auto()  # its echo is complete and right
    WITHIN = auto()  # it goes on
    DIFFERENT = auto()  # not the echo that was due
    RESTARTED = auto()  # the board has been reset: all pins are low
    READY = auto()  # it has started
    BANNER = auto()  # it is starting


class Heard(NamedTuple):
    """One line from the board; `sent` is the message it belongs to."""

    what: What
    text: str
    sent: Sent | None = None


class Sent:
    """One message on its way, and the lines that it must bring."""

    __slots__ = ("at", "begun_ns", "late_told", "owner", "proves", "replies", "sent_ns", "size")

    def __init__(self, now_ns: int, size: int, replies: tuple[Reply, ...], owner: object) -> None:
        self.sent_ns = now_ns
        self.size = size
        self.replies = replies
        self.owner = owner
        self.at = 0
        self.begun_ns: int | None = None
        self.late_told = False
        self.proves = False
        """Its echo began when a stop before it was done, and nothing came between."""

    @property
    def expected(self) -> str:
        """The line that is due."""
        return self.replies[self.at].pack()


class BoardLine:
    """Messages out, lines in. `lenient`: while stopping, echoes of what was sent may be missing."""

    __slots__ = ("_begun_ns", "_events", "_out", "_reader", "_ready_ns", "_stale", "boot_seen",
                 "booting", "lenient", "waiting")  # fmt: skip

    def __init__(self, events: list[DriverEvent]) -> None:
        self._events = events
        self._reader = LineReader()
        self._out: list[Frame] = []
        self._begun_ns = self._ready_ns = 0
        self.waiting: deque[Sent] = deque()
        self._stale: deque[Sent] = deque()
        """Rounds of a stop that is over: their echoes may still come, and mean nothing more."""
        self.lenient = True
        self.booting = False
        self.boot_seen = False
        """It was seen to start, so that its up-time is known to be short and DTR to reset it."""

    def forget(self) -> None:
        """Nothing that was asked counts any more, and nothing unsent goes out."""
        self.waiting.clear()
        self._stale.clear()
        self.discard_unsent()

    def retire(self) -> None:
        """The stop is over. Its rounds that were not echoed may be still."""
        self._stale.extend(self.waiting)
        self.waiting.clear()
        self.discard_unsent()

    def discard_unsent(self) -> None:
        """Nothing that was not handed out goes out any more."""
        self._out.clear()

    def starting(self, now_ns: int) -> bool:
        """Whether it is known to be starting; a missed end of its banner is no such knowledge."""
        return self.booting and now_ns - self._begun_ns < STARTING_NS

    def started_by_ns(self) -> int:
        """When a board that starts has started, whatever was heard of it."""
        return self._begun_ns + STARTED_WITHIN_NS

    def give_up_banner(self, now_ns: int) -> None:
        """The end of the banner was missed: it has started."""
        self.booting, self._ready_ns = False, now_ns

    def unread(self, now_ns: int) -> int:
        """How many bytes the board may still have to read."""
        self._forget_old(now_ns)
        sent = (*self._stale, *self.waiting)
        return sum(one.size for one in sent if one.begun_ns is None)

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
        self._out.append(Frame(data, urgent, expires_ns, doing=getattr(owner, "doing", Doing.STOP)))
        sent = Sent(now_ns, len(data), replies, owner)
        self.waiting.append(sent)
        return sent

    def send_all(
        self, now_ns: int, messages: Iterable[tuple[bytes, tuple[Reply, ...]]], owner: object
    ) -> None:
        """Several messages in one urgent write."""
        self._out.clear()
        whole = b""
        for data, replies in messages:
            whole += data
            self.waiting.append(Sent(now_ns, len(data), replies, owner))
        self._out.append(Frame(whole, urgent=True, doing=Doing.STOP))

    def reset(self) -> None:
        """Restart the board by its line; what it has not read is lost."""
        self.forget()
        self._out.append(Frame(b"", urgent=True, resets=True, doing=Doing.STOP))

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
            self._begun_ns = now_ns
            return Heard(What.RESTARTED, text)
        if self.booting:
            if reply.kind is ReplyKind.SETUP_DONE:
                self.booting, self._ready_ns = False, now_ns
                return Heard(What.READY, text)
            if reply.kind in _BANNER:
                return Heard(What.BANNER, text)
            self.give_up_banner(now_ns)  # only a program that has started says anything else
        return self._answer(now_ns, reply)

    def _answer(self, now_ns: int, reply: Reply) -> Heard:
        for sents in (self._stale, self.waiting):
            strict = sents is self.waiting and not self.lenient
            index = _index_of(sents, reply, strict=strict)
            if index is not None:
                if sents is self.waiting:
                    self._stale.clear()  # all of it was sent before
                sent = sents[index]
                for _ in range(index):
                    sents.popleft()  # those before it were read, too
                return self._fits(now_ns, sents, sent)
        if self._stale and self._stale[0].at and reply.kind in _HARMLESS:
            # The proof was there, and what follows it in the same echo was damaged.
            return self._fits(now_ns, self._stale, self._stale[0])
        if reply.kind in _AFTER_BANNER and self.lenient:
            self.boot_seen = True  # the rest of a banner whose beginning was missed
            return Heard(What.BANNER, reply.pack())
        due = self.waiting[0] if self.waiting else None
        return Heard(What.DIFFERENT, reply.pack(), due)

    def _fits(self, now_ns: int, sents: deque[Sent], sent: Sent) -> Heard:
        text = sent.expected
        sent.at += 1
        if sent.begun_ns is None:
            sent.begun_ns = now_ns
        if sent.at < len(sent.replies):
            return Heard(What.BEGUN if sent.at == 1 else What.WITHIN, text, sent)
        sents.remove(sent)
        return Heard(What.DONE, text, sent)

    def _forget_old(self, now_ns: int) -> None:
        if self.booting:
            return  # a board that has not started keeps everything
        after_ns = FORGET_NS if self.boot_seen else STARTED_WITHIN_NS
        for sents in (self._stale, self.waiting):
            while sents and (self.lenient or sents is self._stale):
                if now_ns - max(sents[0].sent_ns, self._ready_ns) < after_ns:
                    break
                sents.popleft()


def _index_of(sents: deque[Sent], reply: Reply, *, strict: bool) -> int | None:
    """Which of the messages a line belongs to: the one that is being echoed, or one after it."""
    if sents and sents[0].replies[sents[0].at] == reply:
        return 0
    if strict:
        return None
    for index, sent in enumerate(sents):
        if sent.at == 0 and sent.replies[0] == reply:
            return index
    return None
