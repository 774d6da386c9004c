"""Notices that the name a session was started with leads to another device by now, or nowhere.

What is shown by that name is no longer what the session drives: somebody who reads the name, or
stops by it, means the other device. So the session ends: stop, verified zero, a row that says why.
"""

from __future__ import annotations

import threading
import time

from stimctl.codes import Code
from stimctl.errors import ExitCode
from stimctl.supervisor.inbox import Inbox, Leave
from stimctl.supervisor.line import DeviceLine

NAME_MOVED = "the name of the port leads to another device now, or nowhere"
_LOOK_EVERY_S = 0.25


class NameWatch:
    """Looks four times a second, in a thread: a name may lie on a disk that does not answer."""

    def __init__(self, line: DeviceLine, inbox: Inbox) -> None:
        self._line = line
        self._inbox = inbox
        self._moved_before = False

    def start(self) -> None:
        """Look until it has moved."""
        threading.Thread(target=self._run, name="name-watch", daemon=True).start()

    def look(self) -> bool:
        """True once it has moved twice in a row: a device that is being unplugged loses its name
        a moment before its line."""
        moved = self._line.name_has_moved()
        certain = moved and self._moved_before
        self._moved_before = moved
        if certain:
            self._inbox.put(Leave(NAME_MOVED, int(ExitCode.NO_DEVICE), Code.NAME_MOVED))
        return certain

    def _run(self) -> None:
        while not self.look():
            time.sleep(_LOOK_EVERY_S)
