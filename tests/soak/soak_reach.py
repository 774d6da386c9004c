"""Which pairs of state and fault can be at all on a P24, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.session.states import State
from tests.soak.soak_session import Pair
from tests.soak.soak_troubles import ALL_FAULTS

WANTED = 20
"""So often each pair that can be should have been."""

_NEEDS_HOST_BYTES = frozenset(
    {
        "ack-only",
        "baud-mismatch",
        "drop",
        "duplicate",
        "flip",
        "half-frame",
        "hang",
        "jitter",
        "latency",
        "merge",
        "mute",
        "nak",
        "no-ack",
        "number-wrap",
        "slow",
        "split",
        "twice",
        "wrong-channel",
        "wrong-crc",
        "xoff-stuck",
        "echo",
        "unplug-during-stop",
    }
)
"""Faults that change passing bytes or commands: nothing is changed where nothing is said."""


_STIMULATES = (State.IDENTIFIED, State.RUNNING)
"""Where stimulation commands are sent: the run itself, and the 0 mA train of the watchdog test."""


def unreachable(pair: Pair) -> str | None:
    """Why this pair cannot be; None where it can."""
    state, name = pair
    if state is State.CLOSED and name in _NEEDS_HOST_BYTES:
        return "a closed session says nothing to the device"
    if state is State.CLOSED and name == "low-battery":
        return "nothing is said and no output is on that could make the supply sag"
    if name == "wrong-channel" and state not in _STIMULATES:
        return "no channel is named here, but for a command that was still on its way"
    return None


def pairs() -> Iterator[Pair]:
    """Every pair that can be."""
    for state in State:
        for name in ALL_FAULTS:
            if unreachable((state, name)) is None:
                yield state, name
