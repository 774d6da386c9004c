"""Runs a twin in real time on a line: one thread, one select, woken by bytes or its deadline."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .devices import LineSettings
from .line import Line
from .twin import LocalTwin

#: Answers that nobody reads are kept up to here; then the newest are lost, as on a real cable.
OUTPUT_LIMIT = 65_536
#: How often the line settings are looked at while nothing else happens.
SETTINGS_POLL_NS = 250_000_000
#: Where clients ask for parity: the next one may open the line soon after the one before.
PARITY_POLL_NS = 10_000_000
#: Woken so much later than it asked for, the twin itself did not run: its computer was busy.
STOOD_STILL_NS = 20_000_000
#: What tells the process to end: where a signal is missing, nobody sends it.
SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)


#: Not inherited by a child, and on Windows as they are: there a newline would become two bytes.
_BYTES_OF_OURS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class RecordFile:
    """A JSON-lines file that has every row the moment it is made; each row is one write."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BYTES_OF_OURS
        self._fd = os.open(path, flags, 0o644)
        if os.fstat(self._fd).st_size:
            os.close(self._fd)
            raise FileExistsError(f"{path} holds a record already")

    def add(self, row: dict[str, Any]) -> None:
        """Write one row; OSError when the file cannot take it."""
        data = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def say(fd: int, text: str) -> None:
    """Write a line to stdout or stderr if that takes it at once; nobody may hold up the device.

    Windows cannot tell whether it does: there it is written.
    """
    try:
        if sys.platform == "win32" or select.select([], [fd], [], 0)[1]:
            os.write(fd, text.encode() + b"\n")
    except (OSError, ValueError):
        pass  # closed: nobody listens


class Cable(Protocol):
    """What can be wrong with the plug of a twin whose line has faults."""

    @property
    def plugged(self) -> bool:
        """Whether the port is there."""

    @property
    def place(self) -> int:
        """How often it has come back under another name."""

    @property
    def reading(self) -> bool:
        """Whether the device takes bytes."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve: when to exit, and what line is wanted.

    idle_exit_ns: without a byte for so long, and no client that holds the line; None = never.
    A pseudo terminal keeps no parity, so of the settings wanted only the rate can be compared.
    on_open: told the time when a client opens the line, where the line shows that.
    json: what is told on stdout is one JSON object a line.
    """

    idle_exit_ns: int | None = None
    wanted: LineSettings | None = None
    on_open: Callable[[int], None] | None = None
    json: bool = False


