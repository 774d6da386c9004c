"""The places where a twin can be reached: a TCP port on this machine, or a pseudo terminal.

The pseudo terminal is in `pty_line`: not every system has one.
"""

from __future__ import annotations

import socket
from typing import Any, Protocol

CHUNK = 65_536

#: On Windows SO_REUSEADDR would let another program take the port of a running twin.
_OWN_PORT = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)


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
            self._server.setsockopt(socket.SOL_SOCKET, _OWN_PORT, 1)
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
