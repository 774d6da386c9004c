"""The commands and events around arming: what is handed in, who is there, who is in charge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session import facts, intents
from stimctl.session.engine import Engine
from stimctl.session.events import Event, Kind, SessionEvent
from stimctl.session.host_rows import LineKind, Presence, Ready, StopReceived
from stimctl.supervisor.commands import Command
from stimctl.supervisor.families import Family
from stimctl.supervisor.hardware import HardwareCheck
from stimctl.supervisor.inbox import Inbox, StopAsked
from stimctl.supervisor.input_socket import InputSocket
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.operator import Operator
from stimctl.supervisor.options import Options
from stimctl.supervisor.presence import Asked
from stimctl.supervisor.previous_session import check_plausible
from stimctl.supervisor.setup import SessionSetup
from stimctl.supervisor.stop_faces import StopFaces
from stimctl.treatment.program import AnyPlan

Record = Callable[[Event], None]


class Arming:
    """One per supervisor. `record` tells everybody, and the journal durably."""

    def __init__(
        self,
        options: Options,
        family: Family,
        line: DeviceLine,
        inbox: Inbox,
        engine: Callable[[], Engine],
        setup: SessionSetup,
        record: Record,
        stop_faces: StopFaces,
    ) -> None:
        self._options = options
        self._engine = engine
        self._setup = setup
        self._record = record
        self._stop_faces = stop_faces
        self._identified = line.identified
        self._operator = Operator(options.operator)
        self.hardware = HardwareCheck(options, family, line, inbox.put)
        self._put_sample = inbox.put
        self._inputs: InputSocket | None = None

    def obey(self, now: int, command: Command, plan: AnyPlan | None) -> Mapping[str, Any] | None:
        """The answer to a command that is about arming; None for one that others go on with."""
        fields = command.fields
        match command.do:
            case "connect":
                self._stop_faces.connecting(now)
                return None
            case "load":
                self.hardware.handed.forget_plan()
                return None
            case "prepare":
                self.hardware.handed.take(fields)
            case "ready":
                return {"ready": self._check(now, plan)}
            case "inputs":
                return self._input_socket().told()
            case "present":
                return self.hardware.ask_presence(self._engine().stop_faces)
            case "operator":
                self._record(self._operator.hand_over(fields["code"]))
            case "arm":
                self._arm(now, plan)
            case "attend" if self.hardware.kind is not None and self.hardware.needs_person:
                raise StateError(
                    "a program does not answer for a person",
                    code=Code.PERSON_ANSWERS,
                    why="on hardware attendance is answered at the machine",
                    what_to_do="type what the terminal asks for",
                )
            case _:
                return None
        return {}

    def _input_socket(self) -> InputSocket:
        """One at a time; made-up sensors pass where the device is known to be one, too."""
        if self._inputs is None or self._inputs.ended:
            self._inputs = InputSocket(
                self._put_sample,
                lambda: self.hardware.kind is not None and bool(self.hardware.kind.simulation),
            )
        return self._inputs

    def stop_received(self, asked: StopAsked) -> StopReceived:
        """The face, or somebody else, has asked for a stop; it has been sent."""
        self.hardware.stop_tried = True
        return StopReceived(asked.reason)

    def watch_stop_faces(self, stop: Callable[[int, StopAsked], None]) -> None:
        """Begin to read the stop faces of this session; `stop` brings the device to zero."""
        self._stop_faces.wire(
            lambda asked: stop(time.monotonic_ns(), asked),
            lambda fact: self._engine().notify(time.monotonic_ns(), fact),
            self._record,
        )

    def told_with(self, event: SessionEvent) -> dict[str, Any]:
        """What is told of an event: who is in charge, and who has to answer."""
        told = self._operator.told_with(event)
        if event.kind is Kind.ATTENDANCE and told.get("prompt") and self.hardware.needs_person:
            told["by_person"] = True
        return told

    def took_place(self, now: int, event: SessionEvent) -> None:
        """The device has named itself: what is it? Attendance is asked for: who can answer?"""
        if event.kind is Kind.IDENTITY:
            self._identified(str(event.data["serial"]), str(event.data["firmware"]))
            for face in self._stop_faces.opened():
                self._record(face)
            told = event.data
            kind = self.hardware.identified(str(told["serial"]), str(told["firmware"]))
            self._record(LineKind(*kind))
            if self.hardware.needs_person:
                self._engine().notify(now, facts.PresenceRequired())
        elif event.kind is Kind.ATTENDANCE and event.data.get("prompt"):
            self.hardware.prompt()

    def heard(self, now: int, asked: Asked) -> None:
        """Somebody has answered at the machine, or nobody has."""
        self._record(Presence(bool(asked.by), asked.by, asked.why))
        if asked.by:
            self.hardware.answered(now, asked.by)
            self._engine().notify(now, facts.PersonPresent(asked.by))

    def _arm(self, now: int, plan: AnyPlan | None) -> None:
        row = self._check(now, plan)
        if row:
            self.hardware.claim()
        self._engine().command(now, intents.Arm())
        if row and plan is not None:
            self.hardware.armed(plan)
            self._record(Ready(row))

    def _check(self, now: int, plan: AnyPlan | None) -> Mapping[str, Any]:
        """What allows output on hardware, {} on a twin; raises for what is missing."""
        acknowledged = self._setup.acknowledged
        if plan is None:
            return {}  # the engine has none either, and says so
        check_plausible(self._options, plan, self._setup.protocol_name, acknowledged)
        if self.hardware.kind is None:
            return {}  # no device has been identified: the engine refuses that by itself
        faces, untested = self._engine().stop_faces, self._stop_faces.ask(now)
        text = self._setup.protocol_text
        assert text is not None  # the plan was compiled from it
        return self.hardware.check(now, plan, text, self._setup.acknowledged_now, faces, untested)
