"""Samples by UDP on this computer: a datagram each, with the token that was given at the start."""

from __future__ import annotations

import hmac
import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from stimctl.inputs.bindings import Binding

LONGEST_BYTES = 192
LOOPBACK = "127.0.0.1"
_SO_TIMESTAMPNS = 35
"""Linux: each datagram comes with the wall-clock time at which it arrived (socket(7), R2)."""


class UdpReader:
    """Listens on the loopback interface; what is not a sample of its input is let go."""

    def __init__(self, binding: Binding, wall_ns: Callable[[], int] = time.time_ns) -> None:
        """OSError where the port cannot be had."""
        self._binding, self._wall_ns = binding, wall_ns
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((LOOPBACK, binding.port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self._room_for_stamp = 0
        if sys.platform == "linux":
            self._room_for_stamp = socket.CMSG_SPACE(16)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def fileno(self) -> int:
        """What becomes readable."""
        return self._socket.fileno()

    def read(self) -> dict[str, Any] | None:
        """The next sample, or None: nothing more has come. Raises ValueError for what is none."""
        try:
            data, told, _, _ = self._socket.recvmsg(LONGEST_BYTES + 1, self._room_for_stamp)
        except OSError:
            return None
        said = sample_in(data, self._binding)
        said["age_us"] = said.get("age_us", 0) + self._waited_us(told)
        return said

    def _waited_us(self, told: list[tuple[int, int, bytes]]) -> int:
        """How long a datagram has lain in the system's buffer, where the system says so."""
        for level, kind, stamp in told:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(stamp) >= 16:
                seconds, nanoseconds = struct.unpack("@qq", stamp[:16])
                arrived_ns = seconds * 1_000_000_000 + nanoseconds
                return int(max(0, self._wall_ns() - arrived_ns) // 1_000)
        return 0

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


def sample_in(data: bytes, binding: Binding) -> dict[str, Any]:
    """What a datagram says. ValueError where it is no sample of this input with its token."""
    if len(data) > LONGEST_BYTES:
        raise ValueError("too long")
    try:
        said = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested") from error
    if not isinstance(said, dict) or said.get("input") != binding.name:
        raise ValueError("of another input")
    if not hmac.compare_digest(str(said.get("token")).encode(), binding.token.encode()):
        raise ValueError("without the token")
    if type(said.get("seq")) is not int:
        raise ValueError("without a number")
    found = {"input": binding.name, "seq": said["seq"], "source": "udp"}
    age_ms = said.get("age_ms", 0)
    if type(age_ms) in (int, float) and 0 < age_ms < 10_000:
        found["age_us"] = int(age_ms * 1_000)
    for key in ("value", "beat"):
        if key in said:
            found[key] = said[key]
    return found
