"""The record of a twin with a wiretap as a capture: whatever client it was that spoke to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stimctl.devices.family import family_row
from stimctl.records.captures import Capture, CaptureHeader, CaptureRow, Kind, Line
from stimctl.version import __version__

_US = 1_000


def capture_of_record(
    rows: Iterable[Mapping[str, Any]], family: str, *, origin: str, started: str = "", os: str = ""
) -> Capture:
    """A capture of the bytes in a record, with the times at which they were at the device.

    `rows`: as a twin that was made with `wiretap=True` (`--wiretap`) records them. `started`, `os`:
    for the header, "" where it does not matter.
    """
    rows = list(rows)
    resets = family_row(family).resets_by_dtr
    told = list(_rows(rows, resets))
    header = CaptureHeader(
        family=family,
        origin=origin,
        started=started,
        stimctl=__version__,
        os=os,
        line=_line_of(rows),
    )
    return Capture(header, tuple(sorted(told, key=lambda row: row.t_ns)))


def _rows(rows: Iterable[Mapping[str, Any]], resets: bool) -> Iterator[CaptureRow]:
    yield CaptureRow(0, Kind.OPENED)
    is_open = True
    for row in rows:
        at_ns = int(row.get("at_us", 0)) * _US
        match row["kind"], row.get("event"):
            case ("rx" | "tx") as kind, _:
                if not is_open:
                    yield CaptureRow(at_ns, Kind.OPENED)
                    is_open = True
                sent = Kind.SENT if kind == "rx" else Kind.RECEIVED
                yield CaptureRow(at_ns, sent, bytes.fromhex(row["hex"]))
            case "log", "reset" if resets:  # by its line: opening it, or a pulse on it
                yield CaptureRow(at_ns, Kind.RESET)
            case "log", "line closed":
                yield CaptureRow(at_ns, Kind.CLOSED)
                is_open = False


def _line_of(rows: Iterable[Mapping[str, Any]]) -> Line:
    for row in rows:
        if row["kind"] == "line":
            return Line(row["baud"], row["parity"], row["stop_bits"], row["rtscts"])
    return Line()
