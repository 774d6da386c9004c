"""The supervisor's second door: a Unix socket that takes `stop` and `watch`, nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import threading
from pathlib import Path

from stimctl.supervisor.inbox import Inbox, StopAsked

_MOST_CLIENTS = 16
_LONGEST_BYTES = 512
# What somebody who asked for a stop is told; a watcher is told everything.
_OF_A_STOP = frozenset({"stop_received", "stopping", "zero_verified", "unknown"})


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

    So a supervisor whose loop is stuck gives no answer, and the stop path takes its port.
    """

    def __init__(self, path: Path, inbox: Inbox) -> None:
        self._path = path
        self._inbox = inbox
        self._clients: dict[int, _Client] = {}
        self._lock = threading.Lock()
        path.unlink(missing_ok=True)  # left by a process that is gone: we hold the port's lock
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._server.bind(os.fspath(path))
        finally:
            os.umask(mask)
        self._server.listen(_MOST_CLIENTS)
        self._server.setblocking(False)
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="control-socket", daemon=True)
        self._thread.start()

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
        self._server.close()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select(timeout=0.1):
                if key.fileobj is self._server:
                    self._accept()
                else:
                    self._hear(key.data)

    def _accept(self) -> None:
        try:
            line, _ = self._server.accept()
        except OSError:
            return
        if len(self._clients) >= _MOST_CLIENTS:
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
                self._inbox.put(StopAsked("control socket"))
            case "watch":
                client.wants_all = True
            case _:
                with self._lock:
                    self._send(client, b'{"kind":"refused","reason":"only stop and watch"}\n')

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
