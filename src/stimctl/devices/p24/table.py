"""The P24 driver's states and what each call means in each of them: one total table.

The device knows four states (nothing, low level, mid level, mid level running); the driver has
more, because it also has to know what it is waiting for and whether it may believe the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """What the driver believes and is busy with."""

    UNKNOWN = "unknown"  # nothing is known about the device
    FINDING = "finding"  # connect: its state was asked
    CLEARING = "clearing"  # connect: it was found initialised and is being stopped
    NAMING = "naming"  # connect: its names are asked, then zero is verified once more
    ZERO = "zero"  # connected, nothing initialised
    TO_MID = "to-mid"  # low level is being stopped to go to mid level
    MID_INIT = "mid-init"
    MID = "mid"
    TO_LOW = "to-low"  # mid level is being stopped to go to low level
    LOW_INIT = "low-init"
    LOW = "low"
    STOPPING = "stopping"
    LATCHED = "latched"  # the device is not what it was believed to be


class Call(StrEnum):
    """What the engine can ask."""

    CONNECT = "connect"
    APPLY = "apply"
    PULSE = "pulse"
    KEEP_ALIVE = "keep-alive"
    STOP = "stop"


class Act(StrEnum):
    """What the driver does about it."""

    FIND = "find"  # begin the connect sequence
    STOP = "stop"  # begin to stop
    STOP_AGAIN = "stop-again"  # one more round at once; what is already known stays known
    REFUSE = "refuse"  # StateError
    IGNORE = "ignore"
    OFFER = "offer"  # send, or hold until the request in flight is answered
    HOLD = "hold"  # becomes what is sent when the level is there
    INIT = "init"  # bring up the level, then send
    SWITCH = "switch"  # verified stop of the other level, bring up this one, then send
    ASK_STATUS = "ask-status"
    ASK_TRAINS = "ask-trains"


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
# the driver is proving the state of the device anyway.
CALLS: Mapping[State, Mapping[Call, Act]] = MappingProxyType(
    {
        State.UNKNOWN: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.FINDING: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.CLEARING: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.NAMING: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.ZERO: _row(Act.INIT, Act.INIT, Act.ASK_STATUS),
        State.TO_MID: _row(Act.HOLD, Act.REFUSE, Act.IGNORE),
        State.MID_INIT: _row(Act.HOLD, Act.REFUSE, Act.IGNORE),
        State.MID: _row(Act.OFFER, Act.SWITCH, Act.ASK_TRAINS),
        State.TO_LOW: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.LOW_INIT: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.LOW: _row(Act.SWITCH, Act.OFFER, Act.ASK_STATUS),
        State.STOPPING: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE, Act.STOP_AGAIN),
        State.LATCHED: _row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
    }
)

SETTLED = frozenset({State.ZERO, State.MID, State.LOW})
"""States in which a discontinuity is news: the driver believed to know the device."""

WORKING = SETTLED | {State.TO_MID, State.MID_INIT, State.TO_LOW, State.LOW_INIT}
"""States that a discontinuity ends in LATCHED; in the others it is reported and no more,
because stopping and connecting must go on whatever the device says."""

EXPECTED_STATUS: Mapping[State, frozenset[int]] = MappingProxyType(
    {
        State.NAMING: frozenset({0}),
        State.ZERO: frozenset({0}),
        State.MID: frozenset({2, 3}),
        State.LOW: frozenset({1}),
    }
)
"""What Get_stim_status must report where the driver believes to know the device."""
