"""The words for what output on hardware needs: codes, what people say, what is known, a gap."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from stimctl.safety.day_budget import Given
from stimctl.stimulus.level import AnyLevel
from stimctl.treatment.lock import Lock

FIRST_SESSION: Final = "H25"
"""Acknowledging this says that a code without a session on record is not mistyped."""
PADS_APART: Final = "E6"
"""Acknowledging this says that pads are one pad width apart (R: RehaStim2 manual)."""
ISOLATED: Final = "H56"
"""Acknowledging this says that no mains current can flow through the person."""
KNOWS_STOP: Final = "N3"
"""Acknowledging this says that the person has been told how to stop."""
OTHER_DEVICE: Final = "H63"
"""Acknowledging this says that another device than the last time is meant."""
SECOND_DEVICE: Final = "H65"
"""Acknowledging this says that a second device on the same person is meant."""
DAY_BUDGET: Final = "H67"
"""Acknowledging this says that more on the same site in one day, or without rest, is meant."""
STOP_KEY: Final = "H32"
"""Acknowledging this says that the STOP key of the screen was pressed and seen to work."""
ACKNOWLEDGEMENTS: Final = frozenset(
    {
        FIRST_SESSION, PADS_APART, ISOLATED, KNOWS_STOP, OTHER_DEVICE, SECOND_DEVICE, DAY_BUDGET,
        STOP_KEY,
    }
)  # fmt: skip
"""Every id that a person may acknowledge here, beside cautions of the screening."""


class Need(StrEnum):
    """Everything that can be missing. The values are the codes that faces and records know."""

    STATEMENT = "statement"
    COMMISSIONING = "commissioning"
    LOAD_VALUE = "load-value"
    NOBODY_CONNECTED = "nobody-connected"
    STOP_TRIED = "stop-tried"
    BENCH_LEVEL = "bench-level"
    PERSON = "person"
    PROTOCOL_LOCKED = "protocol-locked"
    PROTOCOL_LIBRARY = "protocol-library"
    KNOWN_PERSON = "known-person"
    SECOND_IDENTIFIER = "second-identifier"
    SITE = "site"
    PADS_APART = "pads-apart"
    ISOLATION = "isolation"
    ANSWERS = "answers"
    ANSWERS_PERSON = "answers-person"
    ANSWERS_DATE = "answers-date"
    ANSWERS_CHANGED = "answers-changed"
    BLOCKED = "blocked"
    SPECIALIST = "specialist"
    CAUTION = "caution"
    SIDE = "side"
    KNOWS_STOP = "knows-stop"
    STOP_KEY = "stop-key"
    REHEARSAL = "rehearsal"
    CONFIRMATION = "confirmation"
    DEVICE = "device"
    ONE_DEVICE = "one-device"
    DAY_BUDGET = "day-budget"
    PERSON_MAXIMUM = "person-maximum"
    ELECTRODES = "electrodes"
    ELECTRODES_OTHER = "electrodes-of-another"
    PROMPTS = "attendance-prompts"
    WATCHDOG = "watchdog-test"
    STOP_FACE = "stop-face"
    PRESENCE = "presence"
    FUNCTIONAL = "functional-output"


MEANINGS: Final[Mapping[Need, str]] = MappingProxyType(
    {
        Need.STATEMENT: "The statement of use was not accepted on this computer.",
        Need.COMMISSIONING: "This very device has no valid commissioning on record.",
        Need.LOAD_VALUE: "On the bench: the resistor's value was not given, or is not usable.",
        Need.NOBODY_CONNECTED: "On the bench: it was not typed that nobody is connected.",
        Need.STOP_TRIED: "On the bench: the stop was not tried in this session.",
        Need.BENCH_LEVEL: "On the bench: a channel may go higher than a bench session may.",
        Need.PERSON: "No person's code was given.",
        Need.PROTOCOL_LOCKED: "The protocol is locked, and the approval it names was not given.",
        Need.PROTOCOL_LIBRARY: "This station runs only signed protocols, and this is none.",
        Need.KNOWN_PERSON: "The code is new on this computer; acknowledge H25 if it is correct.",
        Need.SECOND_IDENTIFIER: "The four digits that are kept with the code were not given.",
        Need.SITE: "A channel has no site.",
        Need.PADS_APART: "Electrode spacing is not confirmed (E6).",
        Need.ISOLATION: "Mains isolation is not confirmed (H56).",
        Need.ANSWERS: "Screening questions are not answered.",
        Need.ANSWERS_PERSON: "The screening answers are another person's.",
        Need.ANSWERS_DATE: "The screening answers have no date, a future date, or have expired.",
        Need.ANSWERS_CHANGED: "A screening question was answered differently since.",
        Need.BLOCKED: "A contraindication blocks the session; there is no override.",
        Need.SPECIALIST: "A condition needs a specialist's approval.",
        Need.CAUTION: "A caution needs an acknowledgement.",
        Need.SIDE: "The side of a channel is not confirmed at the person.",
        Need.KNOWS_STOP: "Not confirmed: the person knows how to stop (N3).",
        Need.STOP_KEY: "Not confirmed: the STOP key of the screen works (H32).",
        Need.REHEARSAL: "This plan was not rehearsed, or for another device.",
        Need.CONFIRMATION: "The four characters of the rehearsal were not given.",
        Need.DEVICE: "Not the device of the person's last session; acknowledge H63 if intended.",
        Need.ONE_DEVICE: "Another program has a device for the person; acknowledge H65 if meant.",
        Need.DAY_BUDGET: "More on one site in a day than is usual; acknowledge H67 if intended.",
        Need.PERSON_MAXIMUM: "A channel may go higher than what was set for the person there.",
        Need.ELECTRODES: "Electrodes that were named are not on record, retired, or another size.",
        Need.ELECTRODES_OTHER: "Electrodes that were named are another patient's.",
        Need.PROMPTS: "The session would never ask whether somebody is there.",
        Need.WATCHDOG: "The watchdog of the device is not tested in this session.",
        Need.STOP_FACE: "A stop face is needed, or has to be tested by a press.",
        Need.PRESENCE: "Nobody at the machine has answered.",
        Need.FUNCTIONAL: "Inputs switch a stage, and the device or the place is not fit for it.",
    }
)
"""What is missing where a face is told this code."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What people have said, as a face has handed it in.

    `answers`: screening answers (condition id: present), given by `answers_person` on `answered`;
    they end on `expires`, or after 90 days. `approvals`: ids of specialists' approvals on file.
    `acknowledged`: ids that were acknowledged. `sides`: for each channel the side that somebody
    who looks at the person has given. `confirm`: the four characters of the rehearsal. `second`:
    the second identifier, four digits that the person has told. `electrodes`: for each channel the
    name under which its electrodes are kept, where they are. On the bench `load_ohm`: the resistor
    on the leads, and `nobody`: the words that were typed about who is connected.
    """

    answers: Mapping[str, bool] = field(default_factory=dict)
    answers_person: str = ""
    answered: date | None = None
    expires: date | None = None
    approvals: frozenset[str] = frozenset()
    acknowledged: frozenset[str] = frozenset()
    sides: Mapping[int, str] = field(default_factory=dict)
    confirm: str = ""
    second: str = ""
    electrodes: Mapping[int, str] = field(default_factory=dict)
    load_ohm: int | None = None
    nobody: str = ""


@dataclass(frozen=True, slots=True)
class Maximum:
    """The highest level that was set for a person at one site with electrodes of one size."""

    site: str
    area_mm2: int
    level: AnyLevel
    day: date


@dataclass(frozen=True, slots=True)
class KeptElectrodes:
    """Electrodes that are kept under a name. `of_other`: they were used on another person."""

    area_mm2: int
    of_other: bool = False
    retired: bool = False


@dataclass(frozen=True, slots=True)
class UntestedFace:
    """A stop face of this session that cannot be relied on: its name, why, and what to do."""

    name: str
    why_not: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Why a protocol may not run on this station; `code` is one of `stimctl.codes.Code`."""

    code: str
    what: str
    why: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Permission:
    """What this station says of a protocol file, besides what stands in it.

    `lock`: the lock of the shipped protocol that it was made from. `unsigned`: why it may not run
    where only signed libraries may. `library`: the signed library that it is of, in words.
    """

    lock: Lock | None = None
    unsigned: Unsigned | None = None
    library: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the supervisor knows by itself.

    `confirmation`: the four characters of this plan with this program. `rehearsed`: those of its
    rehearsal on record, "" where there is none; `rehearsed_for`: the device it was for, or "".
    `devices`: every name of the device on the line (serial, USB identity). `last_device`: the one
    of the person's last session with this protocol, "" where there was none. `others`: further
    devices in use on the same person. `given`: what sessions of the last 24 hours gave the person.
    `present`: a person has just answered at the machine, or sits at the keys of the terminal UI.
    `remote`: why the face's terminal is not at the machine, or "".
    `second`: what is kept of the person's second identifier (`stimctl.session.pin`), or "".
    `has_screen`: the face is the terminal UI, where a key is the nearest STOP.
    `untested`: stop faces that this session was begun with and that are not tested. `maxima`: what
    was set for the person, the oldest first. `electrodes`: those on record, by name.
    `kept_answers`: the newest screening answers that are kept of the person, and their day.
    `permission`: what this station says of the protocol's file.
    `bench`: a session on a resistor, which has a list of its own; `stop_tried`: a stop was asked
    for in it. `uncommissioned`: why the device does not count as commissioned, or ""; a face that
    does not know the device yet leaves it to the supervisor. `family`: of the device. `simulation`:
    it is a simulated one, which a bench session checks by the same list.
    """

    statement: str
    statement_accepted: bool
    person: str
    person_known: bool
    today: date
    confirmation: str
    rehearsed: str
    rehearsed_for: str = ""
    devices: frozenset[str] = frozenset()
    last_device: str = ""
    others: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()
    asks_attendance: bool = True
    watchdog_tested: bool = True
    stop_faces: frozenset[str] = frozenset()
    remote: str = ""
    present: bool = False
    untested: tuple[UntestedFace, ...] = ()
    maxima: tuple[Maximum, ...] = ()
    electrodes: Mapping[str, KeptElectrodes] = field(default_factory=dict)
    kept_answers: Mapping[str, bool] = field(default_factory=dict)
    kept_answered: date | None = None
    second: str = ""
    has_screen: bool = False
    permission: Permission = Permission()
    bench: bool = False
    stop_tried: bool = False
    uncommissioned: str = ""
    family: str = ""
    simulation: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing; `about` is the channel or condition it is about."""

    need: Need
    what: str
    why: str
    what_to_do: str
    about: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """What a program compares: of a library, also what is wrong with it."""
        of_library = self.need is Need.PROTOCOL_LIBRARY and self.about
        return (self.need.value, self.about) if of_library else (self.need.value,)
