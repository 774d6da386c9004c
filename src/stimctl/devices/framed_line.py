"""A line that speaks in stuffed frames: frames out, frames in, how long nothing valid has come.

What both ScienceMode lines have in common. Knows bytes, packet numbers and time, and nothing of
what the commands mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from stimctl.devices.driver import Frame
from stimctl.devices.events import Doing, DriverEvent, LineError
from stimctl.devices.pairing import Match, Pairing, Transmission, match
from stimctl.wire.stuffing import STOP_BYTES, FrameError, RawFrame, StuffedFrameDecoder

BYTE_GAP_NS = 50_000_000
"""A frame whose bytes stop coming for so long is given up [POLICY]."""
SILENCE_NS = 1_000_000_000
"""A request unanswered for so long leaves the output unknown: SAFETY rule K1 [POLICY] D."""


class Encode(Protocol):
    """Packet number, command and data to the bytes of a frame."""

    def __call__(self, packet_number: int, command: int, data: bytes = b"", /) -> bytes:
        """The complete frame."""


class Wire(NamedTuple):
    """The frames of one ScienceMode generation, with packet numbers from 0 to the highest.

    `unknown`: the answer that does not tell which command it answers.
    """

    decoder: Callable[[], StuffedFrameDecoder]
    encode: Encode
    highest_packet_number: int
    unknown: int


class FramedLine:
    """The bytes of one connection. Errors of the line are appended to `events`."""

    __slots__ = ("_decoder", "_encode", "_events", "_last_byte_ns", "_out", "_pairing", "_unknown",
                 "silence_told", "waiting_ns")  # fmt: skip

    def __init__(self, events: list[DriverEvent], wire: Wire) -> None:
        self._events = events
        self._decoder = wire.decoder()
        self._encode = wire.encode
        self._unknown = wire.unknown
        self._out: list[Frame] = []
        self._last_byte_ns = 0
        self._pairing = Pairing(wire.highest_packet_number + 1)
        self.waiting_ns: int | None = None  # since when nothing valid has come, while some is due
        self.silence_told = False

    def restart(self) -> None:
        """Forget what was on the line: unsent frames, half a frame, requests without an answer."""
        self._decoder.drop_partial()
        self._out.clear()
        self._pairing.forget()
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
    ) -> Transmission:
        """One request. `after_break`: stop bytes go first, in case a frame was cut off before."""
        data, sent = self._request(now_ns, command, payload, owner)
        self._out.append(
            Frame(
                STOP_BYTES + data if after_break else data,
                expires_ns=expires_ns,
                doing=getattr(owner, "doing", Doing.VERIFY),  # a stop asks for nothing else here
            )
        )
        return sent

    def _request(
        self, now_ns: int, command: int, payload: bytes, owner: object
    ) -> tuple[bytes, Transmission]:
        """The frame of a request whose answer is due from now on."""
        if self.waiting_ns is None:
            self.waiting_ns = now_ns
        sent = self._pairing.sending(command, owner, now_ns)
        return self._encode(sent.packet_number, command, payload), sent

    def send_unanswered(self, command: int) -> None:
        """A frame without data and without an answer."""
        data = self._encode(self._pairing.unanswered(), command)
        self._out.append(Frame(data, doing=Doing.KEEP_ALIVE))

    def send_urgent(
        self, now_ns: int, commands: Iterable[int], owner: object, *, first: bytes = b""
    ) -> None:
        """Requests without data in one urgent write, over whatever was not handed out yet.

        `first`: what goes before them, after the stop bytes.
        """
        frames = (self._request(now_ns, command, b"", owner)[0] for command in commands)
        data = STOP_BYTES + first + b"".join(frames)
        self._out.clear()
        self._out.append(Frame(data, urgent=True, doing=Doing.STOP))

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

    def identify(
        self, now_ns: int, frame: RawFrame, awaited_by: object
    ) -> tuple[Match, Transmission | None]:
        """What this answer is, and the transmission that it belongs to (of a stray: none)."""
        request = None if frame.command == self._unknown else frame.command - 1
        sent = self._pairing.answering(request, frame.packet_number, now_ns)
        return match(sent, awaited_by), sent

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
