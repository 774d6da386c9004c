"""A real terminal for a program under test: a pty with a screen of text, keys, and times."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

_WHERE_IS_THE_CURSOR = b"\x1b[6n"
_PIECES = re.compile(
    rb"\x1b\[(\d*)(?:;(\d*))?H|\x1b\[[0-9;:<>?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b.|\r|\n|\x07"
)


class Terminal:
    """A program on a pty of its own. Understands what a redrawn screen is made of, no more."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int = 80,
        rows: int = 24,
    ) -> None:  # fmt: skip
        self.master, slave = pty.openpty()
        self.columns, self.rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._rest = b""
        self.heard = 0
        #: A terminal answers where its cursor is; one that does not is dead to the program.
        self.answers = True
        self.raw = b""
        self.first_byte_s: float | None = None
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.settings = termios.tcgetattr(slave)
        self.begun_s = time.monotonic()
        self.process = subprocess.Popen(
            list(command), stdin=slave, stdout=slave, stderr=slave, env=dict(environment),
            start_new_session=True, preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads yet
        )  # fmt: skip
        self.slave = slave

    def hear(self, seconds: float = 0.0) -> bool:
        """Take what the program writes for at most so long; True where there was anything."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        if self.first_byte_s is None:
            self.first_byte_s = time.monotonic()
        self.heard += len(data)
        self.raw = (self.raw + data)[-1_000_000:]
        self._show(data)
        return bool(data)

    def settle(self, seconds: float) -> None:
        """Take everything for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.hear(left)

    def wait_for(self, *texts: str, within_s: float = 15.0) -> float:
        """Until one of the texts is on the screen; returns when, on the monotonic clock."""
        if not self.look_for(*texts, within_s=within_s):
            raise AssertionError(f"none of {texts} within {within_s} s:\n{self.text()}")
        return time.monotonic()

    def look_for(self, *texts: str, within_s: float) -> bool:
        """Whether one of the texts comes to the screen within the time."""
        until = time.monotonic() + within_s
        while not any(text in self.text() for text in texts):
            if time.monotonic() > until:
                return False
            self.hear(0.05)
        return True

    def wait_without(self, text: str, within_s: float = 15.0) -> None:
        """Until a text is no longer on the screen."""
        until = time.monotonic() + within_s
        while text in self.text():
            assert time.monotonic() < until, f"still there is {text!r}:\n{self.text()}"
            self.hear(0.05)

    def key(self, data: bytes) -> int:
        """Type; returns when, in nanoseconds of the monotonic clock."""
        now_ns = time.monotonic_ns()
        os.write(self.master, data)
        return now_ns

    def text(self) -> str:
        """The screen."""
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def resize(self, columns: int, rows: int) -> None:
        """Another size."""
        self.columns, self.rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def end(self, within_s: float = 20.0) -> int:
        """Hear the program out; returns its exit code."""
        until = time.monotonic() + within_s
        while self.process.poll() is None and time.monotonic() < until:
            self.hear(0.05)
        self.hear(0.05)
        assert self.process.poll() is not None, f"it has not ended:\n{self.text()}"
        return self.process.returncode

    def hang_up(self) -> None:
        """The terminal goes away under the program."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self.slave = -1

    def _show(self, data: bytes) -> None:
        data, self._rest = self._rest + data, b""
        whole, at = data, 0
        cut = _unfinished(data)
        if cut is not None:
            whole, self._rest = data[:cut], data[cut:]
        for piece in _PIECES.finditer(whole):
            self._write(whole[at : piece.start()])
            self._control(piece)
            at = piece.end()
        self._write(whole[at:])

    def _control(self, piece: re.Match[bytes]) -> None:
        text = piece.group()
        if piece.group(1) is not None:
            self._y = max(0, int(piece.group(1) or 1) - 1)
            self._x = max(0, int(piece.group(2) or 1) - 1)
        elif text == _WHERE_IS_THE_CURSOR and self.answers:
            os.write(self.master, b"\x1b[%d;%dR" % (self._y + 1, self._x + 1))
        elif text == b"\r":
            self._x = 0
        elif text == b"\n":
            self._x, self._y = 0, self._y + 1

    def _write(self, data: bytes) -> None:
        for character in data.decode("utf-8", "replace"):
            if self._y < self.rows and self._x < self.columns:
                self._cells[self._y][self._x] = character
            self._x += 1


def _unfinished(data: bytes) -> int | None:
    """Where a sequence or a character begins that has not come whole."""
    escape = data.rfind(b"\x1b")
    if escape >= 0:
        piece = _PIECES.match(data, escape)
        if piece is None or piece.group() in (b"\x1b[", b"\x1b]"):
            return escape
    for back in range(1, min(4, len(data) + 1)):
        lead = data[-back]
        if lead >= 0xC0:  # the first byte of a character of two to four
            needs = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return len(data) - back if back < needs else None
    return None


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
