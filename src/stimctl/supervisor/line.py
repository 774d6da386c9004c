"""The open line of a supervisor: its reader thread, unsent bytes, loss and return."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stimctl.devices.driver import Frame
from stimctl.errors import StimctlError
from stimctl.supervisor.inbox import Arrived, Inbox, LineLost
from stimctl.supervisor.port import Port

_READ_S = 0.05
_CROWDED_S = 0.005
_CHECK_EVERY_NS = 5_000_000_000  # SAFETY K4
_REOPEN_EVERY_NS = 500_000_000


@dataclass(slots=True)
class _Unsent:
    data: bytes
    expires_ns: int | None
    begun: bool = False


class DeviceLine:
    """Sends frames without waiting, reads in a thread, and knows when the line is lost.

    What does not fit into the system's buffer stays here, where a stop can still discard it.
    """

    def __init__(self, port: Port, opener: Callable[[], Port], inbox: Inbox) -> None:
        self._opener = opener
        self._inbox = inbox
        self._unsent: deque[_Unsent] = deque()
        self._opened = 0
        self._port: Port | None = None
        self._next_check_ns = 0
        self._next_reopen_ns = 0
        self._identity = port.identity
        self._on_open: Callable[[Port], None] = lambda _port: None
        self._on_drop: Callable[[Port], None] = lambda _port: None
        self.identified: Callable[[str, str], None] = lambda _serial, _firmware: None
        """Told the device's serial number and firmware, whenever it has answered with them."""
        self._use(port)

    @property
    def is_up(self) -> bool:
        """True while the port is open."""
        return self._port is not None

    @property
    def is_hardware(self) -> bool:
        """True unless software may be at the other end."""
        return self._port is None or self._port.is_hardware

    @property
    def far_end(self) -> tuple[str, ...]:
        """How to find who is at the other end of a line that software may be behind."""
        return () if self._port is None else self._port.far_end

    @property
    def identity(self) -> str:
        """What the system tells of what is plugged in there, or ""."""
        return "" if self._port is None else self._port.identity

    @property
    def has_unsent(self) -> bool:
        """True while bytes wait for the device to read; call `flush` every few milliseconds."""
        return bool(self._unsent)

    def describe(self) -> Mapping[str, object]:
        """How the line was opened; empty while it is lost."""
        return {} if self._port is None else self._port.describe()

    def whenever_opened(self, tell: Callable[[Port], None]) -> None:
        """Call `tell` with the open port, now and whenever it has come back."""
        self._on_open = tell
        if self._port is not None:
            tell(self._port)

    def whenever_dropped(self, tell: Callable[[Port], None]) -> None:
        """Call `tell` with the port that was let go, each time."""
        self._on_drop = tell

    def name_has_moved(self) -> bool:
        """True where the open device is still there and its name leads elsewhere, or nowhere."""
        port = self._port
        return port is not None and port.name_has_moved()

    def is_current(self, link: int) -> bool:
        """True if `link` names the present opening of the port."""
        return self._port is not None and link == self._opened

    def send(self, frames: Sequence[Frame]) -> None:
        """Send frames in order; an urgent one discards all that has not left before it."""
        for frame in frames:
            if frame.urgent:
                self._unsent.clear()
                if self._port is not None:
                    self._port.discard_output()
            if frame.resets:
                if self._port is not None:
                    self._port.pulse_dtr()
                continue
            self._unsent.append(_Unsent(frame.data, frame.expires_ns))
        self.flush()

    def flush(self) -> None:
        """Write what the system takes now; a raise that has waited too long is thrown away."""
        while self._unsent and self._port is not None:
            frame = self._unsent[0]
            stale = frame.expires_ns is not None and time.monotonic_ns() > frame.expires_ns
            if stale and not frame.begun:
                self._unsent.popleft()
                continue
            try:
                taken = self._port.write(frame.data)
            except StimctlError as error:
                self._unsent.clear()
                self._inbox.put(LineLost(self._opened, str(error)))
                return
            frame.begun |= taken > 0
            frame.data = frame.data[taken:]
            if frame.data:
                return
            self._unsent.popleft()

    def check(self, now_ns: int) -> None:
        """Every 5 s: is the lock still ours, and the port still the one we opened?"""
        if self._port is None or now_ns < self._next_check_ns:
            return
        self._next_check_ns = now_ns + _CHECK_EVERY_NS
        try:
            self._port.check()
        except StimctlError as error:
            self._inbox.put(LineLost(self._opened, str(error)))

    def drop(self) -> None:
        """Let go of the port."""
        port, self._port = self._port, None
        self._unsent.clear()
        if port is not None:
            port.abort()
            self._on_drop(port)

    def reopen(self, now_ns: int) -> bool:
        """Try, at most twice a second, to open a lost port again; True when it has come back.

        Only the same USB device counts: another one under the same name (or a pty whose number
        was given away) would answer "zero" for one that may still be on.
        """
        if self._port is not None or not self._identity or now_ns < self._next_reopen_ns:
            return False
        self._next_reopen_ns = now_ns + _REOPEN_EVERY_NS
        try:
            port = self._opener()
        except (StimctlError, OSError):
            return False
        if port.identity != self._identity:
            port.abort()
            return False
        self._use(port)
        return True

    def _use(self, port: Port) -> None:
        self._port = port
        self._opened += 1
        reader = threading.Thread(
            target=self._read, args=(port, self._opened), name="port-reader", daemon=True
        )
        reader.start()
        self._on_open(port)

    def _read(self, port: Port, link: int) -> None:
        reason = "the thread that reads it failed"
        try:
            # Dropped is dropped, whatever a port may still have to say.
            while self.is_current(link):
                data = port.read(_READ_S)
                # A line that floods waits in the system's buffer, or this process would grow.
                while self._inbox.crowded and self.is_current(link):
                    time.sleep(_CROWDED_S)
                if data:
                    self._inbox.put(Arrived(link, data))
            reason = "the port was let go"
        except StimctlError as error:
            reason = str(error)
        finally:
            self._inbox.put(LineLost(link, reason))