class Server:
    """Couples one twin to one line until a signal, the idle limit or a record that fails."""

    def __init__(
        self,
        twin: LocalTwin,
        line: Line,
        options: ServeOptions,
        origin_ns: int,
        cable: Cable | None = None,
    ) -> None:
        """`cable`: the twin itself, where its line can have faults."""
        self._cable = cable
        self._plugged, self._place = True, 0
        self._twin = twin
        self._line = line
        self._options = options
        self._origin_ns = origin_ns
        self._output = bytearray()
        self._settings = line.settings()
        self._heard = False
        self._last_byte_ns = 0
        self._told_ns = 0  # the latest time that the twin knows of

    def run(self, wake: int) -> None:
        """Serve until the descriptor `wake` is readable; leaves no output and a complete record."""
        self._tell("ready", self._line.url)
        try:
            while not self._turn(wake):
                pass
        finally:
            self._twin.power_off(self._now())

    def _tell(self, what: str, url: str = "") -> None:
        """One line on stdout: a word and a place, or the same as JSON."""
        row = {"event": what, **({"url": url} if url else {})}
        say(1, json.dumps(row) if self._options.json else f"{what} {url}".rstrip())

    def _now(self) -> int:
        return time.monotonic_ns() - self._origin_ns

    def _turn(self, wake: int) -> bool:
        """Wait and handle what came; return whether to end."""
        writers = self._line.write_fds() if self._output else []
        due = self._now() + self._wait_ns()
        reading = self._cable is None or self._cable.reading
        readers = self._line.read_fds() if reading else []
        ready, writable, _ = select.select([wake, *readers], writers, [], self._until(due))
        if wake in ready:
            return True
        data, lost = self._line.read(ready)
        now = self._now()
        if self._options.on_open is not None and self._line.opened():
            self._output.clear()
            self._options.on_open(now)
        self._look_at_settings(heard=bool(data))
        if data:
            self._last_byte_ns = now
            self._twin.receive(self._arrival(due, now), data)
        self._twin.advance(now)
        self._told_ns = now
        if lost:
            self._twin.recorder.add({"kind": "log", "at_us": now // 1000, "event": "line closed"})
            self._twin.line_lost()
            self._output.clear()
        self._follow_cable()
        self._send(may_write=bool(writable))
        return self._idle(now)

    def _follow_cable(self) -> None:
        """Unplug and plug in the line as the twin's cable is."""
        cable = self._cable
        if cable is None or cable.plugged == self._plugged:
            return
        self._plugged = cable.plugged
        self._output.clear()
        if not cable.plugged:
            self._line.unplug()
            self._tell("unplugged")
        else:
            self._line.plug_in(elsewhere=cable.place != self._place)
            self._place = cable.place
            self._tell("plugged", self._line.url)

    def _wait_ns(self) -> int:
        """How long until something must be looked at."""
        wanted = self._options.wanted
        parity = wanted is not None and wanted.parity != "N"
        wait_ns = PARITY_POLL_NS if parity else SETTINGS_POLL_NS
        deadline = self._twin.deadline()
        if deadline is not None:
            wait_ns = min(wait_ns, deadline - self._now())
        return max(wait_ns, 0)

    def _until(self, due: int) -> float:
        return max(due - self._now(), 0) / 1e9

    def _arrival(self, due: int, now: int) -> int:
        """When the bytes that are read now are taken to have come.

        A twin that did not run cannot know when they came. A real device would have heard them
        before its timers fired, so they come before what was due: otherwise a busy computer would
        look like a host that was silent. The record says that the twin stood still.
        """
        if now - due <= STOOD_STILL_NS:
            return now
        arrival = max(due - 1_000, self._told_ns)
        row = {"kind": "log", "at_us": arrival // 1000, "event": "twin stood still"}
        self._twin.recorder.add({**row, "stood_us": (now - due) // 1000})
        return arrival

    def _send(self, *, may_write: bool) -> None:
        fresh = self._twin.transmit()
        waiting = bool(self._output)
        self._output += fresh[: OUTPUT_LIMIT - len(self._output)]
        if self._output and (may_write or not waiting):
            del self._output[: self._line.write(bytes(self._output))]

    def _idle(self, now: int) -> bool:
        limit = self._options.idle_exit_ns
        # A device that still stimulates outlives its watchdog first.
        if limit is None or now - self._last_byte_ns < limit or self._twin.stimulating:
            return False
        if self._line.held():  # its client has nothing to say for now; it is not left alone
            self._last_byte_ns = now
            return False
        return True

    def _look_at_settings(self, *, heard: bool) -> None:
        """Record what a client set: when it changes, and once when the first byte comes."""
        settings = self._line.settings()
        first, self._heard = heard and not self._heard, self._heard or heard
        if settings is None or (settings == self._settings and not first):
            return
        self._settings = settings
        at_us = self._now() // 1000
        row = {"kind": "line", "at_us": at_us, **settings}
        wanted, says = self._options.wanted, ""
        if wanted is not None:
            row |= {"wanted": str(wanted), "baud_fits": settings["baud"] == wanted.baud}
            says = f" (the device has {wanted})"
        self._twin.recorder.add(row)
        flow = "RTS/CTS" if settings["rtscts"] else "no flow control"
        say(2, "line: {baud} baud {csize}{parity}{stop_bits}, ".format(**settings) + flow + says)


@contextmanager
def end_signals() -> Iterator[int]:
    """Yield a descriptor that becomes readable when the process is told to end."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    old = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield reader.fileno()
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def complain(text: str) -> None:
    """Say on stderr what went wrong."""
    say(sys.stderr.fileno(), f"firmware_sim: {text}")
