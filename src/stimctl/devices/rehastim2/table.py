"""The RehaStim2 driver's states and what each call means in each of them: one total table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from stimctl.devices.exchange_rules import Act, Call, row


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


# A keep-alive is ignored wherever it could feed the watchdog of a device in doubt, and wherever
# requests that are sent until they are answered feed it anyway.
CALLS: Mapping[State, Mapping[Call, Act]] = MappingProxyType(
    {
        State.UNKNOWN: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.CLEARING: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.ZERO: row(Act.INIT, Act.OFFER, Act.FEED),
        State.SETTING_UP: row(Act.HOLD, Act.REFUSE, Act.IGNORE),
        State.LISTED: row(Act.OFFER, Act.REFUSE, Act.IGNORE),
        State.RUNNING: row(Act.OFFER, Act.REFUSE, Act.REFRESH),
        State.STOPPING: row(Act.REFUSE, Act.REFUSE, Act.IGNORE, Act.STOP_AGAIN),
        State.LATCHED: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.DROPPED: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
    }
)

WORKING = frozenset({State.ZERO, State.SETTING_UP, State.LISTED, State.RUNNING})
"""States that a discontinuity ends in LATCHED; in the others it is reported and no more."""

EXPECTED_MODES: Mapping[State, frozenset[int]] = MappingProxyType(
    {State.ZERO: frozenset({0}), State.RUNNING: frozenset({2})}
)
"""What GetStimulationMode must report where the driver believes to know the device [DOC]."""
