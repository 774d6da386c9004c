"""The P24 driver's states and what each call means in each of them: one total table.

The device knows four states (nothing, low level, mid level, mid level running); the driver has
more, because it also has to know what it is waiting for and whether it may believe the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from stimctl.devices.exchange_rules import Act, Call, row


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


# A keep-alive is ignored wherever it could feed the watchdog of a device in doubt, and wherever
# the driver is proving the state of the device anyway.
CALLS: Mapping[State, Mapping[Call, Act]] = MappingProxyType(
    {
        State.UNKNOWN: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.FINDING: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.CLEARING: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.NAMING: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.ZERO: row(Act.INIT, Act.INIT, Act.ASK_STATUS),
        State.TO_MID: row(Act.HOLD, Act.REFUSE, Act.IGNORE),
        State.MID_INIT: row(Act.HOLD, Act.REFUSE, Act.IGNORE),
        State.MID: row(Act.OFFER, Act.SWITCH, Act.ASK_TRAINS),
        State.TO_LOW: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.LOW_INIT: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
        State.LOW: row(Act.SWITCH, Act.OFFER, Act.ASK_STATUS),
        State.STOPPING: row(Act.REFUSE, Act.REFUSE, Act.IGNORE, Act.STOP_AGAIN),
        State.LATCHED: row(Act.REFUSE, Act.REFUSE, Act.IGNORE),
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
