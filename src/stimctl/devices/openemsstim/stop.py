"""What the stop path says to an openEMSstim, and how it knows that both its relays are open.

The board has no checksum and no state to read. Two things prove zero: the banner of a restart,
because a reset drops every pin (opening the port causes one, through DTR, and so do we); or, where
it goes on, the echo of a probe that no other program sends, right after the echo of a stop, because
its program does one thing at a time. While another program is heard nothing proves it.
"""

from __future__ import annotations

from stimctl.wire.openemsstim.text import (
    LINE_END,
    RECEIVE_BUFFER_BYTES,
    STOP_TEXT,
    LineReader,
    drives,
    probe_text,
    stop_line,
)

BANNER = "SETUP:"
RECEIVED = "\tUSB: received command: "
DISCONNECTED = "\tBT: Disconnected"
FOREIGN = "Another program drives this port: it can switch the output on again. End it."
_FORGET_BURSTS = 14  # 700 ms: a board that is up has read everything by then
_REPEAT_BURSTS = 2  # 100 ms: an echo begins 30 to 45 ms after the stop
_SWITCHING_BURSTS = 5  # 250 ms: it switches off for 101 ms, and then answers
_LISTEN_BURSTS = 8  # 400 ms in any case: who renews bursts of 750 ms in time is heard by then
_FOREIGN_BURSTS = 30  # 1.5 s: who renews bursts is heard again by then
STARTING_S = 1.7  # the slowest bootloader says nothing for 1.40 s


class OpenEmsStimStopSequence:
    """Sans-IO: bursts out, answers in, until zero is verified. A burst may be empty: its buffer
    holds 63 bytes, and nothing protects them. `seed`: milliseconds, for probes of our own."""

    def __init__(self, seed: int = 0) -> None:
        self._reader = LineReader()
        self._seed = seed
        self._probes: set[str] = set()
        self._unread = self._waited = 0
        self._wait = 0  # bursts until the stop is said again
        self._bursts = self._rounds = self._resets = 0
        self._heard = self._echoed = self._proved = False
        self._proof: list[str] = []  # the latest lines, where they may lead to a proof
        self._foreign: int | None = None  # bursts since another program was heard
        self.verified = False

    @property
    def detail(self) -> str:
        """What else there is to say."""
        return FOREIGN if self._foreign is not None else ""

    def next_bytes(self) -> bytes:
        """The next bytes to write: the stop and a probe, or nothing while an answer is due."""
        self._bursts += 1
        self._waited += 1
        self.verified |= self._proved and self._bursts > _LISTEN_BURSTS
        if self._foreign is not None:
            self._foreign += 1
        if self._waited >= _FORGET_BURSTS:
            self._unread = 0
        self._wait -= 1
        if self._wait > 0 or self._proved:
            return b""
        probe = probe_text(self._seed + self._rounds)
        stop = stop_line(line_may_be_open=self._rounds % 2 == 0)
        data = stop + probe.encode("ascii") + LINE_END
        if self._unread + len(data) > RECEIVE_BUFFER_BYTES:
            return b""
        self._probes.add(probe)
        self._rounds += 1
        self._unread += len(data)
        self._waited, self._wait = 0, _REPEAT_BURSTS
        return data

    def reset_due(self, elapsed_s: float) -> bool:
        """Whether to restart the board by its line now: at once, in case opening the port has not
        done so, and again where it was never heard, though it must have started."""
        due = not self._heard and elapsed_s >= (STARTING_S + 0.2 if self._resets else 0)
        due &= self._resets < 2
        self._resets += due
        return due

    def starting(self, elapsed_s: float) -> bool:
        """Whether its silence is that of a board which starts: it was restarted just now."""
        return not self._heard and elapsed_s < STARTING_S

    def receive(self, data: bytes) -> bool:
        """Take what arrived; True once zero is verified."""
        for line in self._reader.feed(data):
            if isinstance(line, str) and line:
                self._take(line)
        return self.verified

    def _take(self, line: str) -> None:
        self._heard = True
        if line.startswith(BANNER):
            self._unread = 0
            self.verified |= self._foreign is None
        elif line == RECEIVED + STOP_TEXT:
            self._unread, self._wait = 0, _SWITCHING_BURSTS
            self._echoed = True
            self._proof = [line]
        elif line == DISCONNECTED and self._proof:
            self._proof.append(line)
        else:
            if line.startswith(RECEIVED):
                self._take_echo(line.removeprefix(RECEIVED))
            self._proof = []

    def _take_echo(self, text: str) -> None:
        """What begins after the two lines of a stop begins at zero, if it is ours."""
        self._unread = 0
        proved = len(self._proof) == 2
        if text in self._probes:
            alone = self._foreign is None or self._foreign >= _FOREIGN_BURSTS
            self._proved |= proved and alone
            self.verified |= self._proved and self._bursts >= _LISTEN_BURSTS
            self._wait = 0
        elif drives(text) and self._echoed:  # what came before the first stop was sent before it
            self._foreign, self._proved = 0, False
        elif text and not drives(text):
            self._wait = 0  # a stop that was damaged
