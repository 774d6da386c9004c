"""What the stop path says to an openEMSstim, and how it knows that both its relays are open.

The board has no checksum and no state to read. Two things prove zero: the banner of a restart,
because a reset drops every pin (opening the port causes one, through DTR); or, where it goes on, an
echo that begins after the stop was echoed, because its program does one thing at a time.
"""

from __future__ import annotations

from stimctl.wire.openemsstim.text import RECEIVE_BUFFER_BYTES, STOP_TEXT, LineReader, stop_line

BANNER = "SETUP:"
RECEIVED = "\tUSB: received command: "
DISCONNECTED = "\tBT: Disconnected"
_PROBE = b"x\n"
_FORGET_BURSTS = 14  # 700 ms: a board that is up has read everything by then
_SWITCHING_BURSTS = 4  # 200 ms: it switches off for 101 ms, and then answers
RESET_AFTER_S = 0.2


class OpenEmsStimStopTalk:
    """Sans-IO: bursts out, answers in, until zero is verified. A burst may be empty: its buffer
    holds 63 bytes, and nothing protects them."""

    def __init__(self) -> None:
        self._reader = LineReader()
        self._unread = 0
        self._waited = 0
        self._echoed = self._stopped = self._asked = self._reset = False
        self.verified = False

    def burst(self) -> bytes:
        """The next bytes to write: the stop after a line end, or the question after the stop."""
        self._waited += 1
        if self._waited >= _FORGET_BURSTS:
            self._unread = 0
        if self._stopped and not self._asked:
            self._asked = True
            return self._send(_PROBE)
        if self._stopped and self._waited < _SWITCHING_BURSTS:
            return b""
        self._stopped = self._asked = False
        return self._send(stop_line(line_may_be_open=True))

    def _send(self, data: bytes) -> bytes:
        if self._unread + len(data) > RECEIVE_BUFFER_BYTES:
            return b""
        self._unread += len(data)
        self._waited = 0
        return data

    def reset_due(self, elapsed_s: float) -> bool:
        """Whether to restart the board by its line now, because it has not echoed; once."""
        due = not (self._echoed or self._reset) and elapsed_s >= RESET_AFTER_S
        self._reset |= due
        return due

    def receive(self, data: bytes) -> bool:
        """Take what arrived; True once zero is verified."""
        for line in self._reader.feed(data):
            if isinstance(line, str):
                self._take(line)
        return self.verified

    def _take(self, line: str) -> None:
        if line.startswith(BANNER):
            self.verified = True
        elif line.startswith(RECEIVED):
            self._unread = 0
            # Whatever is echoed after the stop is echoed by a program that is done with it.
            self.verified |= self._stopped
            self._echoed |= line == RECEIVED + STOP_TEXT
        elif line == DISCONNECTED and self._echoed:
            self._stopped = True
