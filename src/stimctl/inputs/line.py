"""A control line of a second serial adapter as an input: the reader of stop faces, asked faster.

A raised line is on. A state is said again and again, or it would grow stale; an event is a rise,
once the line was low for a while, and heartbeats say that the adapter is still there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stimctl.inputs.bindings import Binding
from stimctl.inputs.threaded import Said, ThreadedReader
from stimctl.supervisor.stop_face_events import Sign
from stimctl.supervisor.stop_face_names import LINE, StopFaceName

if TYPE_CHECKING:
    from stimctl.supervisor.stop_face_readers import Reader

ROLE = "input"
POLL_S = 0.002
"""What K15 counts for a line (`LINE_SOURCE_US`)."""
AGAIN_NS = 10_000_000
BEAT_NS = 100_000_000
QUIET_NS = 20_000_000
"""A rise within this time after the line fell is the bouncing of a contact (D)."""


class LineSamples:
    """What the signs of a line say, as samples of one input."""

    def __init__(
        self, binding: Binding, reader: Reader, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """`clock`: in ns; tests hand in their own, and a reader of lines."""
        self._binding, self._reader, self._clock = binding, reader, clock
        self._on = False
        self._number = 0
        self._fell_ns = clock() - QUIET_NS
        self._due_ns = clock()

    def poll(self) -> Sequence[Said]:
        """What has come since. StimctlError where the line is lost."""
        signs = self._reader.read(POLL_S)
        now_ns = self._clock()
        if self._binding.kind == "event":
            return [*self._events(now_ns, signs), *self._beats(now_ns)]
        return self._states(now_ns, signs)

    def _states(self, now_ns: int, signs: Sequence[Sign]) -> list[Said]:
        found = []
        for sign in signs:
            self._on = sign is not Sign.UP
            found.append(self._said(value=int(self._on)))
        if not found and now_ns >= self._due_ns:
            found.append(self._said(value=int(self._on)))
        if found:
            self._due_ns = now_ns + AGAIN_NS
        return found

    def _events(self, now_ns: int, signs: Sequence[Sign]) -> list[Said]:
        found = []
        for sign in signs:
            if sign is Sign.UP:
                self._fell_ns = now_ns
            elif sign is Sign.DOWN and now_ns - self._fell_ns >= QUIET_NS:
                found.append(self._said())
        return found

    def _beats(self, now_ns: int) -> list[Said]:
        if now_ns < self._due_ns:
            return []
        self._due_ns = now_ns + BEAT_NS
        return [self._said(beat=True)]

    def _said(self, **more: object) -> Said:
        self._number += 1
        return {"input": self._binding.name, "seq": self._number, "source": "line", **more}


def open_line(binding: Binding) -> ThreadedReader:
    """StimctlError where the port is not there, is another program's, or has no such lines."""
    from stimctl.supervisor.stop_face_readers import LineReader  # not on every system

    name = StopFaceName(LINE, binding.path, binding.signal, normally_open=True, role=ROLE)
    reader = LineReader(name, "", POLL_S)
    return ThreadedReader(LineSamples(binding, reader).poll, reader.close)
