"""What a P24 is asked and in which state it obeys: commands, results, states, as total tables.

Numbers, sizes and results are the vendor's [IFU][LIB]; what happens on events the vendor is silent
about (re-initialising, an empty channel mask, expiry) is [POLICY].
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple


class Result(IntEnum):
    """The result codes a P24 answers with (the rest of the vendor's list is never sent).

    HIGH_VOLTAGE comes only from a device with a fault: the manual does not list it for the P24.
    """

    OK = 0
    TRANSFER = 1
    PARAMETER = 2
    NOT_INITIALISED = 7
    HIGH_VOLTAGE = 8
    ELECTRODE = 10
    INVALID_COMMAND = 11
    PULSE_TIMEOUT = 16
    BUSY = 21
    LOW_CURRENT = 28


class State(IntEnum):
    """The stimulation status as Get_stim_status reports it."""

    NOTHING = 0
    LOW_LEVEL = 1
    MID_LEVEL = 2
    RUNNING = 3


class Command(IntEnum):
    """Every command a host may send; the answer's number is one higher."""

    LL_INIT = 0
    LL_CHANNEL_CONFIG = 2
    LL_STOP = 4
    ML_INIT = 30
    ML_UPDATE = 32
    ML_STOP = 34
    ML_GET_CURRENT_DATA = 36
    GET_VERSION_MAIN = 50
    GET_DEVICE_ID = 52
    GET_BATTERY_STATUS = 54
    SET_POWER = 56
    RESET = 58
    GET_VERSION_STIM = 60
    GET_STIM_STATUS = 62
    GET_MAIN_STATUS = 64
    GET_EXTENDED_VERSION = 68


#: Answers that are not "command + 1".
GENERAL_ERROR = 66
UNKNOWN_COMMAND = 67


class Rule(NamedTuple):
    """How a command is judged before it is executed.

    least_data: fewest data bytes; ack_size: data bytes of its answer without samples;
    allowed: the states that execute it, all others answer "not initialised".
    """

    least_data: int
    ack_size: int
    allowed: frozenset[State]


_ALWAYS = frozenset(State)
_LOW = frozenset({State.LOW_LEVEL})
_MID = frozenset({State.MID_LEVEL, State.RUNNING})
_NOTHING = frozenset({State.NOTHING})

RULES: dict[Command, Rule] = {
    # Re-initialising the level that is initialised is accepted; the other level is not [POLICY].
    Command.LL_INIT: Rule(1, 1, _NOTHING | _LOW),
    Command.LL_CHANNEL_CONFIG: Rule(1, 3, _LOW),
    Command.LL_STOP: Rule(0, 1, _LOW),
    Command.ML_INIT: Rule(1, 1, _NOTHING | _MID),
    Command.ML_UPDATE: Rule(1, 1, _MID),
    Command.ML_STOP: Rule(0, 1, _MID),
    Command.ML_GET_CURRENT_DATA: Rule(1, 7, _MID),
    Command.GET_VERSION_MAIN: Rule(0, 7, _ALWAYS),
    Command.GET_DEVICE_ID: Rule(0, 11, _ALWAYS),
    Command.GET_BATTERY_STATUS: Rule(0, 4, _ALWAYS),
    Command.SET_POWER: Rule(8, 1, _ALWAYS),
    Command.RESET: Rule(0, 1, _ALWAYS),
    Command.GET_VERSION_STIM: Rule(0, 7, _ALWAYS),
    Command.GET_STIM_STATUS: Rule(0, 3, _ALWAYS),
    Command.GET_MAIN_STATUS: Rule(0, 2, _ALWAYS),
    Command.GET_EXTENDED_VERSION: Rule(0, 13, _ALWAYS),
}
_BY_NUMBER: dict[int, Command] = {int(command): command for command in Command}


def known(number: int | None) -> Command | None:
    """Return the host command of that number; None for answers and numbers nobody knows."""
    return None if number is None else _BY_NUMBER.get(number)


class Event(Enum):
    """What moves the device from one state to another."""

    LOW_READY = "low level initialised"
    MID_READY = "mid level initialised"
    TRAINS = "trains accepted"
    NO_TRAINS = "empty channel mask accepted"
    STOPPED = "level stopped"
    EXPIRED = "keep-alive expired"
    RESET = "reset"


def _row(nothing: State, low: State, mid: State, running: State) -> dict[State, State]:
    return dict(zip(State, (nothing, low, mid, running), strict=True))


_N, _L, _M, _R = State.NOTHING, State.LOW_LEVEL, State.MID_LEVEL, State.RUNNING

#: Next state for every event in every state; an event that cannot happen there changes nothing.
TRANSITIONS: dict[Event, dict[State, State]] = {
    Event.LOW_READY: _row(_L, _L, _M, _R),
    Event.MID_READY: _row(_M, _L, _M, _M),
    Event.TRAINS: _row(_N, _L, _R, _R),
    Event.NO_TRAINS: _row(_N, _L, _M, _M),
    Event.STOPPED: _row(_N, _N, _N, _N),
    Event.EXPIRED: _row(_N, _L, _M, _M),
    Event.RESET: _row(_N, _N, _N, _N),
}
