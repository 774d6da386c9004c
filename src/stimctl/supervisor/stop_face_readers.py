"""Opens the real thing behind a stop face: an input device of Linux, or a serial port's lines."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import select
import struct
import sys
import termios
import time
from collections.abc import Sequence
from typing import Protocol

from stimctl.errors import LinkError, NoDeviceError, PortBusyError
from stimctl.supervisor.locks import busy_error
from stimctl.supervisor.port_names import device_key, number_key
from stimctl.supervisor.second_port import refuse_held, refuse_own_port
from stimctl.supervisor.stop_face_events import EVENT_BYTES, KeyEvents, LineLevels, Sign
from stimctl.supervisor.stop_face_names import CTS, DCD, DSR, PEDAL, RI, StopFaceName

POLL_EVERY_S = 0.01
_BITS = {DSR: termios.TIOCM_DSR, CTS: termios.TIOCM_CTS, DCD: termios.TIOCM_CAR,
         RI: termios.TIOCM_RNG}  # fmt: skip
_READ_BYTES = 64 * EVENT_BYTES
_ABSENT = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR)
_NOT_PERMITTED = (errno.EACCES, errno.EPERM)

# Requests of <linux/input.h>, in the numbering of x86, ARM and RISC-V.
_READ, _WRITE = 2, 1
_KEY_BYTES = 96  # 768 key codes
_NAME_BYTES = 256


def _request(way: int, number: int, size: int) -> int:
    return way << 30 | size << 16 | ord("E") << 8 | number


_GET_ID = _request(_READ, 0x02, 8)
_GET_NAME = _request(_READ, 0x06, _NAME_BYTES)
_GET_DOWN = _request(_READ, 0x18, _KEY_BYTES)
_GET_KEYS = _request(_READ, 0x21, _KEY_BYTES)
_GRAB = _request(_WRITE, 0x90, 4)


class Reader(Protocol):
    """The open stop face. Tests hand in their own."""

    @property
    def what(self) -> str:
        """What the system tells of it, for the record."""

    def read(self, timeout_s: float) -> Sequence[Sign]:
        """The signs that have come, after `timeout_s` at the latest. `StimctlError`: it is lost."""

    def close(self) -> None:
        """Let go of it."""


def open_reader(name: StopFaceName, device: str = "") -> Reader:
    """Open a stop face; `device` is the address of the stimulator, whose port is no stop face.

    Raises `NoDeviceError` where it is not there, is none or may not be opened, `PortBusyError`
    where another program has it.
    """
    if name.kind == PEDAL:
        return PedalReader(name)
    return LineReader(name, device)


class PedalReader:
    """An input device, taken for this program alone: its keys type nowhere else."""

    def __init__(self, name: StopFaceName) -> None:
        self._name = name
        if sys.platform != "linux":
            raise NoDeviceError(f"{name} cannot be opened", why="pedals are read on Linux only")
        self._fd = _opened(name, os.O_RDONLY, "input")
        try:
            self.what = self._take()
            self._events = KeyEvents(_codes(self._ask(_GET_DOWN, _KEY_BYTES)))
            self._at_opening = [Sign.HELD] if self._events.down else []
        except BaseException:
            os.close(self._fd)
            raise
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def read(self, timeout_s: float) -> Sequence[Sign]:
        if self._at_opening:
            signs, self._at_opening = self._at_opening, []
            return signs
        if not self._poll.poll(timeout_s * 1000):
            return ()
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return ()
        except OSError as error:
            raise lost(self._name, error.strerror or str(error)) from error
        if not data:
            raise lost(self._name, "its input has ended")
        return self._events.feed(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _take(self) -> str:
        """See that it is an input device with keys, and grab it; what it calls itself."""
        try:
            _, vendor, product, _ = struct.unpack("4H", self._ask(_GET_ID, 8))
            keys = any(self._ask(_GET_KEYS, _KEY_BYTES))
            told = self._ask(_GET_NAME, _NAME_BYTES).split(b"\0")[0].decode("utf-8", "replace")
        except OSError as error:
            raise _none(self._name, "it is no input device", error) from error
        if not keys:
            raise _none(self._name, "the input device has no keys or buttons")
        try:
            fcntl.ioctl(self._fd, _GRAB, 1)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise _none(
                    self._name, "it cannot be taken for this program alone", error
                ) from error
            raise PortBusyError(
                f"the stop face {self._name} is taken by another program",
                why="another program has grabbed it, so its presses would not arrive here",
                what_to_do=f"end that program; `sudo fuser -v {self._name.path}` names it",
            ) from error
        return f"{told} {vendor:04x}:{product:04x}".strip()

    def _ask(self, request: int, size: int) -> bytes:
        return fcntl.ioctl(self._fd, request, bytes(size))


def _codes(bitmap: bytes) -> set[int]:
    bits = int.from_bytes(bitmap, sys.byteorder)
    return {code for code in range(8 * len(bitmap)) if bits >> code & 1}


class LineReader:
    """A control line of a serial port, polled. DTR and RTS stay raised: they feed the button.

    A line that is an input is read by this, too, and more often.
    """

    def __init__(self, name: StopFaceName, device: str, every_s: float = POLL_EVERY_S) -> None:
        self._name = name
        self._every_s = every_s
        self.what = "control line"
        self._bit = _BITS[name.signal]
        self._levels = LineLevels(normally_open=name.normally_open)
        self._read_before = False
        _refuse_own_port(name, device_key(name.path), device)
        refuse_held(name.path)
        self._fd = _opened(name, os.O_RDWR | os.O_NOCTTY, "dialout")
        try:
            _refuse_own_port(name, number_key(os.fstat(self._fd)), device)
            self._keep()
            self._raised()
            _feed(self._fd)
        except BaseException:
            os.close(self._fd)
            raise

    def read(self, timeout_s: float) -> Sequence[Sign]:
        if self._read_before:
            time.sleep(min(timeout_s, self._every_s))
        self._read_before = True
        try:
            return self._levels.feed(raised=self._raised())
        except NoDeviceError as error:
            raise lost(self._name, error.why) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _raised(self) -> bool:
        try:
            told = fcntl.ioctl(self._fd, termios.TIOCMGET, bytes(4))
        except OSError as error:
            raise _none(self._name, "the port has no control lines to read", error) from error
        return bool(int.from_bytes(told, sys.byteorder) & self._bit)

    def _keep(self) -> None:
        """For this program alone, as a port with a device is kept."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy_error(self._name.path, None) from error
        except OSError:
            pass  # what cannot be locked can still be read
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, termios.TIOCEXCL)


