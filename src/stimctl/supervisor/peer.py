"""Who is at the other end of a Unix socket. On the stop path."""

from __future__ import annotations

import _socket
import os
import sys

_INT_BYTES = 4
_CREDENTIAL_BYTES = 3 * _INT_BYTES  # struct ucred: pid, uid, gid


def peer_of(line: _socket.socket) -> tuple[int, int]:
    """Process and user at the other end, as the system knows them; (0, own uid) where it is silent.

    Elsewhere than on Linux the mode of the socket and of its folder keeps others out.
    """
    if sys.platform != "linux":
        return 0, os.getuid()
    raw = line.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _CREDENTIAL_BYTES)
    pid = int.from_bytes(raw[:_INT_BYTES], sys.byteorder, signed=True)
    uid = int.from_bytes(raw[_INT_BYTES : 2 * _INT_BYTES], sys.byteorder)
    return pid, uid


def is_trusted(line: _socket.socket) -> bool:
    """True for this user and for the system's administrator."""
    try:
        return peer_of(line)[1] in (os.getuid(), 0)
    except OSError:
        return False
