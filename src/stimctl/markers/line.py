"""TTL edges on a control line (RTS or DTR) of a second serial adapter.

The line is raised when the marker arrives here, some milliseconds after the event, and lowered
after 5 ms. Which marker it was, and of when, the record and the other outputs tell.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
import time
from typing import Final, Protocol

from stimctl.errors import NoDeviceError
from stimctl.markers.marker import Marker
from stimctl.markers.names import RTS, MarkerName
from stimctl.supervisor.port_names import device_key, number_key
from stimctl.supervisor.second_port import refuse_held, refuse_own_port

EDGE_S: Final = 0.005
"""Recorders of 1 kHz see it; the next pulse of 100 Hz has an edge of its own (D)."""


class ControlLine(Protocol):
    """A line that can be raised and lowered. Tests hand in their own: a pty has none."""

    def set(self, *, raised: bool) -> None:
        """Raise or lower it. OSError where it is gone."""

    def close(self) -> None:
        """Let go of it."""


class LineOutlet:
    """Raises the line for a moment at each marker that is an edge."""

    def __init__(self, line: ControlLine) -> None:
        self._line = line
        self._line.set(raised=False)

    def put(self, marker: Marker) -> None:
        if not marker.edge:
            return
        self._line.set(raised=True)
        time.sleep(EDGE_S)
        self._line.set(raised=False)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._line.set(raised=False)
        self._line.close()


class SerialLine:
    """The line of a serial port, by the requests of the system. `device`: the stimulator's port."""

    def __init__(self, name: MarkerName, device: str) -> None:
        self._bit = termios.TIOCM_RTS if name.signal == RTS else termios.TIOCM_DTR
        _refuse_own_port(name, device_key(name.where), device)
        refuse_held(name.where)
        try:
            self._fd = os.open(name.where, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _none(name, error) from error
        try:
            _refuse_own_port(name, number_key(os.fstat(self._fd)), device)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._fd, termios.TIOCEXCL)
            self.set(raised=False)
        except OSError as error:
            os.close(self._fd)
            raise _none(name, error) from error
        except BaseException:
            os.close(self._fd)
            raise

    def set(self, *, raised: bool) -> None:
        request = termios.TIOCMBIS if raised else termios.TIOCMBIC
        fcntl.ioctl(self._fd, request, struct.pack("i", self._bit))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)


def _refuse_own_port(name: MarkerName, key: str, device: str) -> None:
    refuse_own_port(
        name.where, key, device,
        why="markers need a port of their own",
        what_to_do="connect the recorder to another serial adapter",
    )  # fmt: skip


def _none(name: MarkerName, error: OSError) -> NoDeviceError:
    return NoDeviceError(
        f"{name} cannot put out markers",
        why=error.strerror or str(error),
        what_to_do="name a serial port with control lines; `stimctl ports` lists them",
    )