def _feed(fd: int) -> None:
    bits = termios.TIOCM_DTR | termios.TIOCM_RTS
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, termios.TIOCMBIS, struct.pack("i", bits))


def _refuse_own_port(name: StopFaceName, key: str, device: str) -> None:
    refuse_own_port(
        name.path, key, device,
        why="a stop face has to be a port of its own",
        what_to_do="connect the button to another serial port or adapter",
    )  # fmt: skip


def _opened(name: StopFaceName, flags: int, group: str) -> int:
    try:
        return os.open(name.path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = error.strerror or str(error)
        if error.errno in _ABSENT:
            raise NoDeviceError(
                f"the {name.role} {name} is not there",
                why=why,
                what_to_do="plug it in; `stimctl stop-face list` shows what is there",
            ) from error
        if error.errno in _NOT_PERMITTED:
            raise NoDeviceError(
                f"you may not open the {name.role} {name}",
                why=why,
                what_to_do=f"sudo usermod -aG {_group_of(name.path) or group} $USER, then log out "
                "and in again",
            ) from error
        if error.errno == errno.EBUSY:
            raise PortBusyError(f"{name.path} is used by another program", why=why) from error
        raise _none(name, "it cannot be opened", error) from error


def _group_of(path: str) -> str:
    """The group that may read it, by its name; "" where that is nobody's or root's."""
    with contextlib.suppress(OSError, KeyError):
        found = os.stat(path)  # noqa: PTH116 - anything a user may write
        if found.st_gid and found.st_mode & 0o040:
            return grp.getgrgid(found.st_gid).gr_name
    return ""


def _none(name: StopFaceName, why: str, error: OSError | None = None) -> NoDeviceError:
    said = f"{why} ({error.strerror or error})" if error else why
    return NoDeviceError(
        f"{name} is not a readable {name.role}",
        why=said,
        what_to_do="`stimctl stop-face list` shows what can be one",
    )


def lost(name: StopFaceName, why: str) -> LinkError:
    """It can no longer stop."""
    return LinkError(f"the {name.role} {name} is lost", why=why)
