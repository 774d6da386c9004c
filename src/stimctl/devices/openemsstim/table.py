"""The openEMSstim driver's states and what each call means in each of them: one total table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """What the driver believes and is busy with."""

    UNKNOWN = "unknown"  # nothing is known about the board
    CLEARING = "clearing"  # connect: it is waited for, stopped and asked for its dialect
    ZERO = "zero"  # verified: nothing is on
    RUNNING = "running"  # bursts may be on
    STOPPING = "stopping"
    LATCHED = "latched"  # the board is not what it was believed to be
    RESTARTED = "restarted"  # nothing can be on, but only stop() and connect() go on


class Call(StrEnum):
    """What the engine can ask."""

    CONNECT = "connect"
    APPLY = "apply"
    KEEP_ALIVE = "keep-alive"
    STOP = "stop"


class Act(StrEnum):
    """What the driver does about it."""

    FIND = "find"
    STOP = "stop"
    STOP_AGAIN = "stop-again"  # it is being repeated anyway
    REFUSE = "refuse"  # StateError
    IGNORE = "ignore"
    TAKE = "take"
    RENEW = "renew"


def _row(apply: Act, keep_alive: Act, stop: Act = Act.STOP) -> Mapping[Call, Act]:
    return MappingProxyType(
        {Call.CONNECT: Act.FIND, Call.APPLY: apply, Call.KEEP_ALIVE: keep_alive, Call.STOP: stop}
    )


CALLS: Mapping[State, Mapping[Call, Act]] = MappingProxyType(
    {
        State.UNKNOWN: _row(Act.REFUSE, Act.IGNORE),
        State.CLEARING: _row(Act.REFUSE, Act.IGNORE),
        State.ZERO: _row(Act.TAKE, Act.IGNORE),
        State.RUNNING: _row(Act.TAKE, Act.RENEW),
        State.STOPPING: _row(Act.REFUSE, Act.IGNORE, Act.STOP_AGAIN),
        State.LATCHED: _row(Act.REFUSE, Act.IGNORE),
        State.RESTARTED: _row(Act.REFUSE, Act.IGNORE),
    }
)

WORKING = frozenset({State.ZERO, State.RUNNING})
"""States that a discontinuity ends in LATCHED; in the others it is reported and no more."""
