"""Drives one session through the supervisor, from the first connection to verified zero."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stimctl.cli.bound_inputs import BoundInputs
from stimctl.cli.outcome import NOT_COMPLETED, NOT_STARTED, Outcome, judge
from stimctl.cli.output import is_terminal, say
from stimctl.cli.signals import StopSignals
from stimctl.codes import Code
from stimctl.errors import (
    ExitCode,
    IntegrityError,
    LinkError,
    NoDeviceError,
    NotReadyError,
    StateError,
    StimctlError,
)
from stimctl.keyboard import is_ours
from stimctl.quantity import format_area, format_duration, format_permille
from stimctl.session.events import Event, event_of
from stimctl.session.host_rows import JournalOpened, LineKind, Presence
from stimctl.session.rows import (
    AlarmRaised,
    ConnectFailed,
    Ended,
    OutputUnknown,
    StateEntered,
    Stopping,
    Telemetry,
    ZeroVerified,
)

if TYPE_CHECKING:
    from stimctl.cli.planning import Prepared
    from stimctl.inputs.bindings import Binding
    from stimctl.supervisor.client import SupervisorClient
    from stimctl.treatment.program import CurrentPlan

Row = Mapping[str, Any]
_POLL_S = 0.1
# Connect, identify, first zero, and the watchdog test (P24: 2 s) together stay far below this.
_STEP_WITHIN_S = 20.0
# A stop that is not verified by then is left to the supervisor's closing attempt (5 s).
_ZERO_WITHIN_S = 3.0
# A terminal under Ctrl-S, or a pager that waits, takes no more: what is shown stands still (H21).
_SHOWN_WITHIN_S = 0.3
_OVER = frozenset({"stopped", "closed", "fault"})
# A press of a stop face closes both gaps; it is waited for that long.
_PRESSED = frozenset({"stop-face", "presence"})
_PRESS_WITHIN_S = 120.0


class LiveSession:
    """One run. `show` gets every row; all of them are also in the journal."""

    def __init__(
        self,
        prepared: Prepared,
        plan: CurrentPlan,
        *,
        person: str,
        show: Callable[[Row], None],
        notes: Mapping[str, str] | None = None,
        prepare: Sequence[Mapping[str, Any]] = (),
        operator: str = "",
        stop_faces: Sequence[str] = (),
        inputs: tuple[Binding, ...] = (),
        on_row: Callable[[Row], None] = lambda _row: None,
    ) -> None:
        self._prepared = prepared
        self._plan = plan
        self._person = person
        self._notes = notes or {}
        self._prepare = prepare
        self._operator = operator
        self._stop_faces = tuple(stop_faces)
        self._inputs = BoundInputs(inputs)
        self._on_row = on_row
        self._other_stop = False
        self.simulation: bool | None = True if prepared.is_simulation else None
        """Whether a twin is on the line; None before the supervisor has told."""
        self._presence: Presence | None = None
        self._shown = show
        self._outcome = Outcome()
        self._client: SupervisorClient | None = None
        self._stop_reason: str | None = None
        self._deaf = False
        self._showing_s: float | None = None
        self._skip = threading.Event()

    def run(self) -> Outcome:
        """Run to the end. Whatever happens, the device is stopped before this returns or raises."""
        from stimctl.cli.watched import need_somebody
        from stimctl.supervisor.client import SupervisorClient

        between = None if self._prepared.is_simulation else need_somebody()
        with StopSignals(self._on_stop, self._skip.set) as signals:
            device, options = str(self._prepared.device), self._options()
            client = self._client = SupervisorClient(device, options, on_row=self._on_row)
            client.may_beat = self._is_shown
            code: int | None = None
            try:
                client.start()
                if between is not None:
                    between.begin(self._on_stop)
                self._session(client)
            finally:
                code = self._close(client)
                self._inputs.close()
            if self._stop_reason and self._outcome.word in (NOT_STARTED, NOT_COMPLETED):
                self._outcome.word, self._outcome.reason = "stopped", self._stop_reason
            self._outcome.exit_code = int(judge(self._outcome, code, signals.exit_code))
        return self._outcome

    # -- before -----------------------------------------------------------------------------

    def _options(self) -> list[str]:
        from stimctl.supervisor.stop_face_names import stop_face_options

        options = ["--face-name", "run", "--scripted-raise"]
        options += stop_face_options(self._stop_faces)
        if self._person:
            options += ["--person", self._person]
        if self._operator:
            options += ["--operator", self._operator]
        unsure = self._prepared.is_simulation or self._prepared.is_open
        if unsure and not _has_keyboard():
            # Nobody could answer, and nobody is at the electrodes of a twin. A device that turns
            # out to be none is not armed so.
            options.append("--no-attendance-prompt")
        return options

    def _session(self, client: SupervisorClient) -> None:
        self._set_up(client)
        if self._stop_reason is not None:
            return  # nothing has been said to the device: there is no zero to wait for
        for do, state in (("connect", "checked"), ("arm", "armed"), ("start", "running")):
            if self._stop_reason is None and not self._is_over(client):
                self._go(client, do, state)
                if do == "connect":
                    self._inputs.start(client)
                    self._put_notes(client)
                    self._wait_for_press(client)
                    self._wait_for_person(client)
        if is_terminal(sys.stdin) and self.simulation:  # else the supervisor asks there itself
            threading.Thread(target=_attend, args=(client,), name="keys", daemon=True).start()
        self._follow(client)

    def _set_up(self, client: SupervisorClient) -> None:
        prepared = self._prepared
        client.ask("load", path=str(prepared.text.path.resolve()), sha256=prepared.text.sha256)
        for layer, file in prepared.limit_files:
            client.ask("limits", layer=layer, path=str(file.path.resolve()), sha256=file.sha256)
        for setup in prepared.setups:
            fields: dict[str, Any] = {
                "channel": setup.channel,
                "level": str(setup.most),
                "area": format_area(setup.electrode.area_mm2),
            }
            if setup.electrode.site is not None:
                fields["site"] = setup.electrode.site
            if setup.electrode.contact_permille != 1000:
                fields["contact"] = format_permille(setup.electrode.contact_permille)
            client.ask("channel", **fields)
        options: dict[str, Any] = {"profile": prepared.profile}
        if prepared.duration_us is not None:
            options["duration"] = format_duration(prepared.duration_us)
        if prepared.acknowledged:
            options["acknowledge"] = " ".join(sorted(prepared.acknowledged))
        client.ask("options", **options)
        for said in self._prepare:
            client.ask("prepare", **said)
        told = client.ask("compile")
        if told["digest"] != self._plan.digest():
            raise IntegrityError(
                "the supervisor has compiled another plan than the one that was shown",
                why="a file or the environment has changed in between",
                what_to_do="Check it again (stimctl check), then start over",
            )

    # -- during -----------------------------------------------------------------------------

    def _go(self, client: SupervisorClient, do: str, state: str) -> None:
        """Give one command and wait for the state it leads to."""
        client.ask(do)
        until = time.monotonic() + _STEP_WITHIN_S
        while self._stop_reason is None and client.state != state:
            self._take_rows(client)
            if client.state in ("fault", "unknown", "closed"):
                return
            if client.exit_code is not None:
                raise LinkError("the session ended before it began", what_to_do="Try again")
            if time.monotonic() > until:
                raise StateError(
                    f"the device did not reach the state {state!r}",
                    code=Code.STEP_TIMED_OUT,
                    why=f"it is {client.state!r} {_STEP_WITHIN_S:.0f} s after {do!r}",
                    what_to_do="Look at the journal: stimctl sessions show last",
                )

    def _put_notes(self, client: SupervisorClient) -> None:
        """What the journal has to know besides what the session itself says."""
        for topic, text in self._notes.items():
            client.ask("note", topic=topic, text=text)

    def _is_over(self, client: SupervisorClient) -> bool:
        """A press that tests a stop face stops the device; nothing is over by that."""
        pressed = self._stop_faces and not self._other_stop and client.state == "stopped"
        return client.state in _OVER and not pressed

    def _wait_for_press(self, client: SupervisorClient) -> None:
        """Until each stop face was pressed and let go, and zero verified. Raises NotReadyError."""
        until, told = time.monotonic() + _PRESS_WITHIN_S, ""
        while self._stop_faces and self._stop_reason is None and client.exit_code is None:
            self._take_rows(client)
            if self._is_over(client):
                return
            try:
                client.ask("ready")
            except NotReadyError as error:
                if set(error.needs) - _PRESSED or time.monotonic() > until:
                    raise
                if "stop-face" not in error.needs:
                    return
                line = f"{error.what}: {error.what_to_do}"
                if line != told:
                    told = line
                    say(line)
            else:
                return

    def _wait_for_person(self, client: SupervisorClient) -> None:
        """On hardware: until whoever sits here has typed what the supervisor shows on this
        terminal. Raises StateError where nobody does."""
        if self.simulation or self._stop_reason is not None or client.state in _OVER:
            return
        self._missing_first(client)
        asked = client.ask("present")
        until = time.monotonic() + float(asked.get("within_s", 0)) + _STEP_WITHIN_S
        while asked["needed"] and self._presence is None and self._stop_reason is None:
            self._take_rows(client)
            if client.exit_code is not None or time.monotonic() > until:
                break
        if self._presence is not None and not self._presence.given:
            raise StateError(
                "nobody at the machine has answered",
                code=Code.NOBODY_PRESENT,
                why=self._presence.why,
                what_to_do="Run it again, and type what is shown",
            )

    @staticmethod
    def _missing_first(client: SupervisorClient) -> None:
        """Say what else is missing before anybody is asked to type something."""
        try:
            client.ask("ready")
        except NotReadyError as error:
            if set(error.needs) - {"presence"}:
                raise

    def _follow(self, client: SupervisorClient) -> None:
        """Until the run is over and zero is verified, or cannot be."""
        give_up: float | None = None
        while client.exit_code is None and not self._skip.is_set():
            if self._stop_reason is not None and self._outcome.word == NOT_STARTED:
                return  # no output to see the end of; closing verifies zero all the same
            self._take_rows(client)
            self._inputs.go_on(client)
            if self._inputs.lost and self._stop_reason is None:
                self._on_stop(self._inputs.lost)
            if client.state in _OVER and self._outcome.zero_verified:
                return  # `ended` says so too, but only where a run had begun
            if self._stop_reason is not None or client.state == "unknown":
                give_up = give_up or time.monotonic() + _ZERO_WITHIN_S
                if time.monotonic() > give_up:
                    return

    def _take_rows(self, client: SupervisorClient) -> None:
        for row in client.rows(_POLL_S):
            event = self._note(row)
            self._inputs.take(row)
            self._show(row)
            if isinstance(event, StateEntered | ZeroVerified | Ended | OutputUnknown):
                return  # who waits for one of these looks now

    def _note(self, row: Row) -> Event | None:
        outcome = self._outcome
        outcome.delivered.take(row["kind"], row)
        event = event_of(row)
        match event:
            case LineKind(simulation):
                self.simulation = simulation
            case Presence() as presence:
                self._presence = presence
            case Stopping(reason, "stop"):
                self._other_stop |= reason.code != Code.STOP_FACE_PRESSED
            case JournalOpened(session, file):
                outcome.journal, outcome.session = file, session
            case Telemetry(plan_time_us):
                outcome.plan_time_us = plan_time_us
            case StateEntered("running"):
                outcome.word, outcome.zero_verified = NOT_COMPLETED, False
            case StateEntered("fault", why=why):
                outcome.because(why)
            case OutputUnknown(reason):
                outcome.zero_verified = False
                outcome.because(reason)
            case ZeroVerified(after_us):
                outcome.zero_verified, outcome.zero_after_us = True, after_us
            case Ended(word, reason, plan_time_us):
                outcome.word, outcome.reason, outcome.code = word, reason.text, reason.code
                if plan_time_us is not None:
                    outcome.plan_time_us = plan_time_us
            case AlarmRaised(what, priority):
                outcome.alarms.append(f"{priority}: {what}")
            case ConnectFailed(reason):
                raise NoDeviceError(
                    f"no connection to {self._prepared.device}",
                    why=reason.text,
                    what_to_do="Check that the device is on and connected; see stimctl doctor",
                )
        return event

    # -- the end ----------------------------------------------------------------------------

    def _on_stop(self, reason: str) -> None:
        """From the signal thread too: the command goes out first, then words follow."""
        self._stop_reason = reason
        client = self._client
        if client is not None:
            with contextlib.suppress(StimctlError):
                client.send("stop", reason=reason)
        self._show({"kind": "stopping", "reason": f"{reason} (Ctrl-C again skips the wait)"})

    def _show(self, row: Row) -> None:
        """Nobody sees what this session does any more: then it must not go on."""
        if self._deaf:
            return
        self._showing_s = time.monotonic()
        try:
            self._shown(row)
        except (OSError, ValueError):
            self._deaf = True
            self._on_stop("nobody reads the output")
        finally:
            self._showing_s = None

    def _is_shown(self) -> bool:
        """Whether what is shown gets through; else this face does not beat, and is stopped for."""
        since_s = self._showing_s
        return since_s is None or time.monotonic() - since_s <= _SHOWN_WITHIN_S

    def _close(self, client: SupervisorClient) -> int | None:
        if self._skip.is_set():
            # The supervisor goes on by itself: a face that is gone makes it stop and verify.
            return int(ExitCode.DONE) if self._outcome.zero_verified else None
        code = client.close()
        for row in client.rows(_POLL_S):
            with contextlib.suppress(NoDeviceError):
                self._note(row)
            self._show(row)
        return code


def _has_keyboard() -> bool:
    try:
        return is_terminal(sys.stdin) and is_ours(sys.stdin.fileno())
    except (OSError, ValueError):  # none, or none with a descriptor
        return False


def _attend(client: SupervisorClient) -> None:
    """Every Enter says that somebody is there. Read in the foreground only: elsewhere a key is not
    meant for us, and the read would put the program to sleep."""
    pause = threading.Event()
    with contextlib.suppress(OSError, ValueError, StimctlError):
        fd = sys.stdin.fileno()
        while client.exit_code is None:
            ready, _, _ = select.select([fd], [], [], _POLL_S)
            if not is_ours(fd):
                pause.wait(_POLL_S)
            elif ready:
                data = os.read(fd, 4096)
                if not data:
                    return
                for _line in range(data.count(b"\n")):
                    client.send("attend")
