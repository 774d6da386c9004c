"""The capture of a serial link, `stimctl.capture/1`: its rows, their lines, and the way back.

A capture holds the bytes of one link in both directions with their times, what is known of the
device, and nothing of a person or a session. docs/reference/captures.md documents it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stimctl.errors import CaptureError

SCHEMA: Final = "stimctl.capture/1"
SUFFIX: Final = ".capture.jsonl"
#: A row holds what one read or write took; a file with longer lines is no capture.
LONGEST_LINE: Final = 1 << 20
_HEADER, _END = "header", "end"


class Kind(StrEnum):
    """What a row between header and end tells."""

    SENT = "sent"
    """Bytes from host to device: the port took them."""
    RECEIVED = "received"
    """Bytes from device to host: the port gave them."""
    IDENTIFIED = "identified"
    """The device has told its serial number and firmware version; "" where it tells none."""
    OPENED = "opened"
    """The port was opened, at the beginning or after it was lost."""
    CLOSED = "closed"
    """The port was let go, or lost."""
    RESET = "reset"
    """The host pulsed the line (DTR) that restarts some devices."""
    DISCARDED = "discarded"
    """The host had the system throw away what had not left yet: the end of what was sent before may
    not have reached the device."""
    GAP = "gap"
    """Rows are missing here, because the file could not be written fast enough."""


_DIRECTIONS: Final = (Kind.SENT, Kind.RECEIVED)


@dataclass(frozen=True, slots=True)
class Line:
    """How the serial port was set; zeros where it was no serial port, or is not known."""

    baud: int = 0
    parity: str = ""
    stop_bits: int = 0
    rtscts: bool = False


@dataclass(frozen=True, slots=True)
class CaptureHeader:
    """What is known before the first byte.

    `family`: the device family by its name in stimctl. `os`: operating system and release.
    `started`: wall time, UTC. `origin`: how the capture was made. `dtr_resets`: opening the port
    restarts the device.
    """

    family: str
    origin: str
    started: str
    stimctl: str
    os: str
    line: Line = Line()
    dtr_resets: bool = False


@dataclass(frozen=True, slots=True)
class CaptureRow:
    """Something at a time, in ns of a monotonic clock since the start of the capture.

    `data`: what was sent or received. `rows`: how many are missing in a gap.
    """

    t_ns: int
    kind: Kind
    data: bytes = b""
    rows: int = 0
    serial_number: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture as read; `rows` in the order of their times. `whole`: its end row was there."""

    header: CaptureHeader
    rows: tuple[CaptureRow, ...]
    whole: bool = True

    @property
    def end_ns(self) -> int:
        """The time of the last row."""
        return self.rows[-1].t_ns if self.rows else 0

    @property
    def device(self) -> tuple[str, str]:
        """Serial number and firmware version as last told; "" where not known."""
        told = [(row.serial_number, row.firmware) for row in self.of(Kind.IDENTIFIED)]
        return told[-1] if told else ("", "")

    def of(self, kind: Kind) -> Iterator[CaptureRow]:
        """The rows of one kind."""
        return (row for row in self.rows if row.kind is kind)


class CapturePacker:
    """Makes the lines of a capture, header first, end last, and counts and digests them."""

    def __init__(self, header: CaptureHeader) -> None:
        self._header = header
        self._digest = hashlib.sha256()
        self._rows = 0
        self._bytes = dict.fromkeys(_DIRECTIONS, 0)

    def header(self) -> bytes:
        """The first line."""
        told = {"kind": _HEADER, "schema": SCHEMA, **asdict(self._header)}
        return self._counted(_line(told))

    def row(self, row: CaptureRow) -> bytes:
        """The line of one row."""
        told: dict[str, Any] = {"kind": row.kind.value, "t_ns": row.t_ns}
        if row.kind in self._bytes:
            told["hex"] = row.data.hex()
            self._bytes[row.kind] += len(row.data)
        elif row.kind is Kind.GAP:
            told["rows"] = row.rows
        elif row.kind is Kind.IDENTIFIED:
            told |= {"serial_number": row.serial_number, "firmware": row.firmware}
        self._rows += 1
        return self._counted(_line(told))

    def end(self) -> bytes:
        """The last line: by it a file that was cut or changed is noticed."""
        return _line(_end(self._rows, self._bytes, self._digest.hexdigest()))

    def _counted(self, line: bytes) -> bytes:
        self._digest.update(line)
        return line


def pack_capture(header: CaptureHeader, rows: Iterable[CaptureRow]) -> bytes:
    """A whole capture as the bytes of its file."""
    packer = CapturePacker(header)
    return b"".join([packer.header(), *map(packer.row, rows), packer.end()])


