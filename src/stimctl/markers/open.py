"""Opens the outputs that a session names, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from stimctl.markers.marker import Marker
from stimctl.markers.names import LSL, MarkerName, parse_marker
from stimctl.markers.reader import Called, MarkerReader, MarkerReaders, Outlet

MarkerOutput: TypeAlias = str | Callable[[Marker], object]
"""A name, or a function of a program, which is called from a thread of its own."""


def open_markers(outputs: Sequence[MarkerOutput], device: str) -> MarkerReaders:
    """`device`: the address of the stimulator, "" for a twin.

    Raises `UsageError`, `NoDeviceError` or `PortBusyError` with nothing left open.
    """
    names = [one if callable(one) else parse_marker(one) for one in outputs]
    readers: list[MarkerReader] = []
    try:
        for name in dict.fromkeys(names):
            shown = str(name) if isinstance(name, MarkerName) else "a function of the program"
            readers.append(MarkerReader(shown, _opened(name, device)))
    except BaseException:
        for reader in readers:
            reader.close()
        raise
    return MarkerReaders(readers)


def _opened(name: MarkerName | Callable[[Marker], object], device: str) -> Outlet:
    if not isinstance(name, MarkerName):
        return Called(name)
    if name.kind == LSL:
        from stimctl.markers.lsl import LslOutlet

        return LslOutlet(name.where, f"stimctl {device}")
    from stimctl.markers.line import LineOutlet, SerialLine

    return LineOutlet(SerialLine(name, device))
