"""How a stop finds the sessions that hold a port, and what they answer. On the stop path."""

from __future__ import annotations

import _socket  # `socket` itself turns its constants into enums, for 3 of the 60 ms
import contextlib
import os
import select
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from stimctl.supervisor.peer import peer_of
from stimctl.supervisor.runtime import Holder, holders_of, socket_addresses

ANSWER_WITHIN_S = 0.1  # a supervisor that does not answer by then is taken for dead
_ASK = b'{"do":"stop"}\n'


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
        import json  # 4 ms that a stop without a session does not pay

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


class Found:
    """What was found of a port within 100 ms."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.holders: list[Holder] = []


def find(keys: tuple[str, ...]) -> Found:
    """Ask every session under one of these keys to stop, and read whose locks there are.

    In a thread: a folder on a disk that does not answer must not hold up what comes next.
    """
    found = Found()
    looking = threading.Thread(target=_look, args=(keys, found), daemon=True)
    try:
        looking.start()
    except RuntimeError:  # no threads left
        _look(keys, found)
    else:
        looking.join(ANSWER_WITHIN_S)
    asked = Found()
    asked.sessions, asked.holders = list(found.sessions), list(found.holders)
    listen(asked.sessions, time.monotonic() + ANSWER_WITHIN_S, until_answered=True)
    return asked


def _look(keys: tuple[str, ...], found: Found) -> None:
    with contextlib.suppress(Exception):  # whatever it is: the port is still to be opened
        _ask_all(socket_addresses(keys), found)
    with contextlib.suppress(Exception):
        holders = holders_of(keys)
        _ask_all([holder.socket for holder in holders if holder.socket], found)
        found.holders += holders


def _ask_all(addresses: Iterable[str], found: Found) -> None:
    for address in addresses:
        session = _ask(address, {session.pid for session in found.sessions if session.pid})
        if session is not None:
            found.sessions.append(session)


def _ask(address: str, known: set[int]) -> Session | None:
    try:
        line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    except OSError:
        return None  # no descriptor left for it; there may be one for the port
    try:
        line.setblocking(False)
        line.connect(address)
        pid, uid = peer_of(line)
        if uid == os.getuid() and pid not in known and pid != os.getpid():
            line.send(_ASK)
            return Session(line, pid)
    except (OSError, ValueError):
        pass
    line.close()
    return None


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
