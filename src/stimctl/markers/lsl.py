"""An LSL outlet: one text a marker, stamped with the moment of the event, not of its arrival.

The clock of LSL on one computer is its monotonic clock, in seconds. Whether it is the one that the
rows count in is looked at when the outlet is opened; the difference is added to each stamp.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

from stimctl.errors import UsageError
from stimctl.markers.marker import Marker

_LOOKS = 5


class LslOutlet:
    """A stream of type "Markers" with one text channel."""

    def __init__(self, stream: str, source: str) -> None:
        """`source`: what tells this stream from another of its name; a recorder finds it again."""
        self._lsl = _loaded()
        info = self._lsl.StreamInfo(
            stream, "Markers", 1, self._lsl.IRREGULAR_RATE, self._lsl.cf_string, source
        )
        self._outlet: Any = self._lsl.StreamOutlet(info)
        self._ahead_s = _ahead_s(self._lsl.local_clock)

    def put(self, marker: Marker) -> None:
        self._outlet.push_sample([marker.text], marker.at_ns / 1e9 + self._ahead_s)

    def close(self) -> None:
        self._outlet = None  # the library takes it down with its last reference


def _loaded() -> Any:
    try:
        return importlib.import_module("pylsl")
    except (ImportError, RuntimeError, OSError) as error:  # it raises these without its library
        raise UsageError(
            "no marker output over LSL",
            why=f"pylsl cannot be loaded: {error}",
            what_to_do="pip install 'stimctl[lsl]'",
        ) from error


def _ahead_s(clock: Any) -> float:
    """How far the clock of LSL is ahead of that of the rows: of several looks the quickest."""
    looks = []
    for _ in range(_LOOKS):
        before_ns = time.monotonic_ns()
        there_s = clock()
        after_ns = time.monotonic_ns()
        looks.append((after_ns - before_ns, there_s - (before_ns + after_ns) / 2e9))
    return float(min(looks)[1])
