"""The face's side of a session: starts the supervisor, speaks to it, and stands in when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stimctl.codes import Code
from stimctl.errors import LinkError, NoDeviceError, StimctlError, UsageError
from stimctl.session import host_rows, rows
from stimctl.session.events import ANSWER, Event, encode, event_of
from stimctl.session.reasons import Reason
from stimctl.supervisor.child_process import (
    SupervisorProcess,
    refuse_copy,
    refuse_other_process,
)
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.platform_support import need_session
from stimctl.supervisor.priority import prefer_this_thread
from stimctl.supervisor.stop import stop_port
from stimctl.supervisor.wire_errors import decode_error

BEAT_S = 0.1
SILENT_S = 1.0
LONGEST_BYTES = 512
_HELLO_WITHIN_S = 20.0
_ANSWER_WITHIN_S = 10.0
_LEAVE_WITHIN_S = 8.0
_REAP_WITHIN_S = 1.0
_AT_ZERO = frozenset({"disconnected", "identified", "checked", "stopped", "closed"})

Row = Mapping[str, Any]


class SupervisorClient:
    """One session, seen from its face. Safe to use from several threads, but not from a fork.

    `beats`: beat from a thread, as long as `may_beat()`, which the face sets where it can be stuck
    while its threads are not; a face with an event loop calls `beat()` from that loop instead.
    `on_row` is called, in the reading thread, with every row but beats and answers; the same rows
    come out of `rows()`. Rows made up here, because the supervisor could not, have "source":
    "face".
    """

    def __init__(
        self,
        device: str,
        options: Sequence[str] = (),
        *,
        beats: bool = True,
        on_row: Callable[[Row], None] = lambda _row: None,
    ) -> None:
        self.device = device
        self.address = ""
        self._node = ""  # the device its supervisor opened: the name may be led elsewhere
        self.runs_after_host_death_us: int | None = None
        self.state = "disconnected"
        self.exit_code: int | None = None
        self.newest_event = 0
        """The number of the newest event that has come; what raises was decided knowing it."""
        self._options, self._family = list(options), parse_device(device).family
        self._beats = beats
        self.may_beat: Callable[[], bool] = lambda: True
        self._on_row = on_row
        self._rows: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._answers: dict[int, queue.SimpleQueue[Row]] = {}
        self._send_lock = threading.Lock()
        self._last_id = 0
        self._heard = threading.Event()  # hello or fatal
        self._fatal: StimctlError | None = None
        self._last_row_s = time.monotonic()
        self._touched = False  # `connect` was sent: the device may have been told something
        self._stand_in: threading.Thread | None = None
        self._closing = False
        self._process: SupervisorProcess | None = None
        self._abandoned = False
        self._ended = threading.Event()
        self._zero_verified = False

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the supervisor and wait until it has the port.

        Raises what kept it from that: `PortBusyError` with the holder's name, `NoDeviceError`, ...
        Whatever ends this early, Ctrl-C too, leaves no supervisor behind.
        """
        need_session("a session")  # the last door, should a face not have asked before
        self.check_owner()
        if self._process is not None:
            raise LinkError("the session has begun already")
        process = None
        try:
            process = self._process = SupervisorProcess(self.device, self._options)
            threading.Thread(target=self._read, name="supervisor-rows", daemon=True).start()
            self._wait_for_hello(process)
            if self._beats:
                self.beat()  # nothing can be armed before the first one
            threading.Thread(target=self._watch, name="supervisor-watch", daemon=True).start()
        except BaseException:
            if process is not None:  # nothing has been said to the device yet
                process.end(_REAP_WITHIN_S)
            self._closing, self.address = True, ""
            raise

    def _wait_for_hello(self, process: SupervisorProcess) -> None:
        self._heard.wait(_HELLO_WITHIN_S)
        if self._fatal is not None or not self.address:
            raise self._fatal or NoDeviceError("the supervisor does not start", why=process.said())

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._own().pid

    @property
    def is_mine(self) -> bool:
        """False in a fork of the process that has begun this session."""
        return self._process is None or self._process.is_mine

    def check_owner(self) -> None:
        """Raises `StateError` in a fork of the process that has begun this session."""
        if self._process is not None and not self._process.is_mine:
            refuse_other_process(self._process.owner)

    def _own(self) -> SupervisorProcess:
        self.check_owner()
        if self._process is None:
            raise LinkError("the session has not begun")
        return self._process

    def abandon(self) -> None:
        """Nobody holds this session any more: it stops and ends. Waits for nothing, takes no lock,
        so that a finalizer may call it."""
        self._abandoned = True

    def __reduce__(self) -> str:
        refuse_copy("session")

    @property
    def output_may_be_on(self) -> bool:
        """True unless zero is known."""
        return self._touched and not self._zero_verified and self.state not in _AT_ZERO

    def close(self) -> int:
        """Ask for stop, verified zero and the end; returns the exit code (6: not verified)."""
        self.check_owner()
        supervisor = self._process
        if supervisor is None or not self.address:
            return 0  # it never began: nothing was said to any device
        try:
            with contextlib.suppress(StimctlError):
                self.send("close")
        finally:
            self._hang_up()
        try:
            code = supervisor.process.wait(_LEAVE_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._take_over("the supervisor does not end")
            supervisor.process.kill()
            code = supervisor.process.wait()
        self._ended.wait(_LEAVE_WITHIN_S)
        supervisor.forget_empty_log()
        if self.exit_code is None:
            self.exit_code = code if code >= 0 else 0 if self._zero_verified else 6
        return self.exit_code

    def _hang_up(self) -> None:
        with self._send_lock:
            self._closing = True
            if self._process is not None:
                self._process.hang_up()

    # -- speaking ---------------------------------------------------------------------------

    def send(self, do: str, **fields: object) -> int:
        """Send one command and return its id; never waits.

        A raise that does not say since when it was decided was decided now.
        Where the pipe is full or gone the stop path is taken, and `LinkError` raised.
        """
        return self._send(do, fields, None)

    def ask(self, do: str, timeout_s: float = _ANSWER_WITHIN_S, **fields: object) -> Row:
        """Send a command and wait for its answer; raises the supervisor's error or `LinkError`."""
        answers: queue.SimpleQueue[Row] = queue.SimpleQueue()
        number = self._send(do, fields, answers)
        try:
            answer = answers.get(timeout=timeout_s)
        except queue.Empty:
            raise LinkError(
                "the supervisor does not answer", why=f"no reply to {do!r} within {timeout_s:g} s"
            ) from None
        finally:
            self._answers.pop(number, None)
        if not answer.get("ok"):
            raise decode_error(answer.get("error", {}))
        return answer

    def _send(
        self, do: str, fields: Mapping[str, object], answers: queue.SimpleQueue[Row] | None
    ) -> int:
        supervisor = self._own()
        with self._send_lock:
            self._last_id += 1
            number = self._last_id
            if do == "raise":
                fields = {"since": self.newest_event, **fields}
            line = json.dumps({"do": do, "id": number, **fields}).encode() + b"\n"
            if len(line) > LONGEST_BYTES:
                raise UsageError(f"{do!r} is too long", why=f"over {LONGEST_BYTES} bytes")
            if self._closing or self._ended.is_set():
                raise LinkError("the session is over")
            if answers is not None:
                self._answers[number] = answers
            self._touched |= do == "connect"
            written = supervisor.write(line)
        if not written:
            self._take_over("the supervisor takes no commands")
            raise LinkError("the supervisor takes no commands", why=supervisor.said())
        return number

    def beat(self) -> None:
        """Say that the face lives; also where a silent supervisor is noticed."""
        with contextlib.suppress(LinkError):
            self.send("beat")

    def rows(self, timeout_s: float | None = None) -> Iterator[Row]:
        """Rows as they come, until the session has ended or none came for `timeout_s`."""
        self.check_owner()
        while True:
            try:
                row = self._rows.get(timeout=timeout_s)
            except queue.Empty:
                return
            if row is None:
                self._rows.put(None)
                return
            yield row

    # -- listening --------------------------------------------------------------------------

    def _read(self) -> None:
        supervisor = self._own()
        heard, why = False, "the program failed to handle what the supervisor said"
        try:
            self._hear(supervisor)
            heard, why = True, "the supervisor died"
        finally:  # also where a listener failed: nobody would see what the device does
            if self._touched and self.exit_code is None:
                self._take_over(why)
            if not heard:
                self._hang_up()  # or a supervisor that nobody hears would keep the port
            with contextlib.suppress(subprocess.TimeoutExpired):
                supervisor.process.wait(_REAP_WITHIN_S)
            if self._stand_in is not None:
                self._stand_in.join()
            over = {"error": "LinkError", "what": "the session is over"}
            for waiting in list(self._answers.values()):
                waiting.put({"ok": False, "error": over})
            self._heard.set()
            self._ended.set()
            self._rows.put(None)

    def _hear(self, supervisor: SupervisorProcess) -> None:
        assert supervisor.process.stdout is not None
        partial = b""
        with contextlib.suppress(OSError), supervisor.process.stdout as told:
            while data := os.read(told.fileno(), 65536):
                self._last_row_s = time.monotonic()
                *lines, partial = (partial + data).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))

    def _take(self, row: Row) -> None:
        match event_of(row):
            case host_rows.Beat():
                return
            case None if row["kind"] == ANSWER:
                waiting = self._answers.get(row["id"])
                if waiting is not None:
                    waiting.put(row)
                return
            case host_rows.Hello() as hello:
                self.address = hello.address
                self._node = str((hello.line or {}).get("device", ""))
                self.runs_after_host_death_us = hello.runs_after_host_death_us
                self._heard.set()
            case host_rows.Fatal(error):
                self._fatal = decode_error(error)
                self._heard.set()
            case rows.StateEntered(state):
                self.state, self._zero_verified = state, False
            case rows.Stopping():  # whatever was verified before: this zero is still to be seen
                self._zero_verified = False
            case rows.ZeroVerified():
                self._zero_verified = True
            case host_rows.Bye(exit_code, zero_verified):
                self.exit_code, self._zero_verified = exit_code, zero_verified
        self._tell(row)

    def _tell(self, row: Row) -> None:
        self.newest_event = max(self.newest_event, row.get("seq", 0))
        self._rows.put(row)
        self._on_row(row)

    def _watch(self) -> None:
        prefer_this_thread()
        looked_s = time.monotonic()
        while not self._ended.wait(BEAT_S):
            if self._abandoned:
                self._hang_up()
            before_s, looked_s = looked_s, time.monotonic()
            if looked_s - before_s > SILENT_S / 2:
                self._last_row_s = looked_s  # we were the one who stood still
            if self._beats and self.may_beat():
                self.beat()
            if self.output_may_be_on and time.monotonic() - self._last_row_s > SILENT_S:
                self._take_over("the supervisor is silent")

    # -- standing in ------------------------------------------------------------------------

    def _take_over(self, why: str) -> None:
        """Stop the device without the supervisor, in a thread, once."""
        with self._send_lock:
            if not self._touched or self._stand_in is not None:
                return
            stand_in = threading.Thread(
                target=self._stop_it, args=(why,), name="stop-path", daemon=True
            )
            stand_in.start()
            # Only now: whoever sees it waits for its end.
            self._stand_in = stand_in

    def _stop_it(self, why: str) -> None:
        """What is shown is UNKNOWN until zero is verified."""
        self._zero_verified, self.state = False, "unknown"
        gone = Reason(Code.SUPERVISOR_GONE, why)
        self._say(rows.OutputUnknown(gone, "pull the electrode cable, or wait"))
        outcome = stop_port(self.address, self._family, node=self._node)
        while outcome.verdict == "unconfirmed" and not self._closing:
            outcome = stop_port(self.address, self._family, node=self._node)
        self._zero_verified = outcome.verdict == "verified"
        if self._zero_verified:
            self.state = "stopped"
            self._say(rows.ZeroVerified(outcome.elapsed_ms * 1000, "stop"))
        self.exit_code = 1 if self._zero_verified else 6
        self._say(rows.Ended("fault", gone, exit_code=self.exit_code))

    def _say(self, event: Event) -> None:
        """Tell what the stop path does. A listener that fails must not end the stop."""
        head = {"kind": event.kind.value, "mono_ns": time.monotonic_ns(), "source": "face"}
        with contextlib.suppress(BaseException):
            self._tell({**head, **encode(event)})
