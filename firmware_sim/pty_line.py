"""A pseudo terminal as the place where a twin can be reached; POSIX systems alone have them."""

from __future__ import annotations

import fcntl
import os
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any

from .line import CHUNK, LinkRefusedError

_BAUD = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}
_SIZES = {termios.CS5: 5, termios.CS6: 6, termios.CS7: 7, termios.CS8: 8}
#: Linux keeps the sticky parity flag out of Python's termios module.
_CMSPAR = 0o10000000000


class PtyLine:
    """A pseudo terminal whose device side is held open, so that clients may come and go."""

    def __init__(self, link: Path | None = None) -> None:
        self._first_link = link
        self._moves = 0
        self._open(link)

    def _open(self, link: Path | None) -> None:
        self._master, self._slave = os.openpty()
        self._plugged = True
        self._link = link
        try:
            tty.setraw(self._slave)
            self._admit_parity(termios.tcgetattr(self._slave))
            os.set_blocking(self._master, False)
            self.url = os.ttyname(self._slave)
            self._target = self.url
            if link is not None:
                self._make_link(link)
        except BaseException:
            self._close_fds()
            raise

    def read_fds(self) -> list[int]:
        """Return the descriptor of the device side."""
        return [self._master] if self._plugged else []

    def write_fds(self) -> list[int]:
        """Return the descriptor of the device side."""
        return [self._master] if self._plugged else []

    def read(self, ready: list[int]) -> tuple[bytes, bool]:
        """Return what came; one that closed a pseudo terminal looks like one that is silent."""
        if self._master not in ready:
            return b"", False
        try:
            return os.read(self._master, CHUNK), False
        except (BlockingIOError, InterruptedError):
            return b"", False

    def write(self, data: bytes) -> int:
        """Send what fits into the kernel's buffer."""
        if not self._plugged:
            return len(data)
        try:
            return os.write(self._master, data)
        except (BlockingIOError, InterruptedError):
            return 0

    def settings(self) -> dict[str, Any] | None:
        """Return baud, data bits, parity, stop bits and flow control as the client set them."""
        if not self._plugged:
            return None
        attributes = termios.tcgetattr(self._slave)
        _, _, cflag, lflag, _, speed, _ = attributes
        if not lflag & termios.ECHONL:
            self._admit_parity(attributes)
        parity = "N"
        if cflag & termios.PARENB:
            sticky = cflag & _CMSPAR
            odd = cflag & termios.PARODD
            parity = ("M" if odd else "S") if sticky else ("O" if odd else "E")
        return {
            "baud": _BAUD.get(speed),  # None: a rate without a standard name
            "csize": _SIZES[cflag & termios.CSIZE],
            "parity": parity,
            "stop_bits": 2 if cflag & termios.CSTOPB else 1,
            "rtscts": bool(cflag & termios.CRTSCTS),
        }

    def _admit_parity(self, attributes: list[Any]) -> None:
        """Let the next client ask for parity, which a pseudo terminal cannot keep.

        The C library calls such a request invalid (EINVAL) where nothing else of it is new. Who
        sets a raw line clears ECHONL, which means nothing on one: that is always something new.
        """
        attributes[3] |= termios.ECHONL
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)

    def opened(self) -> bool:
        """Return False: held open on the device side, it does not show who else opens it."""
        return False

    def held(self) -> bool:
        """Return whether a client holds the exclusive lock (flock) of the terminal.

        The only sign there is: a terminal that is held open here shows nobody who opens it too.
        """
        if not self._plugged:
            return False
        try:
            fcntl.flock(self._slave, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self._slave, fcntl.LOCK_UN)
        return False

    def unplug(self) -> None:
        """Hang up: who has the terminal open gets an error, and the link is gone."""
        self.close()

    def plug_in(self, *, elsewhere: bool) -> None:
        """Open another terminal, at the same link or at one with a number after its name."""
        link = self._link
        if elsewhere and self._first_link is not None:
            self._moves += 1
            link = self._first_link.with_name(f"{self._first_link.name}-{self._moves + 1}")
        self._open(link)

    def close(self) -> None:
        """Close the terminal and remove the link if it is still ours."""
        if not self._plugged:
            return
        if self._link is not None:
            with suppress(OSError):
                if str(self._link.readlink()) == self._target:
                    self._link.unlink()
        self._close_fds()

    def _close_fds(self) -> None:
        self._plugged = False
        os.close(self._slave)
        os.close(self._master)

    def _make_link(self, link: Path) -> None:
        if link.is_symlink():
            ours = str(link.readlink()) == self._target
            if link.exists() and not ours:
                raise LinkRefusedError(f"{link} already points to {link.readlink()}")
            link.unlink()
        elif link.exists():
            raise LinkRefusedError(f"{link} exists and is not a link")
        link.symlink_to(self._target)
        self.url = str(link)
