"""How a stop finds the sessions that hold a port, and asks them. On the stop path."""

from __future__ import annotations

import _socket  # `socket` itself turns its constants into enums, for 3 of the 60 ms
import _thread  # as above: `threading` is for what is joined at the end
import os
import time

from stimctl.supervisor.lock_files import holders_of, socket_addresses
from stimctl.supervisor.peer import peer_of

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stimctl.supervisor.asked_session import Session
    from stimctl.supervisor.lock_files import Holder

ANSWER_WITHIN_S = 0.1  # a supervisor that does not answer by then is taken for dead
_ASK = b'{"do":"stop"}\n'


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
    within(ANSWER_WITHIN_S, lambda: _look(keys, found))
    asked = Found()
    asked.sessions, asked.holders = list(found.sessions), list(found.holders)
    if asked.sessions:
        from stimctl.supervisor.asked_session import listen

        listen(asked.sessions, time.monotonic() + ANSWER_WITHIN_S, until_answered=True)
    return asked


def within(most_s: float, task: Callable[[], None]) -> None:
    """Do it in a thread, and wait for it at most so long; the thread holds up no exit."""
    done = _thread.allocate_lock()
    done.acquire()

    def work() -> None:
        try:
            task()
        finally:
            done.release()

    try:
        _thread.start_new_thread(work, ())
    except RuntimeError:  # no threads left
        task()
    else:
        done.acquire(timeout=most_s)


def _look(keys: tuple[str, ...], found: Found) -> None:
    try:
        _ask_all(socket_addresses(keys), found)
    except Exception:  # noqa: BLE001 - whatever it is: the port is still to be opened
        pass
    try:
        holders = holders_of(keys)
        _ask_all([holder.socket for holder in holders if holder.socket], found)
        found.holders += holders
    except Exception:  # noqa: BLE001 - as above
        pass


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
            from stimctl.supervisor.asked_session import Session

            return Session(line, pid)
    except (OSError, ValueError):
        pass
    line.close()
    return None
