"""What a RehaStim2 is asked and in which mode it obeys: commands, results, modes, as total tables.

Numbers, sizes and results are the vendor's [DOC]; events the vendor is silent about are [POLICY].
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple


class Result(IntEnum):
    """The results a RehaStim2 answers with; signed bytes on the wire."""

    OK = 0
    TRANSFER = -1
    PARAMETER = -2
    WRONG_MODE = -3
    MOTOMED = -4
    VERSION = -5
    BUSY = -8

    @property
    def byte(self) -> int:
        """The result as an unsigned byte."""
        return self & 0xFF


class StimulationError(IntEnum):
    """What the device reports unasked."""

    EMERGENCY = -1
    ELECTRODE = -2
    MODULE = -3


class Mode(IntEnum):
    """The stimulation mode as GetStimulationMode reports it."""

    START = 0
    INITIALISED = 1
    STARTED = 2


class Command(IntEnum):
    """Every command a host may send; an answer's number is one higher."""

    INIT_ACK = 2
    WATCHDOG = 4
    GET_STIMULATION_MODE = 10
    GET_MOTOMED_MODE = 12
    INIT_CHANNEL_LIST = 30
    START_CHANNEL_LIST = 32
    STOP_CHANNEL_LIST = 34
    SINGLE_PULSE = 36
    INIT_PHASE_TRAINING = 50
    START_PHASE = 52
    PAUSE_PHASE = 54
    STOP_PHASE_TRAINING = 56
    SET_ROTATION_DIRECTION = 70
    SET_SPEED = 72
    SET_GEAR = 74
    SET_KEYBOARD_LOCK = 76
    START_BASIC_TRAINING = 80
    PAUSE_BASIC_TRAINING = 82
    CONTINUE_BASIC_TRAINING = 84
    STOP_BASIC_TRAINING = 86


#: What the device says that is not "command + 1".
INIT = 1
UNKNOWN_COMMAND = 3
STIMULATION_ERROR = 38
#: These two are not answered.
SILENT = frozenset({Command.INIT_ACK, Command.WATCHDOG})


class Rule(NamedTuple):
    """How an answered command is judged: its data bytes (None = not checked), and where allowed."""

    size: int | None
    allowed: frozenset[Mode]


_ALWAYS = frozenset(Mode)
RULES: dict[Command, Rule] = {
    Command.GET_STIMULATION_MODE: Rule(0, _ALWAYS),
    Command.GET_MOTOMED_MODE: Rule(0, _ALWAYS),
    Command.INIT_CHANNEL_LIST: Rule(7, frozenset({Mode.START})),
    # Its size depends on the channels that were initialised.
    Command.START_CHANNEL_LIST: Rule(None, frozenset({Mode.INITIALISED, Mode.STARTED})),
    # Accepted in every mode: a peer sends it right after connecting [POLICY].
    Command.STOP_CHANNEL_LIST: Rule(0, _ALWAYS),
    Command.SINGLE_PULSE: Rule(4, frozenset({Mode.START})),
}
_BY_NUMBER: dict[int, Command] = {int(command): command for command in Command}


def known(number: int | None) -> Command | None:
    """Return the host command of that number; None for the device's own and unknown ones."""
    return None if number is None else _BY_NUMBER.get(number)


class Event(Enum):
    """What moves the device from one mode to another."""

    INITIALISED = "channel list initialised"
    STARTED = "channel list started"
    STOPPED = "stopped"
    LOST = "no connection"
    EMERGENCY = "emergency switch"
    MODULE = "module failure"
    POWER_OFF = "power off"


def _row(start: Mode, initialised: Mode, started: Mode) -> dict[Mode, Mode]:
    return dict(zip(Mode, (start, initialised, started), strict=True))


_S, _I, _R = Mode.START, Mode.INITIALISED, Mode.STARTED

#: Next mode for every event in every mode; an event that cannot happen there changes nothing.
TRANSITIONS: dict[Event, dict[Mode, Mode]] = {
    Event.INITIALISED: _row(_I, _I, _R),
    Event.STARTED: _row(_S, _R, _R),
    Event.STOPPED: _row(_S, _S, _S),
    Event.LOST: _row(_S, _S, _S),
    Event.EMERGENCY: _row(_S, _S, _S),
    Event.MODULE: _row(_S, _S, _S),
    Event.POWER_OFF: _row(_S, _S, _S),
}
