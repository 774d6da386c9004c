"""The thread that reads what the face says; a closed pipe or a dead face means that it is gone."""

from __future__ import annotations

import json
import os
import select
import threading

from stimctl.codes import Code
from stimctl.errors import StimctlError, UsageError
from stimctl.session.facts import FaceAlive, InputSample
from stimctl.supervisor.child_process import LONGEST_OPTIONS_BYTES
from stimctl.supervisor.commands import LONGEST_BYTES, id_of, parse_command
from stimctl.supervisor.inbox import BadLine, Inbox, Item, Leave, StopAsked

_READ_BYTES = 4096
_LOOK_EVERY_S = 0.05
FACE_GONE = "the program has ended"


class FaceProcess:
    """The process that has started this one. Its pipe alone does not tell its death: a child that
    it has forked may hold the other end open for as long as it lives."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.watched: list[int] = []
        """A descriptor that becomes readable when it ends, where the system has such."""
        try:
            self.watched = [os.pidfd_open(pid)]
        except (AttributeError, OSError):
            self.watched = []

    def is_gone(self) -> bool:
        """Whether it has ended: whose parent ends gets another one."""
        return os.getppid() != self._pid


class FaceInput:
    """Turns lines from a descriptor into inbox items, until the descriptor or the face ends."""

    def __init__(self, fd: int, inbox: Inbox, face: FaceProcess | None = None) -> None:
        self._fd = fd
        self._inbox = inbox
        self._face = face
        self._partial = b""
        self._skipping = False
        self._thread = threading.Thread(target=self._run, name="face-input", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def waits(self) -> bool:
        """Whether the face has said something that is not read yet."""
        return bool(select.select([self._fd], [], [], 0)[0])

    def options(self) -> list[str]:
        """The first line, before `start`: the options of this process. None where the face ends."""
        heard = b""
        while b"\n" not in heard:
            data = self._read()
            heard += data
            if not data or len(heard) > LONGEST_OPTIONS_BYTES:
                return []
        line, _, self._partial = heard.partition(b"\n")
        return [str(option) for option in json.loads(line)]

    def _run(self) -> None:
        try:
            self._take(b"")  # what came together with the options
            while data := self._read():
                self._take(data)
        finally:  # also where this thread fails: nobody would hear the face any more
            self._inbox.put(Leave(FACE_GONE, 0, Code.FACE_GONE))

    def _read(self) -> bytes:
        """What the face says next; nothing where it is gone."""
        face = self._face
        watched = [] if face is None else face.watched
        wait_s = _LOOK_EVERY_S if face is not None and not watched else None
        while True:
            ready, _, _ = select.select([self._fd, *watched], [], [], wait_s)
            if face is not None and face.is_gone():
                return b""
            if self._fd in ready:
                break
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
            return Leave("the program was closed", 0, Code.FACE_CLOSED)
        case "sample":
            fields = command.fields
            value, beat = fields.get("value"), fields.get("beat", False)
            key = fields.get("key", False)  # it was pressed at this face: no heartbeat is needed
            source = "key" if key else "api"
            return InputSample(
                fields["input"], fields["seq"], value, beat=beat, keyed=key, source=source
            )
    return command
