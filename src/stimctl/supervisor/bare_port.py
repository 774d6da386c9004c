"""A port as the stop path needs it: one descriptor, the standard library and nothing else.

No lock is needed, no runtime folder, no pyserial. Whatever can fail beside opening and writing is
done as far as it goes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import sys
import termios
import time

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import Any

    from stimctl.devices.family import LineSettings

_READ_BYTES = 4096
_CONNECT_WITHIN_S = 1.0
_DTR_LOW_S = 0.005  # as long as the port of a session keeps it low
_EXTRA_BITS = termios.CSIZE | termios.CSTOPB | termios.PARENB | termios.PARODD
_ABSENT = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR)
_BUSY = (errno.EBUSY, errno.EAGAIN)


class BarePort:
    """An open line. `shared`: another program has the port, too."""

    def __init__(self, address: str, fd: int, *, shared: bool, serial: bool) -> None:
        self.address = address
        self.shared = shared
        self._fd = fd
        self._serial = serial
        self._poll = select.poll()  # `select` itself takes no descriptor over 1023
        self._poll.register(fd, select.POLLIN)

    def read(self, timeout_s: float) -> bytes:
        """Bytes that arrived, or b"" after `timeout_s`. Raises `LinkError` for a lost line."""
        if not self._poll.poll(timeout_s * 1000):
            return b""
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _lost(self.address, _words_of(error)) from error
        if not data:
            raise _lost(self.address, "the other end closed it")
        return data

    def write(self, data: bytes) -> int:
        """Hand over what fits now. Raises `LinkError` for a lost line."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise _lost(self.address, _words_of(error)) from error

    def discard_output(self) -> None:
        """Drop what the system has not sent yet."""
        if self._serial:
            try:
                termios.tcflush(self._fd, termios.TCOFLUSH)
            except termios.error:
                pass

    def pulse_dtr(self) -> None:
        """Drop DTR and raise it again, which restarts some devices."""
        if self._serial:
            _set_modem_line(self._fd, termios.TIOCM_DTR, up=False)
            time.sleep(_DTR_LOW_S)
            _set_modem_line(self._fd, termios.TIOCM_DTR, up=True)

    def abort(self) -> None:
        """Let go."""
        self.discard_output()
        try:
            os.close(self._fd)
        except OSError:
            pass


def open_bare(
    address: str, lines: tuple[LineSettings, ...], *, dtr: bool = False, alone: bool = True
) -> BarePort:
    """Open `address` (a path, or `socket://host:port`).

    alone: raise `PortBusyError` where another program has asked to keep the port; otherwise share
    it. `NoDeviceError` where nothing is there or it may not be opened.
    """
    if address.startswith("socket://"):
        return BarePort(address, _connect(address), shared=False, serial=False)
    try:
        fd = os.open(address, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _why_not(address, error) from error
    try:
        shared = not _take(fd)
        if shared and alone:
            raise _busy(f"{address} is used by another program")
        _configure(address, fd, lines, dtr=dtr, shared=shared)
    except BaseException:
        os.close(fd)
        raise
    return BarePort(address, fd, shared=shared, serial=True)


def _connect(address: str) -> int:
    import socket  # 3 ms that a stop on a serial port does not pay

    host, _, number = address.removeprefix("socket://").rpartition(":")
    try:
        where = (host.strip("[]"), int(number))
        line = socket.create_connection(where, _CONNECT_WITHIN_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setblocking(False)
    except (OSError, OverflowError, ValueError) as error:
        from stimctl.errors import NoDeviceError

        raise NoDeviceError(f"nothing answers at {address}", why=str(error)) from error
    return line.detach()


# The errors are loaded where there is one: they take 3 ms.


def _why_not(address: str, error: OSError) -> Exception:
    from stimctl.errors import LinkError, NoDeviceError

    why = _words_of(error)
    if error.errno in _BUSY:
        return _busy(f"{address} is kept by another program", why)
    if error.errno in _ABSENT:
        return NoDeviceError(f"there is no device at {address}", why=why)
    return LinkError(f"{address} cannot be opened", why=why)


def _busy(what: str, why: str = "") -> Exception:
    from stimctl.errors import PortBusyError

    return PortBusyError(what, why=why)


def _lost(address: str, why: str) -> Exception:
    from stimctl.errors import LinkError

    return LinkError(f"the line to {address} is lost", why=why)


def _words_of(error: OSError) -> str:
    return error.strerror or str(error)


def _take(fd: int) -> bool:
    """Ask for the port as every stimctl does; False where another program has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # what cannot be locked can still be written to
    return True


def _configure(
    address: str, fd: int, lines: tuple[LineSettings, ...], *, dtr: bool, shared: bool
) -> None:
    try:
        now = termios.tcgetattr(fd)
    except termios.error as error:
        from stimctl.errors import LinkError

        raise LinkError(f"{address} is no serial port", why=str(error.args[-1])) from error
    pty = _is_pty(fd)
    for line in lines:
        try:
            termios.tcsetattr(fd, termios.TCSANOW, _raw(now, line, pty=pty))
        except (termios.error, AttributeError):
            continue  # none taken: the stop is sent as the port is set
        break
    if not pty:
        if not shared:  # it would stay with the port as long as the other program has it
            try:
                fcntl.ioctl(fd, termios.TIOCEXCL)
            except OSError:
                pass
        _set_modem_line(fd, termios.TIOCM_DTR, up=dtr)
        if not any(line.rtscts for line in lines):
            _set_modem_line(fd, termios.TIOCM_RTS, up=True)


def _raw(now: list[Any], line: LineSettings, *, pty: bool) -> list[Any]:
    """The settings for this line; a pty has no parity and may refuse to try."""
    speed = getattr(termios, f"B{line.baud}")
    flags = now[2] & ~(_EXTRA_BITS | termios.CRTSCTS)
    flags |= termios.CS8 | termios.CREAD | termios.CLOCAL
    flags |= termios.CSTOPB if line.stop_bits == 2 else 0
    flags |= termios.PARENB if line.parity == "E" and not pty else 0
    flags |= termios.CRTSCTS if line.rtscts else 0
    signs = list(now[6])
    signs[termios.VMIN], signs[termios.VTIME] = 1, 0  # "nothing yet" and "gone" differ
    return [0, 0, flags, 0, speed, speed, signs]


def _is_pty(fd: int) -> bool:
    try:
        name = os.ttyname(fd)
    except OSError:
        return False
    return name.startswith("/dev/pts/") or (sys.platform == "darwin" and "/ttys" in name)


def _set_modem_line(fd: int, which: int, *, up: bool) -> None:
    request = termios.TIOCMBIS if up else termios.TIOCMBIC
    try:
        fcntl.ioctl(fd, request, which.to_bytes(4, sys.byteorder))
    except OSError:
        pass
