"""Hands markers to an output from a thread of its own: whoever hears the events never waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from stimctl.markers.marker import Marker, marker_of

MOST_WAITING: Final = 1_000
"""More than a minute of single pulses; an output that is so far behind is broken."""
_END_WITHIN_S = 1.0


class Outlet(Protocol):
    """Where markers go. Tests hand in their own."""

    def put(self, marker: Marker) -> None:
        """Give one marker out; it may take its time."""

    def close(self) -> None:
        """Let go of it."""


class MarkerReader:
    """One output. A marker that it cannot take in time is lost and counted, never waited for."""

    def __init__(self, name: str, outlet: Outlet, *, most_waiting: int = MOST_WAITING) -> None:
        self.name = name
        self.lost = 0
        self.failed = ""
        """Why the output takes no more."""
        self._outlet = outlet
        self._waiting: queue.Queue[Marker | None] = queue.Queue(most_waiting)
        self._thread = threading.Thread(target=self._run, name="markers", daemon=True)
        self._thread.start()

    def put(self, marker: Marker) -> None:
        """Queue one marker; returns at once."""
        try:
            self._waiting.put_nowait(marker)
        except queue.Full:
            self.lost += 1

    def close(self) -> None:
        """Give out what waits, for at most a second, and let go of the output."""
        try:
            self._waiting.put(None, timeout=_END_WITHIN_S)
        except queue.Full:
            self.failed = self.failed or "it has stood still"
            return
        self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        try:
            while (marker := self._waiting.get()) is not None:
                if self.failed:
                    self.lost += 1
                    continue
                try:
                    self._outlet.put(marker)
                except Exception as error:  # noqa: BLE001 - a function of a program is one, too
                    self.failed, self.lost = str(error) or repr(error), self.lost + 1
        finally:
            self._outlet.close()


class MarkerReaders:
    """All outputs of one session. `take` is called with every row, in the reading thread."""

    def __init__(self, readers: Sequence[MarkerReader]) -> None:
        self._readers = tuple(readers)

    def take(self, row: Mapping[str, Any]) -> None:
        """Hand the marker of a row to every output, where it has one; waits for none."""
        if not self._readers:
            return
        marker = marker_of(row)
        if marker is not None:
            for reader in self._readers:
                reader.put(marker)

    def close(self) -> list[str]:
        """Let go of all; what went wrong with them, in words."""
        for reader in self._readers:
            reader.close()
        return [
            f"{one.name}: {one.lost} markers are lost{f': {one.failed}' if one.failed else ''}"
            for one in self._readers
            if one.lost or one.failed
        ]


class Called:
    """A function of a program as an output."""

    def __init__(self, call: Callable[[Marker], object]) -> None:
        self._call = call

    def put(self, marker: Marker) -> None:
        self._call(marker)

    def close(self) -> None:
        pass
