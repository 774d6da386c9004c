"""What is on the line, and the one check before output on hardware, whichever face asks.

What is missing is said by the pure list of `stimctl.session.readiness`; here is gathered what the
supervisor knows by itself. A line that is known to lead to a twin passes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from stimctl.codes import Code
from stimctl.errors import NotReadyError, StateError
from stimctl.records.approvals import STATEMENT, find_rehearsal, use_is_accepted
from stimctl.records.commissioning import why_uncommissioned
from stimctl.records.day import given_today
from stimctl.records.devices import last_device, names_of, remember_device, shown_as
from stimctl.records.history import knows_person
from stimctl.records.people.electrodes import claim_electrodes, count_electrodes
from stimctl.records.people.kept import keep_answers, kept_for
from stimctl.records.person import second_identifier
from stimctl.records.protocol_files import ProtocolText
from stimctl.records.protocol_permission import permission_of
from stimctl.session.config import SECOND
from stimctl.session.confirmation import confirmation_of
from stimctl.session.needs import UntestedFace
from stimctl.session.readiness import Gap, Known, Need, Preparation, missing, of_untested
from stimctl.supervisor.face_process import FaceProcess, face_process
from stimctl.supervisor.families import Family
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.options import Options
from stimctl.supervisor.person_lock import PersonLock
from stimctl.supervisor.preparation import Handed
from stimctl.supervisor.presence import Asked, Presence
from stimctl.supervisor.twin_lines import LineKind, is_held_by_twin, kind_of_line
from stimctl.treatment.program import AnyPlan
from stimctl.version import code_digest

PRESENT_FOR_NS = 120 * SECOND
"""Whoever has answered is taken to be there for so long before arming (D)."""
_ANSWER_WITHIN_S = 60.0
_PROMPT_WITHIN_S = 30.0


class HardwareCheck:
    """One per supervisor. `post` takes the outcome of a question at the terminal; must not wait."""

    def __init__(
        self, options: Options, family: Family, line: DeviceLine, post: Callable[[Asked], None]
    ) -> None:
        self._options = options
        self._family = family
        self._line = line
        self._presence = Presence(post)
        self._face: FaceProcess | None = None
        self._lock: PersonLock | None = None
        self._devices: tuple[str, ...] = ()
        self._present_by, self._present_ns = "", 0
        self._electrodes_counted = False
        self._firmware = ""
        self.stop_tried = False
        self.handed = Handed()
        self.kind: LineKind | None = None
        self.session = ""

    # -- what is on the line, and who is at the face ---------------------------------------------

    def identified(self, serial: str, firmware: str = "") -> LineKind:
        """The device has answered: decide what it is. `serial` as it tells it, or ""."""
        self._firmware = firmware
        self._devices = names_of(serial, self._line.identity)
        self.kind = kind_of_line(
            started_here=self._options.sim,
            maybe_software=not self._line.is_hardware,
            serial=serial,
            is_held_by_twin=lambda: is_held_by_twin(self._family.sheet.family, self._line.far_end),
        )
        return self.kind

    @property
    def is_simulation(self) -> bool:
        """True where a twin is known to be on the line."""
        return self.kind is not None and self.kind.simulation

    @property
    def needs_person(self) -> bool:
        """True where no command of the face counts as a sign of a person."""
        return not self.is_simulation and not self._has_keys

    @property
    def _has_keys(self) -> bool:
        face = self._look_at_face()
        return self._options.keys and face.is_own_ui and not face.why_not

    def _look_at_face(self) -> FaceProcess:
        self._face = face_process(os.getppid())
        return self._face

    # -- somebody at the machine ------------------------------------------------------------------

    def ask_presence(self, stop_faces: frozenset[str]) -> Mapping[str, Any]:
        """Ask at the terminal of the face, where that is needed. Raises NotReadyError."""
        if self.kind is None:
            raise StateError(
                "nobody is asked yet",
                code=Code.NOT_IDENTIFIED,
                why="no device has been identified",
            )
        if self.is_simulation or self._has_keys or stop_faces:
            return {"needed": False}
        face = self._look_at_face()
        if face.why_not or face.remote:
            need = Need.PRESENCE if face.why_not else Need.STOP_FACE
            raise NotReadyError(
                "nobody at the machine can be asked through this program",
                why=face.why_not or face.remote,
                what_to_do="run it in the foreground of a terminal at the machine, or press a stop "
                "face there (a pedal, a button)",
                needs=(need.value,),
            )
        device = shown_as(next(iter(self._devices), "")) or "the device"
        about = f"stimctl: output on {self._options.device} ({device}) for {self._options.person}."
        self._presence.ask(face.terminal, about, _ANSWER_WITHIN_S)
        return {"needed": True, "terminal": face.terminal, "within_s": int(_ANSWER_WITHIN_S)}

    def prompt(self) -> None:
        """The attendance prompt is open: put it to the terminal, where only a person counts."""
        face = self._look_at_face()
        if self.needs_person and not face.why_not and not face.remote:
            about = "stimctl: ARE YOU THERE? Without an answer the output ramps to zero."
            self._presence.ask(face.terminal, about, _PROMPT_WITHIN_S)

    def answered(self, now_ns: int, by: str) -> None:
        """A person has answered, at the terminal or with a stop face."""
        self._presence.cancel()
        self._present_by, self._present_ns = by, now_ns

    # -- the check --------------------------------------------------------------------------------

    def check(
        self,
        now_ns: int,
        plan: AnyPlan,
        text: ProtocolText,
        acknowledged: frozenset[str],
        stop_faces: frozenset[str],
        untested: tuple[UntestedFace, ...] = (),
    ) -> Mapping[str, Any]:
        """The row about what allows output on hardware, {} on a twin. Raises NotReadyError."""
        if self._options.bench:
            return self._check_bench(now_ns, plan, stop_faces, untested)
        if self.is_simulation:
            if untested:
                raise _not_ready(tuple(of_untested(untested)))
            return {}
        said = self.handed.said
        said = replace(said, acknowledged=said.acknowledged | acknowledged)
        permission = permission_of(text, plan.protocol, self._options.state_folder)
        known = self._known(now_ns, plan, stop_faces)
        known = replace(known, untested=untested, permission=permission)
        gaps = tuple(missing(plan, said, known))
        if gaps:
            self._let_go()
            raise _not_ready(gaps)
        return self._row(said, known)

    def _check_bench(
        self,
        now_ns: int,
        plan: AnyPlan,
        stop_faces: frozenset[str],
        untested: tuple[UntestedFace, ...],
    ) -> Mapping[str, Any]:
        """The list of a bench session, on a twin too; what only hardware needs is given there."""
        said, sim, config = self.handed.said, self.is_simulation, self._options.config
        face = self._look_at_face()
        known = Known(
            statement=STATEMENT,
            statement_accepted=sim or use_is_accepted(self._options.state_folder),
            person=self._options.person,
            person_known=False,
            today=datetime.now().astimezone().date(),
            confirmation="",
            rehearsed="",
            devices=frozenset(self._devices),
            asks_attendance=sim or config.attended_by_prompt or self.needs_person,
            watchdog_tested=sim or config.watchdog_test or self._family.sheet.watchdog_us is None,
            stop_faces=stop_faces,
            remote="" if sim else face.remote,
            present=sim or self._is_present(now_ns),
            untested=untested,
            bench=True,
            stop_tried=self.stop_tried,
            simulation=sim,
        )
        if lacking := tuple(missing(plan, said, known)):
            raise _not_ready(lacking)
        device = next(iter(self._devices), "")
        return {"bench": True, "device": device, "load_ohm": said.load_ohm, "nobody": said.nobody}

    def claim(self) -> None:
        """Before arming: the electrodes that were named are this person's from now on. Raises
        NotReadyError where another program was faster, JournalError where it cannot be kept."""
        if not self.is_simulation and not self._options.bench:
            options = self._options
            names = self.handed.said.electrodes.values()
            claim_electrodes(options.state_folder, names, options.person_key, int(time.time()))

    def armed(self, plan: AnyPlan) -> None:
        """Output may follow: the next session of this person with this protocol compares its
        device with this one, and its answers with these. Raises JournalError where that cannot be
        kept."""
        if self.is_simulation or self._options.bench:
            return
        state, person, said = self._options.state_folder, self._options.person, self.handed.said
        if self._devices:
            remember_device(state, person, plan.protocol.id, self._devices[0])
        keep_answers(state, person, said)
        if not self._electrodes_counted:
            count_electrodes(state, said.electrodes.values())
            self._electrodes_counted = True

    def _known(self, now_ns: int, plan: AnyPlan, stop_faces: frozenset[str]) -> Known:
        options, face = self._options, self._look_at_face()
        rehearsal = find_rehearsal(options.state_folder, plan.digest())
        person = options.person
        config, sheet = options.config, self._family.sheet
        return Known(
            statement=STATEMENT,
            statement_accepted=use_is_accepted(options.state_folder),
            person=person,
            person_known=bool(person)
            and knows_person(options.journal_folder, person, self.session, key=options.person_key),
            today=datetime.now().astimezone().date(),
            confirmation=confirmation_of(plan),
            rehearsed=rehearsal.confirmation if rehearsal else "",
            rehearsed_for=rehearsal.device if rehearsal else "",
            devices=frozenset(self._devices),
            last_device=last_device(options.state_folder, person, plan.protocol.id)
            if person
            else "",
            others=self._others(),
            given=given_today(
                options.journal_folder,
                person,
                datetime.now().astimezone(),
                self.session,
                key=options.person_key,
            ),
            asks_attendance=config.attended_by_prompt or self.needs_person,
            watchdog_tested=config.watchdog_test or sheet.watchdog_us is None,
            stop_faces=stop_faces,
            remote=face.remote,
            present=self._is_present(now_ns),
            second=second_identifier(options.state_folder, person),
            **kept_for(
                options.state_folder,
                person,
                options.person_key,
                named=bool(self.handed.said.electrodes),
            ),
            has_screen=self._has_keys,
            uncommissioned=self._uncommissioned(datetime.now().astimezone().date()),
            family=sheet.family,
        )

    def _is_present(self, now_ns: int) -> bool:
        answered = bool(self._present_by) and now_ns - self._present_ns <= PRESENT_FOR_NS
        return answered or self._has_keys

    def _uncommissioned(self, today: date) -> str:
        state, sheet = self._options.state_folder, self._family.sheet
        firmware, names = self._firmware, self._devices
        return why_uncommissioned(state, names, sheet.family, firmware, sheet.package, today)

    def _others(self) -> tuple[str, ...]:
        options = self._options
        if not options.person:
            return ()
        if self._lock is None:
            self._lock = PersonLock(options.person, options.device, options.address)
            self._lock.take()
        return self._lock.others()

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _row(self, said: Preparation, known: Known) -> Mapping[str, Any]:
        device = next(iter(self._devices), "")
        return {
            "person": self._options.person_key,
            "device": device,
            "shown_as": shown_as(device),
            "answers": " ".join(
                f"{id_}={'yes' if yes else 'no'}" for id_, yes in sorted(said.answers.items())
            ),
            "answered": str(said.answered),
            "approvals": sorted(said.approvals),
            "acknowledged": sorted(said.acknowledged),
            "sides": {str(channel): side for channel, side in sorted(said.sides.items())},
            "electrodes": {str(channel): name for channel, name in sorted(said.electrodes.items())},
            "confirmation": known.confirmation,
            "second_identifier": bool(known.second),
            "rehearsed_for": known.rehearsed_for,
            "other_devices": list(known.others),
            "present": self._present_by or ("keys" if known.present else ""),
            "stop_faces": sorted(known.stop_faces),
            "remote": known.remote,
            "library": known.permission.library,
            "code": code_digest(),
        }


def _not_ready(gaps: tuple[Gap, ...]) -> NotReadyError:
    first = gaps[0]
    needs = tuple(dict.fromkeys(code for gap in gaps for code in gap.codes))
    return NotReadyError(first.what, why=first.why, what_to_do=first.what_to_do, needs=needs)
