"""A line between a host and a twin that can lose what the device says, or pass nothing at all."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from contextlib import suppress


class Relay:
    """Give `address` to the host; what it says reaches the pty at `device`, and back.

    `drop_answers`: the device's bytes vanish from now on.
    """

    def __init__(self, device: str) -> None:
        self.drop_answers = False
        self._device = os.open(device, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._device)
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.address = os.ttyname(self._slave)
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop_reading()
        for fd in (self._device, self._master, self._slave, self._wake, self._waker):
            os.close(fd)

    def go_deaf(self, *, full: bool = False) -> None:
        """When this returns, nothing is read from the host. full: nor has its line room for a byte.

        The thread has ended by then. A flag that it looks at would let a slow machine pass one more
        piece, and one piece can hold a whole stop.
        """
        self._stop_reading()
        os.set_blocking(self._slave, False)
        with suppress(BlockingIOError):
            while full:
                os.write(self._slave, bytes(4096))
        os.set_blocking(self._slave, True)

    def unread(self) -> bytes:
        """What waits for a device that reads nothing. Once; `go_deaf` comes before."""
        os.set_blocking(self._master, False)
        found = b""
        with suppress(BlockingIOError):
            while piece := os.read(self._master, 65536):
                found += piece
        return found

    def _stop_reading(self) -> None:
        if self._thread.is_alive():
            os.write(self._waker, b"x")
            self._thread.join()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._device, self._wake, self._master], [], [])
            if self._wake in ready:
                return
            if self._master in ready:
                os.write(self._device, os.read(self._master, 4096))
            if self._device in ready:
                data = os.read(self._device, 4096)
                if not self.drop_answers:
                    os.write(self._master, data)
