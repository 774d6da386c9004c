"""Somebody else's session, read only, through the supervisor's own socket. STOP still works."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from stimctl.errors import LinkError, NoDeviceError
from stimctl.supervisor.peer import peer_of
from stimctl.tui.model.live import Row
from stimctl.tui.model.measure import measure_of_device
from stimctl.tui.model.no_client import NoClient

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_WITHIN_S = 0.5


class Watcher(NoClient):
    """A client that hears everything and can say one thing: stop."""

    def __init__(self, line: socket.socket, on_row: Callable[[Row], None]) -> None:
        super().__init__("this view only watches; the session belongs to another face")
        self._line = line
        self._on_row = on_row
        self._line.settimeout(None)
        self._line.sendall(b'{"do":"watch"}\n')
        threading.Thread(target=self._read, name="watch", daemon=True).start()

    def send(self, do: str, **fields: object) -> int:
        """`stop` goes to the supervisor. Raises LinkError for everything else."""
        if do != "stop":
            return super().send(do, **fields)
        try:
            self._line.sendall(b'{"do":"stop"}\n')
        except OSError as error:
            raise LinkError("the stop did not reach the supervisor", why=str(error)) from error
        return 0

    def close(self) -> int:
        """Stop watching; the session goes on."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        return 0

    def _read(self) -> None:
        partial = b""
        with contextlib.suppress(OSError, ValueError):
            while data := self._line.recv(65536):
                *lines, partial = (partial + data).split(b"\n")
                for line in lines:
                    self._on_row(json.loads(line))
        self._on_row({"kind": "link", "quality": "lost", "reason": "the session watched has ended"})


def open_watch(desk: Desk, device: str) -> None:
    """Watch the session on `device`, or the only one there is. Raises NoDeviceError."""
    found = _sockets(device)
    path, line = _connected([socket for socket, _ in found])
    desk.bed.device = desk.bed.live.device = dict(found)[path]
    desk.bed.live.sim = desk.bed.device.startswith("sim:")
    desk.bed.live.measure = measure_of_device(desk.bed.device)
    watcher = Watcher(line, desk.hear)
    desk.bed.client = watcher
    desk.bed.stop_line.attach(watcher)
    desk.page = desk.pages["run"]
    desk.say("watching; SPACE stops the session, nothing else reaches it")


def _sockets(device: str) -> list[tuple[str, str]]:
    """Where supervisors may listen, each with the name of its device as far as that is known."""
    from stimctl.supervisor.device_names import parse_device
    from stimctl.supervisor.families import every_family
    from stimctl.supervisor.locks import candidates, socket_addresses
    from stimctl.supervisor.port_names import port_keys
    from stimctl.supervisor.twin import running_twins

    def at(address: str, shown: str) -> list[tuple[str, str]]:
        return [(place, shown) for place in socket_addresses(port_keys(address))]

    name = parse_device(device) if device else None
    if name is not None and name.address:
        return at(name.address, device)
    twins = {
        place: f"sim:{family}"
        for family in every_family()
        for one in running_twins(family)
        for place, _ in at(one, "")
    }
    if name is not None:
        return [(place, twin) for place, twin in twins.items() if twin == device]
    paths = [path for folder in candidates() for path in sorted(folder.glob("*.sock"))]
    others = [(str(path), path.stem) for path in paths if str(path) not in twins]
    return [*twins.items(), *others]


def _connected(paths: list[str]) -> tuple[str, socket.socket]:
    for path in paths:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_WITHIN_S)
        try:
            line.connect(path)
            if peer_of(line)[1] == os.getuid():  # a name without a folder can be anybody's
                return path, line
        except (OSError, ValueError):
            pass
        line.close()
    raise NoDeviceError(
        "there is no session to watch",
        why="no supervisor of this user answers",
        what_to_do="start one (stimctl, or stimctl run), then watch it",
    )
