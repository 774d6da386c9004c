"""The places where a twin can be reached: a pseudo terminal or a TCP port on this machine."""

from __future__ import annotations

import fcntl
import os
import socket
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

CHUNK = 65_536

_BAUD = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}
_SIZES = {termios.CS5: 5, termios.CS6: 6, termios.CS7: 7, termios.CS8: 8}
#: Linux keeps the sticky parity flag out of Python's termios module.
_CMSPAR = 0o10000000000


class Line(Protocol):
    """A byte pipe to at most one client at a time; nothing in it blocks."""

    url: str

    def read_fds(self) -> list[int]:
        """Return the descriptors to wait on for input."""

    def write_fds(self) -> list[int]:
        """Return the descriptors that can take output now or later."""

    def read(self, ready: list[int]) -> tuple[bytes, bool]:
        """Return what came, and whether a client went away."""

    def write(self, data: bytes) -> int:
        """Send what fits; return how many bytes were taken."""

    def settings(self) -> dict[str, Any] | None:
        """Return the line settings in force, None where there are none."""

    def opened(self) -> bool:
        """Return whether a client opened the line since this was asked last, where that shows."""

    def held(self) -> bool:
        """Return whether a client has the line to itself now, even if it says nothing."""

    def unplug(self) -> None:
        """Be gone, as a device whose cable was pulled."""

    def plug_in(self, *, elsewhere: bool) -> None:
        """Be there again after unplug, under another name if so asked."""

    def close(self) -> None:
        """Give everything back."""


class LinkRefusedError(Exception):
    """The path for the link is taken by something that is not ours."""


class PtyLine:
    """A pseudo terminal whose device side is held open, so that clients may come and go."""

    def __init__(self, link: Path | None = None) -> None:
        self._first_link = link
        self._moves = 0
        self._open(link)

    def _open(self, link: Path | None) -> None:
        self._master, self._slave = os.openpty()
        self._plugged = True
        self._link = link
        try:
            tty.setraw(self._slave)
            self._admit_parity(termios.tcgetattr(self._slave))
            os.set_blocking(self._master, False)
            self.url = os.ttyname(self._slave)
            self._target = self.url
            if link is not None:
                self._make_link(link)
        except BaseException:
            self._close_fds()
            raise

    def read_fds(self) -> list[int]:
        """Return the descriptor of the device side."""
        return [self._master] if self._plugged else []

    def write_fds(self) -> list[int]:
        """Return the descriptor of the device side."""
        return [self._master] if self._plugged else []

    def read(self, ready: list[int]) -> tuple[bytes, bool]:
        """Return what came; one that closed a pseudo terminal looks like one that is silent."""
        if self._master not in ready:
            return b"", False
        try:
            return os.read(self._master, CHUNK), False
        except (BlockingIOError, InterruptedError):
            return b"", False

    def write(self, data: bytes) -> int:
        """Send what fits into the kernel's buffer."""
        if not self._plugged:
            return len(data)
        try:
            return os.write(self._master, data)
        except (BlockingIOError, InterruptedError):
            return 0

    def settings(self) -> dict[str, Any] | None:
        """Return baud, data bits, parity, stop bits and flow control as the client set them."""
        if not self._plugged:
            return None
        attributes = termios.tcgetattr(self._slave)
        _, _, cflag, lflag, _, speed, _ = attributes
        if not lflag & termios.ECHONL:
            self._admit_parity(attributes)
        parity = "N"
        if cflag & termios.PARENB:
            sticky = cflag & _CMSPAR
            odd = cflag & termios.PARODD
            parity = ("M" if odd else "S") if sticky else ("O" if odd else "E")
        return {
            "baud": _BAUD.get(speed),  # None: a rate without a standard name
            "csize": _SIZES[cflag & termios.CSIZE],
            "parity": parity,
            "stop_bits": 2 if cflag & termios.CSTOPB else 1,
            "rtscts": bool(cflag & termios.CRTSCTS),
        }

    def _admit_parity(self, attributes: list[Any]) -> None:
        """Let the next client ask for parity, which a pseudo terminal cannot keep.

        The C library calls such a request invalid (EINVAL) where nothing else of it is new. Who
        sets a raw line clears ECHONL, which means nothing on one: that is always something new.
        """
        attributes[3] |= termios.ECHONL
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)

    def opened(self) -> bool:
        """Return False: held open on the device side, it does not show who else opens it."""
        return False

    def held(self) -> bool:
        """Return whether a client holds the exclusive lock (flock) of the terminal.

        The only sign there is: a terminal that is held open here shows nobody who opens it too.
        """
        if not self._plugged:
            return False
        try:
            fcntl.flock(self._slave, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self._slave, fcntl.LOCK_UN)
        return False

    def unplug(self) -> None:
        """Hang up: who has the terminal open gets an error, and the link is gone."""
        self.close()

    def plug_in(self, *, elsewhere: bool) -> None:
        """Open another terminal, at the same link or at one with a number after its name."""
        link = self._link
        if elsewhere and self._first_link is not None:
            self._moves += 1
            link = self._first_link.with_name(f"{self._first_link.name}-{self._moves + 1}")
        self._open(link)

    def close(self) -> None:
        """Close the terminal and remove the link if it is still ours."""
        if not self._plugged:
            return
        if self._link is not None:
            with suppress(OSError):
                if str(self._link.readlink()) == self._target:
                    self._link.unlink()
        self._close_fds()

    def _close_fds(self) -> None:
        self._plugged = False
        os.close(self._slave)
        os.close(self._master)

    def _make_link(self, link: Path) -> None:
        if link.is_symlink():
            ours = str(link.readlink()) == self._target
            if link.exists() and not ours:
                raise LinkRefusedError(f"{link} already points to {link.readlink()}")
            link.unlink()
        elif link.exists():
            raise LinkRefusedError(f"{link} exists and is not a link")
        link.symlink_to(self._target)
        self.url = str(link)