def read_capture(path: Path, *, cut_ok: bool = False) -> Capture:
    """Read a capture file; see `unpack_capture`. CaptureError names the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CaptureError(
            f"{path} cannot be read", why=error.strerror or str(error), what_to_do="Check the path"
        ) from error
    try:
        return unpack_capture(data, cut_ok=cut_ok)
    except CaptureError as error:
        raise CaptureError(
            f"{path}: {error.what}", why=error.why, what_to_do=error.what_to_do
        ) from error


def unpack_capture(data: bytes, *, cut_ok: bool = False) -> Capture:
    """A capture from the bytes of its file.

    Without its end row, or with one that does not fit, it is refused; with `cut_ok` what is there
    before the cut is read. Rows of two threads can stand in the file a moment out of order: they
    are sorted by time. Raises CaptureError.
    """
    *lines, tail = data.split(b"\n")
    if not lines or len(max(lines, key=len)) > LONGEST_LINE:
        raise _no_capture("it has no whole line of a reasonable length")
    first = _value(lines[0], 1)
    if first.pop("kind", None) != _HEADER or first.pop("schema", None) != SCHEMA:
        raise _no_capture(f"its first line is no header of {SCHEMA}")
    header = _header_from(first)
    whole = not tail and lines[-1].startswith(b'{"kind":"end"')
    if not whole and not cut_ok:
        raise CaptureError(
            "the capture has no end",
            why="the file was cut, or the program that wrote it was killed",
            what_to_do="Capture it again, or allow a cut file (--cut-ok)",
        )
    told = (
        _row_from(_value(line, number), number)
        for number, line in enumerate(lines[1 : len(lines) - whole], start=2)
    )
    rows = [row for row in told if row is not None]
    if whole:
        _check_end(lines, rows)
    return Capture(header, tuple(sorted(rows, key=lambda row: row.t_ns)), whole)


def _check_end(lines: list[bytes], rows: list[CaptureRow]) -> None:
    sizes = {kind: sum(len(row.data) for row in rows if row.kind is kind) for kind in _DIRECTIONS}
    end = _value(lines[-1], len(lines))
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines[:-1])).hexdigest()
    if not _end(len(lines) - 2, sizes, digest).items() <= end.items():
        raise CaptureError(
            "the capture is not as it was written",
            why="its end row does not fit the rows before it",
            what_to_do="Use the file as it was written",
        )


def _end(rows: int, sizes: Mapping[Kind, int], digest: str) -> dict[str, Any]:
    return {
        "kind": _END,
        "rows": rows,
        "sent_bytes": sizes[Kind.SENT],
        "received_bytes": sizes[Kind.RECEIVED],
        "sha256": digest,
    }


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"


def _value(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _no_capture(f"line {number} is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise _no_capture(f"line {number} is no JSON object")
    return value


def _header_from(told: Mapping[str, Any]) -> CaptureHeader:
    line = told.get("line")
    if not isinstance(line, dict):
        raise _no_capture("its header does not say how the port was set")
    try:
        header = CaptureHeader(**_known(told, CaptureHeader) | {"line": Line(**_known(line, Line))})
    except TypeError as error:
        raise _no_capture(f"its header lacks a field ({error})") from error
    _check_types(header, 1)
    _check_types(header.line, 1)
    return header


def _row_from(told: Mapping[str, Any], number: int) -> CaptureRow | None:
    """The row; None for one of a kind that is not known here."""
    try:
        if told["kind"] not in list(Kind):
            return None
        data = bytes.fromhex(told.get("hex", ""))
        changed = {"kind": Kind(told["kind"]), "data": data}
        row = CaptureRow(**_known(told, CaptureRow) | changed)
    except (KeyError, TypeError, ValueError) as error:
        raise _no_capture(f"line {number} is no row ({error})") from error
    _check_types(row, number)
    if row.t_ns < 0:
        raise _no_capture(f"line {number} is before the start")
    return row


def _known(told: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """What is a field of that kind; later programs may write more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in told.items() if name in names}


_TYPES = {"str": str, "int": int, "bool": bool, "bytes": bytes, "Kind": Kind, "Line": Line}


def _check_types(part: CaptureHeader | CaptureRow | Line, number: int) -> None:
    for field in fields(part):
        kind = _TYPES[str(field.type)]
        if type(getattr(part, field.name)) is not kind:
            raise _no_capture(f"{field.name!r} in line {number} is no {kind.__name__}")


def _no_capture(why: str) -> CaptureError:
    return CaptureError("this is no capture", why=why, what_to_do="`stimctl capture` makes one")
