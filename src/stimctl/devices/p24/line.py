"""One ScienceMode 4 line: frames out, frames in, and how long nothing valid has come.

Knows bytes, packet numbers and time, and nothing of what the commands mean.
"""

from __future__ import annotations

from collections.abc import Iterable

from stimctl.devices.driver import Frame
from stimctl.devices.events import DriverEvent, LineError
from stimctl.devices.p24.pairing import Match, Pairing, Sent, match
from stimctl.wire.sciencemode4.framing import STOP_BYTES, FrameDecoder, FrameError, RawFrame
from stimctl.wire.sciencemode4.framing import encode_frame as encode
from stimctl.wire.sciencemode4.messages import UnknownCmd

BYTE_GAP_NS = 50_000_000
"""A frame whose bytes stop coming for so long is given up [POLICY]."""
UNKNOWN_CMD = UnknownCmd.command
SILENCE_NS = 1_000_000_000
"""A request unanswered for so long leaves the output unknown: SAFETY rule K1 [POLICY] D."""


class Line:
    """The bytes of one connection. Errors of the line are appended to `events`."""

    __slots__ = ("_decoder", "_events", "_last_byte_ns", "_out", "pairing", "silence_told",
                 "waiting_ns")  # fmt: skip

    def __init__(self, events: list[DriverEvent]) -> None:
        self._events = events
        self._decoder = FrameDecoder()
        self._out: list[Frame] = []
        self._last_byte_ns = 0
        self.pairing = Pairing()
        self.waiting_ns: int | None = None  # since when nothing valid has come, while some is due
        self.silence_told = False

    def restart(self) -> None:
        """Forget what was on the line: unsent frames, half a frame, requests without an answer."""
        self._decoder.drop_partial()
        self._out.clear()
        self.pairing.forget()
        self.waiting_ns = None
        self.silence_told = False

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
        """One request. `after_break`: stop bytes go first, in case a frame was cut off before."""
        sent = self._number(now_ns, command, owner)
        data = encode(sent.packet_number, command, payload)
        self._out.append(Frame(STOP_BYTES + data if after_break else data, expires_ns=expires_ns))
        return sent

    def send_urgent(self, now_ns: int, commands: Iterable[int], owner: object) -> None:
        """Requests without data in one urgent write, over whatever was not handed out yet."""
        self._out.clear()
        frames = [
            encode(self._number(now_ns, command, owner).packet_number, command)
            for command in commands
        ]
        self._out.append(Frame(STOP_BYTES + b"".join(frames), urgent=True))

    def _number(self, now_ns: int, command: int, owner: object) -> Sent:
        if self.waiting_ns is None:
            self.waiting_ns = now_ns
        return self.pairing.sending(command, owner, now_ns)

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
    ) -> tuple[Match, Sent | None]:
        """What this answer is, and the transmission that it belongs to."""
        request = None if frame.command == UNKNOWN_CMD else frame.command - 1
        sent = self.pairing.answering(request, frame.packet_number, now_ns)
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
