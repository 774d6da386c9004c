"""The supervisor's main loop: one inbox in, frames, journal rows and events out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from stimctl.codes import Code
from stimctl.errors import ExitCode, StateError, StimctlError
from stimctl.session import facts, host_rows, intents
from stimctl.session.checking import check_chosen
from stimctl.session.config import FACE_SILENT_NS
from stimctl.session.engine import Engine
from stimctl.session.events import ANSWER, Event, Kind, SessionEvent, encode
from stimctl.session.pulses import pulse_of
from stimctl.supervisor.arming import Arming
from stimctl.supervisor.commands import Command, intent_of
from stimctl.supervisor.control_socket import ControlSocket
from stimctl.supervisor.families import Family
from stimctl.supervisor.host_monitor import host_monitor_of
from stimctl.supervisor.inbox import Arrived, BadLine, Inbox, Item, Leave, LineLost, StopAsked
from stimctl.supervisor.journal_thread import Entry, JournalThread, open_journal
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.options import Options
from stimctl.supervisor.output import FaceOutput, row_of
from stimctl.supervisor.presence import Asked
from stimctl.supervisor.previous_session import unclean_last_session
from stimctl.supervisor.replies import REFUSALS, compiled_of, refusal_of, told_readings
from stimctl.supervisor.setup import TAKES_PLANS, SessionSetup, check_may_prepare
from stimctl.supervisor.stop_face_state import FaceSign
from stimctl.supervisor.stop_faces import StopFaces, no_stop_faces
from stimctl.supervisor.wire_errors import encode_error
from stimctl.treatment.program import AnyPlan, input_names

_BEAT_EVERY_NS = 200_000_000
_UNSENT_RETRY_S = 0.005
# Past the longest watchdog of a device we drive (P24: 2 s), with room for repeated stops.
_VERIFY_WITHIN_NS = 5_000_000_000
_WITHOUT_LINE_NS = 1_000_000_000  # UNKNOWN has been told by then, and nothing can be sent
_LAST_WORDS_S = 0.5
_JOURNAL_END_S = 3.0
# What one turn takes in at most: a flood must not keep the engine from its deadlines.
_MOST_AT_ONCE = 64
_LONGEST_TURN_NS = 20_000_000
_OVERSLEPT_NS = 50_000_000
_CATCH_UP_S = 0.02
_LATE_BEAT_NS = 120_000_000  # a beat comes every 100 ms
_SHORTEST_WAIT_S = 0.0002  # a deadline that has passed must not become a busy loop
_PREPARES = frozenset({"load", "limits", "channel", "options", "compile"})


class Supervisor:
    """Owns the engine of one session. All methods run in the main thread."""

    def __init__(
        self,
        options: Options,
        family: Family,
        line: DeviceLine,
        inbox: Inbox,
        output: FaceOutput,
        control: ControlSocket,
        face_speaks: Callable[[], bool] = lambda: False,
        stop_faces: StopFaces | None = None,
    ) -> None:
        self._options = options
        self._line = line
        self._inbox = inbox
        self._output = output
        self._control = control
        self._engine = Engine(family.new_driver(), family.sheet, options.config)
        self._setup = SessionSetup(family.sheet)
        self._stop_faces = stop_faces or no_stop_faces()
        self._arming = Arming(
            options, family, line, inbox, lambda: self._engine, self._setup, self._record,
            self._stop_faces,
        )  # fmt: skip
        self._plan: AnyPlan | None = None
        self._plan_waits = False
        self._journal: JournalThread | None = None
        self._around = host_monitor_of(options)
        self._zero_verified = True  # nothing has been sent yet
        self._refused: StimctlError | None = None  # by the engine, while a command is obeyed
        self._face_speaks = face_speaks
        self._face_ns: int | None = None  # when it was heard last
        self._overslept = False
        self._next_beat_ns = 0
        self._leaving: Leave | None = None
        self._leave_by_ns = 0

    def run(self) -> int:
        """Serve until it is time to leave; the exit code says whether zero was verified."""
        self._arming.watch_stop_faces(self._stop)
        while self._leaving is None or not self._may_go(time.monotonic_ns()):
            item = self._wait()
            now = time.monotonic_ns()
            self._look_around(now)
            # All that has come is heard before anybody is judged silent: a supervisor that did not
            # run for a while would else take what waited for it for what was missing.
            handled = 0
            while item is not None:
                self._handle(now, item)
                self._pump()
                handled += 1
                late = handled >= _MOST_AT_ONCE or time.monotonic_ns() - now > _LONGEST_TURN_NS
                item = None if late else self._inbox.get(0)
            self._hear_late_beat()
            self._engine.advance(now)
            self._pump()
        return self._end(self._leaving)

    def _wait(self) -> Item | None:
        """What comes next, or None when something is due.

        Woken much later than asked for, this process did not run, and neither did the threads that
        read for it: they get a moment to bring what waits on the line and in the pipe.
        """
        patience_s = self._patience_s()
        due_ns = time.monotonic_ns() + int(patience_s * 1e9)
        item = self._inbox.get(patience_s)
        self._overslept = time.monotonic_ns() - due_ns > _OVERSLEPT_NS
        if item is None and self._overslept:
            item = self._inbox.get(_CATCH_UP_S)
        return item

    def _hear_late_beat(self) -> None:
        """A face is judged silent by what it did, not by when this process got round to hearing it.

        Where its time is over, what waits in its pipe is heard first. And where this process did
        not run for a while, the face may not have run either: it gets the time of one beat.
        """
        began = now = time.monotonic_ns()
        while (
            self._face_ns is not None
            and now - self._face_ns > FACE_SILENT_NS
            and now - began < _LATE_BEAT_NS
            and (self._overslept or self._face_speaks())
        ):
            item = self._inbox.get(_SHORTEST_WAIT_S)
            now = time.monotonic_ns()
            if item is not None:
                self._handle(now, item)
                self._pump()

    def say(self, event: Event, *, droppable: bool = False) -> None:
        """Tell face and watchers something that is not the engine's."""
        self._say(event.kind, encode(event), droppable=droppable)

    def _say(self, kind: str, data: Mapping[str, Any], *, droppable: bool = False) -> None:
        row = row_of(kind, time.time_ns(), time.monotonic_ns(), data)
        self._output.put(row, droppable=droppable)
        self._control.publish(kind, row)

    def _patience_s(self) -> float:
        due = self._next_beat_ns
        deadline = self._engine.deadline()
        if deadline is not None:
            due = min(due, deadline)
        patience = max((due - time.monotonic_ns()) / 1e9, _SHORTEST_WAIT_S)
        return min(patience, _UNSENT_RETRY_S) if self._line.has_unsent else patience

    def _look_around(self, now: int) -> None:
        for fact in self._around.facts(now):
            self._engine.notify(now, fact)
        self._stop_faces.look(now, stopping=self._engine.stopping)
        self._line.flush()
        self._line.check(now)
        if not self._line.is_up and self._line.reopen(now):
            self._engine.notify(now, facts.LinkUp())
        if now >= self._next_beat_ns:
            self._next_beat_ns = now + _BEAT_EVERY_NS
            kind = self._arming.hardware.kind
            simulation = None if kind is None else kind.simulation
            self.say(host_rows.Beat(self._engine.state.value, simulation), droppable=True)

    def _pump(self) -> None:
        while True:  # publishing an event can make the engine go on (a waiting plan)
            self._line.send(self._engine.transmit())
            events = self._engine.events()
            if not events:
                return
            for event in events:
                self._publish(event)

    def _publish(self, event: SessionEvent) -> None:
        told = self._arming.told_with(event)
        row = row_of(event.kind.value, time.time_ns(), event.at_ns, {"seq": event.seq, **told})
        self._output.put(row, droppable=event.kind is Kind.TELEMETRY)
        self._control.publish(event.kind.value, row)
        if self._journal is not None:
            data = {"event": event.seq, "at_ns": event.at_ns, **told}
            self._journal.put(Entry(event.kind.value, data, event.seq, event.durable))
        if event.kind is Kind.STATE:
            self._around.session_is(self._engine.state)
            self._load_waiting_plan()
        elif event.kind is Kind.ZERO_VERIFIED:
            self._zero_verified = True
        elif event.kind in REFUSALS:
            self._refused = refusal_of(event)
        self._arming.took_place(time.monotonic_ns(), event)

    def _handle(self, now: int, item: Item) -> None:
        match item:
            case Arrived(link, data):
                if self._line.is_current(link):
                    self._engine.receive(now, data)
            case FaceSign():
                self._stop_faces.heard(item)
            case StopAsked(reason, None) if self._journal is None:
                # Nothing was said to the device yet, so nothing is known of it: whoever asks
                # gets the port and stops it.
                self._leave(now, Leave(reason, int(ExitCode.REFUSED), item.code))
            case StopAsked():
                self._stop(now, item)
            case Leave():
                self._leave(now, item)
            case LineLost(link, reason):
                if self._line.is_current(link):
                    self._line.drop()
                    self._engine.notify(now, facts.LinkDown(reason))
            case BadLine(error, None):
                self.say(host_rows.ErrorReported(encode_error(error)), droppable=True)
            case BadLine(error, number):
                self._answer(number, error)
            case Command():
                self._obey(now, item)
            case facts.FaceAlive():
                self._face_ns = now
                self._engine.notify(now, item)
            case Asked():
                self._arming.heard(now, item)
            case facts.PersonPresent(by):
                self._arming.heard(now, Asked(by))
            case _:
                self._engine.notify(now, item)

    def _stop(self, now: int, asked: StopAsked) -> None:
        self._zero_verified = False
        self._engine.command(now, intents.Stop(asked.reason, asked.by_person, asked.code))
        if not self._engine.stopping:  # nothing has been sent to the device since it was at zero
            self._zero_verified = True
        self._pump()  # the frames leave before anybody is told
        self.say(self._arming.stop_received(asked))
        for command in self._inbox.discard_raises():
            dropped = StateError("dropped", code=Code.OVERTAKEN, why="a stop overtook it")
            self._answer(command.id, dropped)
        self._answer(asked.command_id, None)

    def _leave(self, now: int, leave: Leave) -> None:
        if self._leaving is not None:
            return
        within_ns = _VERIFY_WITHIN_NS if self._line.is_up else _WITHOUT_LINE_NS
        self._leaving, self._leave_by_ns = leave, now + within_ns
        if self._journal is not None:  # from `connect` on the device may have been touched
            self._stop(now, StopAsked(leave.reason, code=leave.code))

    def _obey(self, now: int, command: Command) -> None:
        self._refused = None
        try:
            told = self._act(now, command)
            self._pump()
            if self._refused is not None:
                raise self._refused
        except StimctlError as error:
            self._answer(command.id, error)
        else:
            self._answer(command.id, None, told)

    def _act(self, now: int, command: Command) -> Mapping[str, Any]:
        fields = command.fields
        if command.do in _PREPARES:
            check_may_prepare(self._engine.state)
        told = self._arming.obey(now, command, self._plan)
        if told is not None:
            return told
        match command.do:
            case "load":
                return self._setup.load(fields["path"], fields["sha256"])
            case "limits":
                return self._setup.limits(fields["layer"], fields["path"], fields["sha256"])
            case "channel":
                return self._setup.channel(fields)
            case "options":
                return self._setup.options(fields)
            case "compile":
                return self._compile()
            case "readings":
                return told_readings(self._engine, now)
            case "connect":
                self._open_journal()
            case "note":
                self._note(fields)
            case "pulse":
                pulse = pulse_of(self._compiled(), fields["channel"], fields["amplitude"])
                self._engine.command(now, pulse)
        intent = intent_of(command)
        if intent is not None:
            self._engine.command(now, intent)
        return {}

    def _record(self, event: Event) -> None:
        """Tell everybody, and the journal durably where there is one."""
        self.say(event)
        if self._journal is not None:
            self._journal.put(Entry(event.kind, encode(event), 0, durable=True))

    def _compiled(self) -> AnyPlan:
        if self._plan is None:
            raise StateError("there is no plan", code=Code.NO_PLAN, what_to_do="compile one first")
        return self._plan

    def _compile(self) -> Mapping[str, Any]:
        plan = self._setup.compile()
        check_chosen(plan, self._options.config)
        self._plan, self._plan_waits = plan, True
        self._inbox.admit(input_names(plan))
        if self._journal is not None:
            self._journal.describe(**self._setup.header(plan))
        self._load_waiting_plan()
        return compiled_of(plan)

    def _load_waiting_plan(self) -> None:
        plan = self._plan
        if not self._plan_waits or plan is None or self._engine.state not in TAKES_PLANS:
            return
        self._plan_waits = False
        about = self._setup.about(plan, self._options)
        try:
            self._engine.command(time.monotonic_ns(), intents.LoadPlan(plan, about))
        except StimctlError as error:
            self.say(host_rows.ErrorReported(encode_error(error)))

    def _open_journal(self) -> None:
        if self._journal is not None:
            return
        header = self._setup.header(self._plan)
        last = unclean_last_session(self._options)
        self._journal = open_journal(self._options, self._line.describe(), header, self._inbox.put)
        writer = self._journal.writer
        self._arming.hardware.session = writer.session
        self.say(host_rows.JournalOpened(writer.session, str(writer.path)))
        self._tell_notice(self._journal)
        if last is not None:
            self._record(last)

    def _journal_failed(self, what: str) -> None:
        self.say(host_rows.ErrorReported({"error": "JournalError", "what": what}))

    def _tell_notice(self, journal: JournalThread) -> None:
        if journal.notice:
            self._journal_failed(journal.notice)

    def _note(self, fields: Mapping[str, Any]) -> None:
        """What the face knows and the record needs (screening, approvals): a row of its own."""
        if self._journal is None:
            what = "there is no journal yet"
            raise StateError(what, code=Code.NO_JOURNAL, what_to_do="connect first")
        if "at_ns" in fields:  # a mark, which readers of the events use at once
            self.say(host_rows.Note(fields))
        self._journal.put(Entry(Kind.NOTE, dict(fields), 0, durable=True))

    def _may_go(self, now: int) -> bool:
        return self._journal is None or self._zero_verified or now >= self._leave_by_ns

    def _end(self, leave: Leave) -> int:
        verified = self._journal is None or self._zero_verified
        code = leave.exit_code if verified else int(ExitCode.NOT_CONFIRMED_ZERO)
        if self._journal is not None and verified:
            with contextlib.suppress(StateError):
                self._engine.command(time.monotonic_ns(), intents.Close())
        self._pump()
        trouble = self._end_journal(leave.reason, verified)
        if trouble is not None:
            self._journal_failed(trouble)
            code = code or int(ExitCode.INTEGRITY)
        self.say(host_rows.Bye(code, verified, leave.reason))
        self._output.finish(_LAST_WORDS_S)
        if self._journal is not None and not verified:  # after what the face has to do at once
            self._journal.sign(self._options.state_folder)
        return code

    def _end_journal(self, reason: str, verified: bool) -> str | None:
        if self._journal is None:
            return None
        told = {"outcome": "zero verified" if verified else "OUTPUT NOT CONFIRMED"}
        sign_in = self._options.state_folder if verified else None
        trouble = self._journal.finish({**told, "reason": reason}, _JOURNAL_END_S, sign_in)
        self._tell_notice(self._journal)
        return trouble

    def _answer(
        self, number: int | None, error: StimctlError | None, told: Mapping[str, Any] | None = None
    ) -> None:
        data: dict[str, Any] = {"id": number, "ok": error is None, **(told or {})}
        if error is not None:
            data["error"] = encode_error(error)
        if number is not None or error is not None:
            self._say(ANSWER, data)
