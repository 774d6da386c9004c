"""The thread that reads what the face says; a closed pipe means that the face is gone."""

from __future__ import annotations

import os
import threading

from stimctl.errors import StimctlError, UsageError
from stimctl.session.facts import FaceAlive
from stimctl.supervisor.commands import LONGEST_BYTES, id_of, parse_command
from stimctl.supervisor.inbox import BadLine, Inbox, Item, Leave, StopAsked

_READ_BYTES = 4096
FACE_GONE = "the face is gone"


class FaceInput:
    """Turns lines from a descriptor into inbox items, until the descriptor ends."""

    def __init__(self, fd: int, inbox: Inbox) -> None:
        self._fd = fd
        self._inbox = inbox
        self._partial = b""
        self._skipping = False
        self._thread = threading.Thread(target=self._run, name="face-input", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def _run(self) -> None:
        try:
            while data := self._read():
                self._take(data)
        finally:  # also where this thread fails: nobody would hear the face any more
            self._inbox.put(Leave(FACE_GONE, 0))

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, _READ_BYTES)
        except OSError:
            return b""

    def _take(self, data: bytes) -> None:
        *lines, rest = (self._partial + data).split(b"\n")
        for line in lines:
            if not self._skipping:
                self._inbox.put(item_of(line))
            self._skipping = False
        if len(rest) > LONGEST_BYTES and not self._skipping:
            self._skipping = True
            self._inbox.put(BadLine(UsageError(f"a line of more than {LONGEST_BYTES} bytes")))
        self._partial = b"" if self._skipping else rest


def item_of(line: bytes) -> Item:
    """What one line puts into the inbox."""
    try:
        command = parse_command(line)
    except StimctlError as error:
        return BadLine(error, id_of(line))
    match command.do:
        case "beat":
            return FaceAlive()
        case "stop":
            return StopAsked(command.fields.get("reason", "operator"), command.id)
        case "close":
            return Leave("closed by the face", 0)
    return command
