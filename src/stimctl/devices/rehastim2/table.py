"""The RehaStim2 driver's states and what each call means in each of them: one total table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """What the driver believes and is busy with."""

    UNKNOWN = "unknown"  # nothing is known about the device
    CLEARING = "clearing"  # connect: handshake where it is due, stop, mode asked
    ZERO = "zero"  # connected, nothing initialised
    SETTING_UP = "setting-up"  # the channel list is being initialised
    LISTED = "listed"  # initialised; its first values are on their way
    RUNNING = "running"
    STOPPING = "stopping"
    LATCHED = "latched"  # the device is not what it was believed to be
    DROPPED = "dropped"  # at zero the connection was let go; only stop() and connect() go on


class Call(StrEnum):
    """What the engine can ask."""

    CONNECT = "connect"
    APPLY = "apply"
    PULSE = "pulse"
    KEEP_ALIVE = "keep-alive"
    STOP = "stop"


class Act(StrEnum):
    """What the driver does about it."""

    FIND = "find"
    STOP = "stop"
    STOP_AGAIN = "stop-again"
    REFUSE = "refuse"  # StateError
    IGNORE = "ignore"
    SET_UP = "set-up"  # initialise the list, then send
    HOLD = "hold"  # becomes what is sent when the list is there
    OFFER = "offer"  # send, or hold until the request in flight is answered
    SEND = "send"
    FEED = "feed"  # Watchdog, and now and then the question for the mode
    REFRESH = "refresh"  # the set points in force once more, and now and then the mode


def _row(apply: Act, pulse: Act, keep_alive: Act, stop: Act = Act.STOP) -> Mapping[Call, Act]:
    return MappingProxyType(
        {
            Call.CONNECT: Act.FIND,
            Call.APPLY: apply,
            Call.PULSE: pulse,
            Call.KEEP_ALIVE: keep_alive,
            Call.STOP: stop,
        }
    )


# A keep-alive is ignored wherever it could feed the watchdog of a device in doubt, and wherever
# requests that are sent until they are answered feed it anyway.
CALLS: Mapping[State, Mapping[Call, Act]] = MappingProxyType(
    {
        State.UNKNOWN: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.CLEARING: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.ZERO: _row(Act.SET_UP, Act.SEND, Act.FEED),
        State.SETTING_UP: _row(Act.HOLD, Act.REFUSE, Act.IGNORE),
        State.LISTED: _row(Act.OFFER, Act.REFUSE, Act.IGNORE),
        State.RUNNING: _row(Act.OFFER, Act.REFUSE, Act.REFRESH),
        State.STOPPING: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE, Act.STOP_AGAIN),
        State.LATCHED: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.DROPPED: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
    }
)

WORKING = frozenset({State.ZERO, State.SETTING_UP, State.LISTED, State.RUNNING})
"""States that a discontinuity ends in LATCHED; in the others it is reported and no more."""

EXPECTED_MODES: Mapping[State, frozenset[int]] = MappingProxyType(
    {State.ZERO: frozenset({0}), State.RUNNING: frozenset({2})}
)
"""What GetStimulationMode must report where the driver believes to know the device [DOC]."""
