"""Events of what goes on by itself: the stages of a plan, and the target of a program."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.session.reasons import Reason
from stimctl.session.row_base import Event, Kind


@dataclass(frozen=True, slots=True)
class StageBegun(Event):
    """The next stage of a plan, or the one in which a run goes on after a stop; durable before its
    output. `number` counts from 1; `plan_time_us`: where the plan is then."""

    kind = Kind.STAGE
    number: int
    name: str
    what: str
    plan_time_us: int


@dataclass(frozen=True, slots=True)
class Followed(Event):
    """How a channel follows the target of a program (A21, A22). `phase`: "follows"; "keeps" the
    lower value, because the data are old; "falls" to zero; "ended". `lowest`, `highest`: how far it
    may follow."""

    kind = Kind.FOLLOWED
    channel: int
    level: int
    unit: str
    phase: str
    lowest: int
    highest: int
    reason: Reason
