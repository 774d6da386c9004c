"""Rows to the face and to watchers, without ever waiting for either."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from stimctl.records.rows import utc_text
from stimctl.session.events import SCHEMA

# At one telemetry row a second and a beat every 200 ms, this is half a minute of a face that does
# not read.
_MOST_DROPPABLE = 200


def row_of(kind: str, wall_ns: int, mono_ns: int, data: Mapping[str, Any]) -> bytes:
    """One row for a face: a line of JSON with schema, UTC time, monotonic time and kind."""
    head = {"schema": SCHEMA, "t": utc_text(wall_ns), "mono_ns": mono_ns, "kind": kind}
    return json.dumps({**head, **data}, separators=(",", ":")).encode() + b"\n"


class FaceOutput:
    """Writes rows to a descriptor from a thread of its own.

    Telemetry is dropped when the reader is slow; state changes wait, in memory, for as long as they
    must.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._rows: deque[tuple[bytes, bool]] = deque()
        self._droppable = 0
        self._changed = threading.Condition()
        self._ended = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="face-output", daemon=True)
        self._thread.start()

    def put(self, row: bytes, *, droppable: bool) -> None:
        """Queue a row; a droppable one is dropped where too many of its kind wait."""
        with self._changed:
            if droppable and self._droppable >= _MOST_DROPPABLE:
                self.dropped += 1
                return
            self._droppable += droppable
            self._rows.append((row, droppable))
            self._changed.notify()

    def finish(self, timeout_s: float) -> None:
        """Write what waits, for at most `timeout_s`, then give up."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._rows and not self._ended:
                    self._changed.wait()
                if not self._rows:
                    return
                row, droppable = self._rows.popleft()
                self._droppable -= droppable
            try:
                while row:
                    row = row[os.write(self._fd, row) :]
            except OSError:
                return  # the program has ended; its closed stdin says so to the inbox
