"""A session that a stop has asked to stop, and what it answers. Loaded where there is one."""

from __future__ import annotations

import _socket
import contextlib
import json
import select
import time
from collections.abc import Sequence
from typing import Any


class Session:
    """A session that has been asked to stop: its process, its device, and what it has said."""

    def __init__(self, line: _socket.socket, pid: int) -> None:
        self.line = line
        self.pid = pid
        self.node = ""
        self.keys: frozenset[str] = frozenset()  # of the device it has open now
        self.answered = self.verified = self.ended = False
        self._heard = b""

    @property
    def is_over(self) -> bool:
        """Nothing more is to be waited for."""
        return self.verified or self.ended

    def hear(self) -> None:
        """Take what it has said."""
        try:
            more = self.line.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:  # it has ended: its port is free now
            self.ended = True
            return
        *rows, self._heard = (self._heard + more).split(b"\n")
        for row in rows:
            self._take(row)

    def _take(self, row: bytes) -> None:
        try:
            said: Any = json.loads(row)
            kind = said["kind"]
        except (ValueError, TypeError, KeyError):
            return
        if kind == "session":  # by its socket alone: its main loop may be stuck
            with contextlib.suppress(KeyError, TypeError):
                self.node, self.keys = str(said["node"]), frozenset(map(str, said["keys"]))
            return
        self.answered = True
        self.verified |= kind == "zero_verified"

    def close(self) -> None:
        """Hang up."""
        self.line.close()


def listen(sessions: Sequence[Session], until: float, *, until_answered: bool = False) -> None:
    """Hear what they say until `until`, or all are over (or have answered)."""
    poll = select.poll()
    waiting = {session.line.fileno(): session for session in sessions if not session.is_over}
    for fd in waiting:
        poll.register(fd, select.POLLIN)
    while waiting and (left := until - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            session = waiting[fd]
            session.hear()
            if session.is_over or (until_answered and session.answered):
                poll.unregister(fd)
                del waiting[fd]
