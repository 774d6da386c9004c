"""One ScienceMode 2 line: frames out and in, which answer belongs to what, how long none came.

The device echoes the packet number of a request (0..255, wrapping) [DEV] and answers with the
command number plus one [DOC].
"""

from __future__ import annotations

from enum import StrEnum

from stimctl.devices.driver import Frame
from stimctl.devices.events import DriverEvent, LineError
from stimctl.wire.sciencemode2.framing import (
    STOP_BYTES,
    FrameDecoder,
    FrameError,
    RawFrame,
    encode_frame,
)
from stimctl.wire.sciencemode2.messages import InitAck, UnknownCmd

BYTE_GAP_NS = 50_000_000
"""A frame whose bytes stop coming for so long is given up [POLICY]."""
SILENCE_NS = 1_000_000_000
"""A request unanswered for so long leaves the output unknown: SAFETY rule K1 [POLICY] D."""
MEMORY_NS = 3_000_000_000
"""An answer is not expected after 3 s; older requests explain nothing any more [POLICY]."""
PACKET_NUMBERS = 256


class Match(StrEnum):
    """What an answer is."""

    AWAITED = "awaited"
    LATE = "late"  # of a request that is no longer awaited, answered for the first time
    DUPLICATE = "duplicate"
    STRAY = "stray"


class Sent:
    """One transmission: which command went out when, and for whom."""

    __slots__ = ("answered", "command", "late_told", "owner", "sent_ns")

    def __init__(self, command: int, owner: object, sent_ns: int) -> None:
        self.command = command
        self.owner = owner
        self.sent_ns = sent_ns
        self.answered = False
        self.late_told = False


class Line:
    """The bytes of one connection. Errors of the line are appended to `events`."""

    __slots__ = ("_decoder", "_events", "_last_byte_ns", "_next", "_out", "_slots",
                 "silence_told", "waiting_ns")  # fmt: skip

    def __init__(self, events: list[DriverEvent]) -> None:
        self._events = events
        self._decoder = FrameDecoder()
        self._out: list[Frame] = []
        self._last_byte_ns = 0
        self._next = 0
        self._slots: list[Sent | None] = [None] * PACKET_NUMBERS
        self.waiting_ns: int | None = None  # since when nothing valid has come, while some is due
        self.silence_told = False

    def restart(self) -> None:
        """Forget what was on the line; packet numbers go on, so that old answers fit nothing."""
        self._decoder.drop_partial()
        self._out.clear()
        self._slots = [None] * PACKET_NUMBERS
        self.nothing_due()

    def send(
        self,
        now_ns: int,
        command: int,
        payload: bytes,
        owner: object,
        *,
        after_break: bool = False,
        expires_ns: int | None = None,
    ) -> Sent:
        """One request that is answered. `after_break`: a frame may have been cut off before it."""
        data, sent = self._numbered(now_ns, command, payload, owner)
        self._out.append(Frame(STOP_BYTES + data if after_break else data, expires_ns=expires_ns))
        return sent

    def send_unanswered(self, command: int) -> None:
        """A frame without data and without an answer."""
        self._out.append(Frame(encode_frame(self._number(), command)))

    def send_urgent(
        self, now_ns: int, command: int, owner: object, *, greeting: bytes = b""
    ) -> None:
        """One request over whatever was not handed out yet; `greeting` is what goes before it."""
        self._out.clear()
        data, _ = self._numbered(now_ns, command, b"", owner)
        self._out.append(Frame(STOP_BYTES + greeting + data, urgent=True))

    def _numbered(
        self, now_ns: int, command: int, payload: bytes, owner: object
    ) -> tuple[bytes, Sent]:
        if self.waiting_ns is None:
            self.waiting_ns = now_ns
        number = self._number()
        sent = self._slots[number] = Sent(command, owner, now_ns)
        return encode_frame(number, command, payload), sent

    def _number(self) -> int:
        number, self._next = self._next, (self._next + 1) % PACKET_NUMBERS
        self._slots[number] = None
        return number

    def discard_unsent(self) -> None:
        """Throw away what was not handed out yet."""
        self._out.clear()

    def transmit(self) -> list[Frame]:
        """Hand out the frames, once."""
        out, self._out = self._out, []
        return out

    def receive(self, now_ns: int, data: bytes) -> list[RawFrame]:
        """The sound frames that these bytes complete; damage is reported as events."""
        self.drop_broken(now_ns)
        if data:
            self._last_byte_ns = now_ns
        frames: list[RawFrame] = []
        for item in self._decoder.feed(data):
            if isinstance(item, FrameError):
                self._events.append(LineError(item.kind))
            else:
                frames.append(item)
        return frames

    def identify(self, now_ns: int, frame: RawFrame, awaited_by: object) -> tuple[Match, Sent]:
        """What this answer is, and the transmission that it belongs to (of a stray: none)."""
        sent = self._slots[frame.packet_number]
        fits = sent is not None and (frame.command in (sent.command + 1, UnknownCmd.command))
        if sent is None or not fits or now_ns - sent.sent_ns > MEMORY_NS:
            return Match.STRAY, Sent(frame.command, None, now_ns)
        if sent.answered:
            return Match.DUPLICATE, sent
        sent.answered = True
        return (Match.AWAITED if sent.owner is awaited_by else Match.LATE), sent

    def drop_broken(self, now_ns: int) -> None:
        """Give up a frame whose bytes stopped coming."""
        if self._decoder.pending and now_ns - self._last_byte_ns >= BYTE_GAP_NS:
            self._decoder.drop_partial()
            self._events.append(LineError("timeout"))

    def heard(self, now_ns: int) -> None:
        """Something valid came; what is still due has from now on to come."""
        self.silence_told = False
        if self.waiting_ns is not None:
            self.waiting_ns = now_ns

    def nothing_due(self) -> None:
        """No answer is awaited any more."""
        self.waiting_ns = None
        self.silence_told = False

    def silent(self, now_ns: int) -> bool:
        """An answer was due for 1 s and nothing valid came; True once."""
        if self.waiting_ns is None or self.silence_told or now_ns - self.waiting_ns < SILENCE_NS:
            return False
        self.silence_told = True
        return True

    def deadlines(self) -> list[int]:
        """When the line itself needs to be woken."""
        found = []
        if self._decoder.pending:
            found.append(self._last_byte_ns + BYTE_GAP_NS)
        if self.waiting_ns is not None and not self.silence_told:
            found.append(self.waiting_ns + SILENCE_NS)
        return found


def init_ack(packet_number: int, result: int) -> bytes:
    """The host's answer to an Init, with its packet number."""
    return encode_frame(packet_number, InitAck.command, InitAck(result).pack())
