"""Captures what passes a port, both ways, into a file, beside the session and never in its way.

Whoever reads or writes the port appends to a list in memory and goes on. A thread of its own makes
the lines and writes them, four times a second. What cannot be written is given up and told once.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from stimctl.devices.family import DeviceFamily
from stimctl.errors import CaptureError
from stimctl.records.captures import (
    SUFFIX,
    CaptureHeader,
    CapturePacker,
    CaptureRow,
    Kind,
    Line,
)
from stimctl.records.storage import FileSystem, LocalFileSystem
from stimctl.supervisor.inbox import BadLine, Inbox
from stimctl.supervisor.port_types import Port
from stimctl.version import __version__

#: A file for the capture of each session that is started, or a folder for one file each.
CAPTURE_VARIABLE = "STIMCTL_CAPTURE"
_WRITE_EVERY_S = 0.25
_END_WITHIN_S = 1.0
#: Rows that wait for a disk: half a minute of a link at 3 Mbaud, some 10 MB.
_MOST_WAITING = 100_000
# When, what, the bytes, serial number, firmware: a tuple, because whoever notes it has no time.
_Noted = tuple[int, Kind, bytes, str, str]


class LinkCapture:
    """One capture file that is being written. `failed` is told once, from the writing thread."""

    def __init__(
        self,
        path: Path,
        family: DeviceFamily,
        *,
        origin: str,
        failed: Callable[[CaptureError], object] = lambda _error: None,
        files: FileSystem | None = None,
    ) -> None:
        """Make the file: a new one. CaptureError where that is not possible."""
        self.path = path
        self.failure = ""
        self._family, self._origin, self._failed = family, origin, failed
        self._files = files or LocalFileSystem()
        self._waiting: deque[_Noted] = deque()
        self._missed = 0
        self._packer: CapturePacker | None = None
        self._began_ns = time.monotonic_ns()
        self._started = _utc(time.time())
        self._line = Line()
        try:
            self._descriptor = self._files.create(path)
        except OSError as error:
            raise _not_begun(path, error) from error
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link-capture", daemon=True)
        self._thread.start()

    def opener(self, open_port: Callable[[], Port]) -> Callable[[], Port]:
        """The same way to open a port, but what passes it is captured."""

        def opened() -> Port:
            port = open_port()
            self._line = _line_of(port.describe())
            self.note(Kind.OPENED)
            return CapturedPort(port, self)

        return opened

    def note(self, kind: Kind, data: bytes = b"", at_ns: int | None = None) -> None:
        """Take a row; never waits. `at_ns`: on the monotonic clock, now where it is not given."""
        self._take((time.monotonic_ns() if at_ns is None else at_ns, kind, data, "", ""))

    def identified(self, serial_number: str, firmware: str) -> None:
        """The device has told what it is."""
        self._take((time.monotonic_ns(), Kind.IDENTIFIED, b"", serial_number, firmware))

    def _take(self, noted: _Noted) -> None:
        if self.failure:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._missed += 1
        else:
            self._waiting.append(noted)

    def close(self) -> None:
        """Write what waits and the end, within a second; a disk that does not answer is left.

        Where no port was opened, no file is left.
        """
        self._over.set()
        self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        try:
            while not self._over.wait(_WRITE_EVERY_S):
                self._write(self._lines())
            self._write_end()
        except OSError as error:
            self._give_up(os.strerror(error.errno) if error.errno else str(error))
        finally:
            self._close_file()

    def _write_end(self) -> None:
        last = self._lines()
        if self._packer is None:
            self.path.unlink(missing_ok=True)
            return
        self._write(last + self._packer.end())
        self._files.sync(self._descriptor)

    def _lines(self) -> bytes:
        """The lines of all that waits, behind the header where it was not written yet."""
        lines = b""
        if self._packer is None:
            if not self._waiting:
                return b""  # how the port is set is known once it is open
            self._packer = CapturePacker(self._header())
            lines = self._packer.header()
        rows = []
        while self._waiting:
            at_ns, kind, data, serial_number, firmware = self._waiting.popleft()
            row = CaptureRow(at_ns - self._began_ns, kind, data, 0, serial_number, firmware)
            rows.append(row)
        missed, self._missed = self._missed, 0
        if missed:
            rows.append(CaptureRow(time.monotonic_ns() - self._began_ns, Kind.GAP, rows=missed))
        return lines + b"".join(map(self._packer.row, rows))

    def _header(self) -> CaptureHeader:
        return CaptureHeader(
            family=self._family.name,
            origin=self._origin,
            started=self._started,
            stimctl=__version__,
            os=f"{platform.system()} {platform.release()}",
            line=self._line,
            dtr_resets=self._family.resets_by_dtr,
        )

    def _write(self, data: bytes) -> None:
        while data:
            data = data[self._files.write(self._descriptor, data) :]

    def _give_up(self, why: str) -> None:
        self.failure = why
        self._waiting.clear()
        self._failed(
            CaptureError(
                f"the capture {self.path.name} ends here",
                why=why,
                what_to_do="The session goes on without it. Free or mend the disk before the next",
            )
        )

    def _close_file(self) -> None:
        try:
            self._files.close(self._descriptor)
        except OSError as error:
            self.failure = self.failure or str(error)


class CapturedPort:
    """A port that tells a capture what passes it, and does everything else as the port itself."""

    def __init__(self, port: Port, capture: LinkCapture) -> None:
        self._port, self._capture = port, capture
        self._is_open = True
        self.is_hardware, self.far_end = port.is_hardware, port.far_end
        self.identity, self.keys = port.identity, port.keys
        # What has nothing to do with bytes goes there directly.
        self.listens_at, self.name_has_moved = port.listens_at, port.name_has_moved
        self.check, self.describe = port.check, port.describe

    def read(self, timeout_s: float) -> bytes:
        """As `Port.read`."""
        data = self._port.read(timeout_s)
        if data:
            self._capture.note(Kind.RECEIVED, data)
        return data

    def write(self, data: bytes) -> int:
        """As `Port.write`."""
        at_ns = time.monotonic_ns()  # before: an answer must not be older than its request
        taken = self._port.write(data)
        if taken:
            self._capture.note(Kind.SENT, data[:taken], at_ns)
        return taken

    def discard_output(self) -> None:
        """As `Port.discard_output`."""
        self._port.discard_output()
        self._capture.note(Kind.DISCARDED)

    def pulse_dtr(self) -> None:
        """As `Port.pulse_dtr`."""
        at_ns = time.monotonic_ns()
        self._port.pulse_dtr()
        self._capture.note(Kind.RESET, at_ns=at_ns)

    def abort(self) -> None:
        """As `Port.abort`."""
        if self._is_open:
            self._is_open = False
            self._capture.note(Kind.CLOSED)
        self._port.abort()


def link_capture_of(asked: str, family: DeviceFamily, inbox: Inbox) -> LinkCapture | None:
    """The capture that a session was asked for, by option or by variable; None = no capture.

    A failure while it runs becomes an error event of the session, which goes on.
    """
    place = asked or os.environ.get(CAPTURE_VARIABLE, "")
    if not place:
        return None
    path = capture_place(place, family.name)
    return LinkCapture(
        path, family, origin="session", failed=lambda error: inbox.put(BadLine(error))
    )


def capture_place(text: str, family: str) -> Path:
    """The file of a capture: `text` itself, or in the folder of that name a new file."""
    place = Path(text)
    if not place.is_dir():
        return place
    stamp = _utc(time.time()).replace("-", "").replace(":", "")
    first = place / f"{family}-{stamp}{SUFFIX}"
    others = (place / f"{family}-{stamp}-{number}{SUFFIX}" for number in range(2, 100))
    return next((path for path in (first, *others) if not path.exists()), first)


def _line_of(told: Mapping[str, object]) -> Line:
    """How the port was set; no address, because a path can hold a person's name."""
    baud, parity, stop_bits = told.get("baud"), told.get("parity"), told.get("stop_bits")
    return Line(
        baud if isinstance(baud, int) else 0,
        parity if isinstance(parity, str) else "",
        stop_bits if isinstance(stop_bits, int) else 0,
        bool(told.get("rtscts")),
    )


def _utc(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _not_begun(path: Path, error: OSError) -> CaptureError:
    if isinstance(error, FileExistsError):
        return CaptureError(
            f"{path} exists already",
            why="a capture is a new file",
            what_to_do="Give another name, or a folder: then each session gets a file of its own",
        )
    return CaptureError(
        f"{path} cannot be written",
        why=error.strerror or str(error),
        what_to_do="Give a file in a folder that can be written",
    )
