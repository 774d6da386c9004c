"""A pseudo terminal whose name is nobody's: a stop by that name asks no session of another test.

The system gives a number again as soon as it is free, and a session whose twin is gone listens at
the name it was started by until it ends.
"""

from __future__ import annotations

import os
import socket

from stimctl.supervisor.lock_files import abstract_sockets
from stimctl.supervisor.port_names import port_keys

_MOST = 64


def own_pty() -> tuple[int, int]:
    """Master and slave. The numbers that somebody listens at are held until one is found."""
    taken: list[int] = []
    try:
        for _ in range(_MOST):
            master, slave = os.openpty()
            if not any(map(_listens, abstract_sockets(port_keys(os.ttyname(slave))))):
                return master, slave
            taken += [master, slave]
    finally:
        for fd in taken:
            os.close(fd)
    raise AssertionError(f"sessions listen at {_MOST} pseudo terminals")


def _listens(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(address)
        except OSError:
            return False
        return True
