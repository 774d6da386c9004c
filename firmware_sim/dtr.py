"""A pseudo terminal that notices who opens it, for devices that DTR resets."""

from __future__ import annotations

import os
import select
from pathlib import Path

from .pty_line import PtyLine


class DtrPtyLine(PtyLine):
    """A pseudo terminal with one side held: the other shows by hanging up whether it is open.

    While nobody has it open, what is written to it is gone, as it is on a real port.
    """

    def _open(self, link: Path | None) -> None:
        super()._open(link)
        # The settings can be read on this side too, so the other need not be held.
        held, self._slave = self._slave, os.dup(self._master)
        os.close(held)
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        self._present = self._news = False

    def read_fds(self) -> list[int]:
        """Return the descriptor of the device side while there is a client."""
        if self._plugged:
            self._look()
        return super().read_fds() if self._present else []

    def read(self, ready: list[int]) -> tuple[bytes, bool]:
        """Return what came, and whether the client closed the line."""
        if not self._plugged:
            return b"", False
        self._look()
        before = self._present
        try:
            data, _ = super().read(ready)
        except OSError:  # hung up, and everything was read
            data, self._present = b"", False
        return data, before and not self._present

    def write(self, data: bytes) -> int:
        """Send what fits; without a client everything is gone."""
        return super().write(data) if self._present else len(data)

    def held(self) -> bool:
        """Return whether a client has it open; a lock of its side would not be seen on this one."""
        if not self._plugged:
            return False
        self._look()
        return self._present

    def opened(self) -> bool:
        """Return whether a client opened the line since this was asked last."""
        news, self._news = self._news, False
        return news

    def _look(self) -> None:
        events = dict(self._poll.poll(0)).get(self._master, 0)
        # A client may have come, written and gone between two looks: then there are bytes.
        present = not events & select.POLLHUP or bool(events & select.POLLIN)
        self._news |= present and not self._present
        self._present |= present
