"""The supervisor's second door: a Unix socket that takes `stop` and `watch`, nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from stimctl.codes import Code
from stimctl.errors import NoDeviceError
from stimctl.session.row_base import Kind
from stimctl.supervisor.inbox import Inbox, StopAsked
from stimctl.supervisor.peer import is_trusted

_MOST_CLIENTS = 16
_ONLY = f'{{"kind":"refused","reason":"only stop and watch","code":"{Code.WATCH_ONLY}"}}\n'.encode()
_LONGEST_BYTES = 512
# What somebody who asked for a stop is told; a watcher is told everything.
_OF_A_STOP = frozenset({Kind.STOP_RECEIVED, Kind.STOPPING, Kind.ZERO_VERIFIED, Kind.UNKNOWN})


class _Client:
    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.heard = b""
        self.wants_stop = False
        self.wants_all = False

    def wants(self, kind: str) -> bool:
        return self.wants_all or (self.wants_stop and kind in _OF_A_STOP)


class ControlSocket:
    """Listens at `path` (mode 0600). A stop goes to the inbox; the main loop answers.

    So a supervisor whose loop is stuck gives no answer, and the stop path takes its port. `others`
    are abstract names, for a stop that cannot reach the folder of `path`; one socket is enough.
    `about`, where it is set, tells a stop which session this is.
    """

    def __init__(self, path: Path, inbox: Inbox, others: Iterable[str] = ()) -> None:
        self._path = path
        self._inbox = inbox
        self.about: Callable[[], Mapping[str, Any]] | None = None
        self._addresses: dict[str, socket.socket] = {}
        self._clients: dict[int, _Client] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._selector = selectors.DefaultSelector()
        with contextlib.suppress(OSError):
            path.unlink()  # left by a process that is gone: we hold the port's lock
        refused = [self._listen(address) for address in (os.fspath(path), *others)]
        if not self._addresses:
            raise NoDeviceError(
                "no other program could stop this session",
                why=f"the socket {path} cannot be made: {refused[0]}",
                what_to_do="set XDG_RUNTIME_DIR to a folder of yours with room",
            )
        self._thread = threading.Thread(target=self._run, name="control-socket", daemon=True)
        self._thread.start()

    def listen_at(self, addresses: Iterable[str]) -> None:
        """Listen at these too, as far as they can be had."""
        for address in addresses:
            self._listen(address)

    def leave(self, addresses: Iterable[str]) -> None:
        """Listen there no more: another session may need the name."""
        for address in addresses:
            server = self._addresses.pop(address, None)
            if server is not None:
                self._selector.unregister(server)
                server.close()

    def _listen(self, address: str) -> str:
        """Listen there too; what was in the way, or ""."""
        if address in self._addresses:
            return ""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            server.bind(address)
            server.listen(_MOST_CLIENTS)
        except OSError as error:
            server.close()
            return error.strerror or str(error)
        finally:
            os.umask(mask)
        server.setblocking(False)
        self._addresses[address] = server
        self._selector.register(server, selectors.EVENT_READ)
        return ""

    def publish(self, kind: str, row: bytes) -> None:
        """Hand a row to whoever wants it; who does not read fast enough is dropped. Never waits."""
        with self._lock:
            for client in list(self._clients.values()):
                if client.wants(kind):
                    self._send(client, row)

    def close(self) -> None:
        """Stop listening and let everybody go."""
        self._closing = True
        self._thread.join(1.0)
        with self._lock:
            for client in list(self._clients.values()):
                self._drop(client)
        for server in self._addresses.values():
            server.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select(timeout=0.1):
                if key.data is None:
                    self._accept(key.fileobj)
                else:
                    self._hear(key.data)

    def _accept(self, server: Any) -> None:
        try:
            line, _ = server.accept()
        except OSError:
            return
        if len(self._clients) >= _MOST_CLIENTS or not is_trusted(line):
            line.close()
            return
        line.setblocking(False)
        client = _Client(line)
        with self._lock:
            self._clients[line.fileno()] = client
        self._selector.register(line, selectors.EVENT_READ, client)

    def _hear(self, client: _Client) -> None:
        try:
            data = client.line.recv(_LONGEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.heard += data
        *lines, client.heard = client.heard.split(b"\n")
        if not data or len(client.heard) > _LONGEST_BYTES:
            with self._lock:
                self._drop(client)
        for line in lines:
            self._obey(client, line)

    def _obey(self, client: _Client, line: bytes) -> None:
        match _wish(line):
            case "stop":
                client.wants_stop = True
                self._introduce(client)
                self._inbox.put(StopAsked("control socket", code=Code.STOP_PATH))
            case "watch":
                client.wants_all = True
            case _:
                with self._lock:
                    self._send(client, _ONLY)

    def _introduce(self, client: _Client) -> None:
        if self.about is not None and not client.wants_all:
            row = json.dumps({"kind": "session", **self.about()}).encode() + b"\n"
            with self._lock:
                self._send(client, row)

    def _send(self, client: _Client, row: bytes) -> None:
        try:
            sent = client.line.send(row)
        except OSError:
            sent = 0
        if sent < len(row):  # a row cut in two would be no row
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        if self._clients.pop(client.line.fileno(), None) is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(client.line)
            client.line.close()


def _wish(line: bytes) -> object:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said.get("do") if isinstance(said, dict) else None
