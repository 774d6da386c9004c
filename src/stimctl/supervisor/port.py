"""The line to a device: serial port or TCP twin, held alone, never waited for over 100 ms.

pyserial opens and configures; reading and writing go to the file descriptor, because pyserial's
`write` waits without limit for a device that has stopped reading (or spins, with a time limit of
zero), and `flush` always does. `tcdrain` is never called. On the stop path: no dataclasses, no
pydantic.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import sys
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import serial

from stimctl.devices.family import LineSettings
from stimctl.errors import LinkError, NoDeviceError, StimctlError
from stimctl.supervisor.locks import Holder, PortLock, busy_error, read_holder
from stimctl.supervisor.port_facts import (
    is_loopback,
    latency_timer_ms,
    missing_node,
    usb_identity,
)
from stimctl.supervisor.port_names import device_key, number_key
from stimctl.supervisor.port_types import Port

__all__ = ["Port", "SerialPort", "TcpPort", "latency_timer_ms", "open_port"]

# A read returns what is there; no frame of any family is longer.
_READ_BYTES = 4096
_CLOSE_DEADLINE_S = 1.0
_CONNECT_TIMEOUT_S = 1.0
_EVERYWHERE = LineSettings(115_200)
_DTR_LOW_S = 0.005  # a capacitor of 100 nF at 10 kohm is discharged by then


def open_port(
    address: str,
    lines: tuple[LineSettings, ...],
    *,
    program: str = "supervisor",
    dtr: bool = False,
    alone: bool = True,
) -> Port:
    """Open `address` (a path, or `socket://host:port`) for this process alone.

    `alone=False` is for a stop that may not wait for a program that will not let go: it opens a
    port that another program has merely asked to keep (flock binds nobody who does not ask).
    Raises `PortBusyError` naming the holder, `NoDeviceError` where there is no such port or no
    permission, `LinkError` where no line setting is accepted.
    """
    lock = PortLock(address, program)
    if alone:
        lock.acquire()
    try:
        if address.startswith("socket://"):
            return TcpPort(address, lock)
        port = SerialPort(address, lines, lock, dtr=dtr, alone=alone)
    except BaseException:
        lock.release()
        raise
    if alone and port.number not in lock.keys:
        port.abort()
        raise LinkError(
            f"{address} was led to another device while it was opened",
            what_to_do="see what the name leads to now, then connect again",
        )
    return port


class _DescriptorPort:
    """Reading and writing a non-blocking descriptor; one reader at a time."""

    is_hardware = False
    identity = ""
    far_end: tuple[str, ...] = ()

    def __init__(self, address: str, lock: PortLock, fd: int) -> None:
        self.address = address
        self.keys = lock.keys
        self._lock = lock
        self._fd = fd
        self._closing = False
        self._reading = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()

    def read(self, timeout_s: float) -> bytes:
        with self._reading:
            for _ in range(2):
                if self._closing:
                    raise self._gone("the port was closed")
                ready, _, _ = select.select([self._fd, self._wake_read], [], [], timeout_s)
                if self._fd not in ready:
                    return b""
                data = self._read_now()
                if data is None:
                    return b""
                if data:
                    return data
                timeout_s = 0.0  # readable and empty: gone, if it is so twice
            raise self._gone("the other end closed it")

    def _read_now(self) -> bytes | None:
        try:
            return os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._gone(os.strerror(error.errno or errno.EIO)) from error

    def write(self, data: bytes) -> int:
        if self._closing:
            raise self._gone("the port was closed")
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._gone(os.strerror(error.errno or errno.EIO)) from error

    def discard_output(self) -> None:
        """Nothing to discard but on a serial line."""

    def pulse_dtr(self) -> None:
        """Nothing to pulse but on a serial line."""

    def listens_at(self, socket: str, row: str = "") -> None:
        self._lock.listens_at(socket, row)

    def name_has_moved(self) -> bool:
        """A TCP address is no link."""
        return False

    def check(self) -> None:
        if not self._lock.still_held():
            raise self._gone("its lock file was removed or replaced")

    def abort(self) -> None:
        if self._closing:
            return
        self._closing = True
        os.write(self._wake_write, b"x")
        self.discard_output()
        # Closing a UART can wait for seconds (its driver drains it), hence the helper and the
        # deadline.
        helper = threading.Thread(target=self._close, name="port-close", daemon=True)
        helper.start()
        helper.join(_CLOSE_DEADLINE_S)

    def _close(self) -> None:
        with self._reading:  # a descriptor that somebody selects on must not get a new owner
            self._close_descriptor()
            os.close(self._wake_read)
            os.close(self._wake_write)
        self._lock.release()

    def _close_descriptor(self) -> None:
        raise NotImplementedError

    def describe(self) -> Mapping[str, object]:
        return {"address": self.address}

    def _gone(self, why: str) -> LinkError:
        return LinkError(
            f"the line to {self.address} is lost",
            why=why,
            what_to_do="check the cable and that the device is switched on, then connect again",
        )


class SerialPort(_DescriptorPort):
    """A serial port or a pseudo terminal."""

    def __init__(
        self,
        address: str,
        lines: tuple[LineSettings, ...],
        lock: PortLock,
        *,
        dtr: bool,
        alone: bool,
    ) -> None:
        self._serial, self.line = _open_serial(address, lines, dtr, alone)
        super().__init__(address, lock, self._serial.fileno())
        self._device = os.path.realpath(address)
        self.number = number_key(os.fstat(self._fd))
        self.is_pty = _is_pty(self._fd)
        self.is_hardware = not self.is_pty
        self.far_end = (os.ttyname(self._fd),) if self.is_pty else ()
        if self.is_hardware and alone:
            # flock keeps out who asks for it; TIOCEXCL keeps out everybody but root. On a pty it
            # would outlive us and lock the twin away for good.
            fcntl.ioctl(self._fd, termios.TIOCEXCL)
        self.identity = usb_identity(self._device)
        self.low_latency = _try_low_latency(self._serial)

    def discard_output(self) -> None:
        with contextlib.suppress(termios.error):  # a lost line has nothing to discard
            termios.tcflush(self._fd, termios.TCOFLUSH)

    def pulse_dtr(self) -> None:
        with contextlib.suppress(OSError, ValueError, serial.SerialException):
            self._serial.dtr = False
            time.sleep(_DTR_LOW_S)
            self._serial.dtr = True

    def check(self) -> None:
        super().check()
        try:
            same = Path(self._device).stat().st_rdev == os.fstat(self._fd).st_rdev
        except OSError as error:
            raise self._gone("its device file is gone") from error
        if not same:
            raise self._gone("its device file belongs to another port now")

    def name_has_moved(self) -> bool:
        return device_key(self._device) == self.number != device_key(self.address)

    def _close_descriptor(self) -> None:
        self._serial.close()

    def describe(self) -> Mapping[str, object]:
        return {
            "address": self.address,
            "device": self._device,
            "baud": self.line.baud,
            "rtscts": self.line.rtscts,
            "parity": self.line.parity,
            "stop_bits": self.line.stop_bits,
            "low_latency": self.low_latency,
            "latency_timer_ms": latency_timer_ms(self._device),
            "exclusive": "flock" if self.is_pty else "flock and TIOCEXCL",
        }


class TcpPort(_DescriptorPort):
    """A twin behind a TCP port (`socket://host:port`)."""

    def __init__(self, address: str, lock: PortLock) -> None:
        host, colon, number = address.removeprefix("socket://").rpartition(":")
        if not colon or not number.isdigit():
            raise NoDeviceError(
                f"{address!r} is not a TCP address", what_to_do="write socket://host:port"
            )
        try:
            self._socket = socket.create_connection((host, int(number)), _CONNECT_TIMEOUT_S)
        except (OSError, OverflowError) as error:
            raise NoDeviceError(
                f"nothing answers at {address}", why=str(error), what_to_do="start the twin first"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        super().__init__(address, lock, self._socket.fileno())
        ours, theirs = self._socket.getsockname(), self._socket.getpeername()
        # A name may lead anywhere; what counts is where this connection has arrived.
        self.is_hardware = not is_loopback(theirs[0])
        self.far_end = () if self.is_hardware else (_end(ours), _end(theirs))

    def _close_descriptor(self) -> None:
        self._socket.close()

    def describe(self) -> Mapping[str, object]:
        return {"address": self.address, "peer": self.far_end[-1] if self.far_end else "elsewhere"}


def _end(name: tuple[object, ...]) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _open_serial(
    address: str, lines: tuple[LineSettings, ...], dtr: bool, alone: bool
) -> tuple[serial.Serial, LineSettings]:
    refused: list[str] = []
    for line in lines_to_try(address, lines):
        port = serial.Serial()
        port.port = address
        port.timeout = port.write_timeout = 0
        port.exclusive = alone
        port.dtr = dtr
        try:
            port.baudrate, port.rtscts = line.baud, line.rtscts
            port.stopbits = line.stop_bits
            if not _is_pty_name(os.path.realpath(address)):  # has no parity, and may refuse to try
                port.parity = line.parity
            port.open()
        except (serial.SerialException, termios.error, ValueError, OSError) as error:
            known = _known_error(address, error)
            if known is not None:
                raise known from error
            refused.append(f"{line.baud}: {error}")
        else:
            return port, line
    raise LinkError(
        f"{address} takes none of the line settings",
        why="; ".join(refused),
        what_to_do="check that this is the serial port of the device",
    )


def lines_to_try(
    address: str, lines: tuple[LineSettings, ...], platform: str = sys.platform
) -> tuple[LineSettings, ...]:
    """Those of the family; on a pseudo terminal of macOS one more, which every system knows.

    It has no rate that matters, and refuses the rates of some families, which name no other.
    """
    is_pty = platform == "darwin" and _is_pty_name(os.path.realpath(address))
    return (*lines, _EVERYWHERE) if is_pty else lines


def _known_error(address: str, error: Exception) -> StimctlError | None:
    """The error to raise for an open that no other line setting can cure, or None."""
    code = getattr(error, "errno", None)
    told = error.__context__ if code is None else None
    about_the_port = isinstance(told, termios.error)
    if isinstance(told, termios.error):
        code = told.args[0]  # pyserial passes its words on, and not its number
    if code in (errno.EAGAIN, errno.EBUSY):
        return busy_error(address, _holder_besides_us(address))
    if code in (errno.EACCES, errno.EPERM):
        return NoDeviceError(
            f"{address} may not be opened",
            why=str(error),
            what_to_do="add yourself to the group that owns it (often `dialout`) and log in again",
        )
    # Told for a rate alone, ENOTTY means that one: so answers a pseudo terminal of macOS above
    # 230 400 bits/s, which a program asks for by a call of its own there (IOSSIOSPEED).
    if code == errno.EISDIR or (code == errno.ENOTTY and about_the_port):
        return NoDeviceError(
            f"{address} is no serial port",
            why="it is a folder" if code == errno.EISDIR else "it has no line settings",
            what_to_do="`stimctl ports` lists what is there",
        )
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
        why, what_to_do = missing_node(address)
        return NoDeviceError(
            f"there is no device at {address}", why=f"{why} ({error})", what_to_do=what_to_do
        )
    return None


def _holder_besides_us(address: str) -> Holder | None:
    # This process has the lock file by now, so what it says is no help.
    holder = read_holder(address)
    return None if holder is None or holder.pid == os.getpid() else holder


def _is_pty(fd: int) -> bool:
    return _is_pty_name(os.ttyname(fd))


def _is_pty_name(name: str) -> bool:
    return name.startswith("/dev/pts/") or (name.startswith("/dev/ttys") and name[9:].isdigit())


def _try_low_latency(port: serial.Serial) -> bool:
    try:
        port.set_low_latency_mode(True)
    except (AttributeError, NotImplementedError, ValueError, OSError):
        return False  # a pty, or a driver without it; said by `describe`
    return True
