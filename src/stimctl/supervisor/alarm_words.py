"""What people are told of each alarm condition: what it is, and what they do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stimctl.codes import Code
from stimctl.session.alarms import ALARMS, Condition, Effect
from stimctl.session.reasons import Reason


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """`high_at_zero`: it is of high priority, too, where the output is known to be at zero: the
    device itself cannot be trusted."""

    what: str
    do: str
    high_at_zero: bool = False


_UNTRUSTED: Final = "take the electrodes off and do not use this stimulator until it is repaired"
_CABLE: Final = "check the USB cable and that the stimulator is on, then connect again"
_ELECTRODE: Final = "press the electrode on, check the lead, then acknowledge and start again"

_TABLE: Final[Mapping[str, AlarmWords]] = MappingProxyType(
    {
        Condition.OUTPUT_NOT_CONFIRMED: AlarmWords(
            "OUTPUT NOT CONFIRMED", "pull the electrode cable or switch the stimulator off", True
        ),
        Condition.READ_BACK_HIGHER: AlarmWords("MORE OUTPUT THAN SET", _UNTRUSTED, True),
        Condition.READ_BACK_DIFFERS: AlarmWords("OTHER SETTINGS THAN SENT", _UNTRUSTED, True),
        Condition.CURRENT_AT_ZERO: AlarmWords("OUTPUT ALTHOUGH SET TO ZERO", _UNTRUSTED, True),
        Condition.FELT_ELSEWHERE: AlarmWords(
            "FELT AT ANOTHER SITE", "compare the leads with the plan; nothing starts before that"
        ),
        Condition.CONTACT_LOST: AlarmWords("ELECTRODE OFF", _ELECTRODE),
        Condition.SHORT_CIRCUIT: AlarmWords(
            "ELECTRODES MAY TOUCH", "move the electrodes apart and dry the skin, then start again"
        ),
        Condition.SURGE: AlarmWords("SUDDEN RISE IN CURRENT", _ELECTRODE),
        Condition.STOPPED_AT_DEVICE: AlarmWords(
            "STOPPED BY THE PATIENT OR AT THE DEVICE",
            "ask why, then acknowledge with the reason",
        ),
        Condition.STOP_FACE_LOST: AlarmWords(
            "STOP BUTTON IS GONE", "connect the pedal or button again and test it"
        ),
        Condition.IMPEDANCE_RISING: AlarmWords(
            "ELECTRODE CONTACT GETS WORSE", "press the electrode on or replace it"
        ),
        Condition.AREA_IMPLAUSIBLE: AlarmWords(
            "ELECTRODE SIZE DOES NOT FIT", "check that the electrodes have the size of the plan"
        ),
        Condition.COMPLIANCE_REACHED: AlarmWords(
            "LESS CURRENT THAN SET", "moisten or replace the electrodes: the dose is uncertain"
        ),
        Condition.NO_OUTPUT: AlarmWords(
            "A CONTRACTION HAD NO OUTPUT", "check cable and stimulator, or stop"
        ),
        Condition.LINK_DEGRADED: AlarmWords(
            "SLOW CONNECTION", "raising is locked; check the USB cable"
        ),
        Condition.INPUT_LOST: AlarmWords(
            "THE INPUT IS LOST", "see to the sensor, then resume, or stop"
        ),
        Condition.INPUT_LATE: AlarmWords(
            "OUTPUT FOLLOWS ITS INPUT TOO LATE", "close other programs, then resume, or stop"
        ),
        Condition.DEVICE_RESET: AlarmWords(
            "STIMULATOR MAY HAVE RESTARTED", "check its power supply, then raise again from zero"
        ),
        Condition.NOBODY_ANSWERED: AlarmWords(
            "NOBODY ANSWERED", "stay with the patient; start again when you are there"
        ),
        Condition.DISK_LOW: AlarmWords(
            "DISK OF THIS COMPUTER IS NEARLY FULL", "free space: no new session starts"
        ),
        Condition.BATTERY_CRITICAL: AlarmWords(
            "BATTERY OF THIS COMPUTER AT 10 %", "connect the charger: no new session starts"
        ),
        Condition.BATTERY_LOW: AlarmWords("BATTERY OF THIS COMPUTER LOW", "connect the charger"),
        Code.FACE_SILENT: AlarmWords(
            "THIS COMPUTER DID NOT RESPOND FOR 0.5 s", "close other programs, then continue"
        ),
        Code.NO_ANSWER: AlarmWords("NO ANSWER FROM THE STIMULATOR", _CABLE),
        Code.DEVICE_REPORTS: AlarmWords(
            "STIMULATOR REPORTS AN ERROR", "check electrodes and leads, then acknowledge"
        ),
        Code.DEVICE_REFUSED: AlarmWords(
            "STIMULATOR REFUSED A COMMAND", "switch it off and on, then connect again"
        ),
        Code.DEVICE_UNEXPECTED: AlarmWords(
            "SWITCHED OFF AT THE STIMULATOR",
            "was it switched off, restarted, or is its battery low? then acknowledge",
        ),
        Code.STRAY_ANSWER: AlarmWords(
            "ANOTHER PROGRAM USES THE STIMULATOR", "end that program, then connect again"
        ),
        Code.WRONG_DEVICE: AlarmWords("ANOTHER STIMULATOR ANSWERS", _CABLE),
        Code.DAMAGED_FRAMES: AlarmWords("DISTURBED CONNECTION", _CABLE),
    }
)


def words_of(what: Reason, action: str) -> AlarmWords:
    """The words for a condition; those of the row where it has no other."""
    found = _TABLE.get(what.code)
    if what.code == Code.DEVICE_REPORTS and "electrode" in what.text:
        return AlarmWords("ELECTRODE OFF", _ELECTRODE)
    return found or AlarmWords(what.text, action)


def stops(code: str) -> bool:
    """Whether the output ends by it: a fault, or a condition of the table that stops."""
    condition = next((one for one in Condition if one == code), None)
    return condition is None or ALARMS[condition].effect is Effect.STOP