class TcpLine:
    """A TCP port, of this machine alone unless `host` says otherwise; one client at a time, others
    are turned away."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host = host
        self._client: socket.socket | None = None
        self._plugged = self._news = False
        self._listen(port)

    def _listen(self, port: int) -> None:
        self._server = socket.socket()
        try:
            self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._server.bind((self._host, port))
            self._server.listen(4)
            self._server.setblocking(False)
        except BaseException:
            self._server.close()
            raise
        self._plugged = True
        self._port = self._server.getsockname()[1]
        self.url = f"socket://{self._host}:{self._port}"

    def read_fds(self) -> list[int]:
        """Return the listening socket and the client's."""
        if not self._plugged:
            return []
        fds = [self._server.fileno()]
        return fds if self._client is None else [*fds, self._client.fileno()]

    def write_fds(self) -> list[int]:
        """Return the client's socket."""
        return [] if self._client is None else [self._client.fileno()]

    def read(self, ready: list[int]) -> tuple[bytes, bool]:
        """Return what the client sent; take a new client if there is none."""
        client = self._client
        data, lost = b"", False
        if client is not None and client.fileno() in ready:
            try:
                data = client.recv(CHUNK)
                lost = not data
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                lost = True
            if lost:
                self._drop()
        if self._plugged and self._server.fileno() in ready:
            self._accept()
        return data, lost

    def write(self, data: bytes) -> int:
        """Send what fits; without a client everything is gone, as on an unplugged cable."""
        if self._client is None:
            return len(data)
        try:
            return self._client.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            return len(data)  # the next read notices that the client went away

    def settings(self) -> dict[str, Any] | None:
        """Return None: a socket has no line settings."""
        return None

    def opened(self) -> bool:
        """Return whether a client connected since this was asked last."""
        news, self._news = self._news, False
        return news

    def held(self) -> bool:
        """Return whether a client is connected."""
        return self._client is not None

    def unplug(self) -> None:
        """Drop the client and listen no more."""
        self.close()

    def plug_in(self, *, elsewhere: bool) -> None:
        """Listen again, on the same port or on another free one."""
        self._listen(0 if elsewhere else self._port)

    def close(self) -> None:
        """Close both sockets."""
        self._plugged = False
        self._drop()
        self._server.close()

    def _accept(self) -> None:
        try:
            client, _ = self._server.accept()
        except OSError:  # it went away before it was let in
            return
        if self._client is not None:
            client.close()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client, self._news = client, True

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
