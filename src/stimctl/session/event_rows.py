"""Events of a procedure: what became of each single event, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.session.reasons import Reason
from stimctl.session.row_base import Event, Kind

LevelList = tuple[int, ...]
"""Levels in the order in which they came."""


@dataclass(frozen=True, slots=True)
class EventOver(Event):
    """One event of a procedure is over. `number` counts from 1 in its stage.

    `outcome`: "given" (the device has acknowledged it), "blank" (an event without a pulse on
    purpose), "refused" (none was given, with the reason) or "unconfirmed" (it may have been
    given). `level_permille`: its share of the plateau; null where a hand or a rule found the level.
    `wanted`: what the rule had wanted, where a rule chose. `pulse`: the number of the row of its
    pulse, which was on the disk before it. `planned_ns`, `sent_ns` and `acked_ns` are times of the
    monotonic clock, as is `answer_ns`; `answer`: "felt", "too-much", or "" for none.
    """

    kind = Kind.EVENT
    number: int
    stage: str
    role: str
    channel: int
    level: int
    unit: str
    phase_width_us: int
    planned_ns: int
    outcome: str
    reason: Reason
    level_permille: int | None = None
    wanted: int | None = None
    pulse: int | None = None
    sent_ns: int | None = None
    acked_ns: int | None = None
    answer: str = ""
    answer_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Result(Event):
    """What a stage of a procedure has found, or a threshold marked by hand. Never a start value.

    `mark`: its name; "" for a stage that only gives events. `value`: null where nothing was found,
    or too many false alarms make it invalid (`valid`). `how`: "hand", "levels", "limits",
    "staircase" or "adaptive". `estimates` and `reversals`: levels in the order in which they were
    found. `events`, `given`, `refused`, `blanks`, `false_alarms`: how many. `why`: what ended the
    stage. `seed`: of the file; `plan`: the digest.
    """

    kind = Kind.RESULT
    mark: str
    stage: str
    role: str
    channel: int
    value: int | None
    unit: str
    valid: bool
    how: str
    estimates: LevelList
    reversals: LevelList
    events: int
    given: int
    refused: int
    blanks: int
    false_alarms: int
    why: Reason
    seed: int
    shape: str
    phase_width_us: int
    site: str | None
    electrode_mm2: int
    plan: str
