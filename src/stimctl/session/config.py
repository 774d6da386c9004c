"""What can be chosen for a session, and the fixed times of its safety rules with their sources."""

from dataclasses import dataclass
from typing import Final

MS: Final = 1_000_000
"""Nanoseconds in a millisecond."""
SECOND: Final = 1_000 * MS

RAISE_INTERVAL_NS: Final = 250 * MS
"""Rule A3: one increment of a plateau in this time at the soonest, nothing saved up (D); an
increment that is more than a hand may raise in that time takes longer."""
RAMP_MIN_NS: Final = 500 * MS
"""A cycle's ramp from zero to a plateau already raised takes at least this long (D)."""
RAMP_MIN_US: Final = RAMP_MIN_NS // 1_000
QUICK_RAMP_NS: Final = 100 * MS
"""Rule A14: the shortest ramp of functional output, up to what was held (D)."""
QUICK_RAMP_US: Final = QUICK_RAMP_NS // 1_000
QUICK_TICK_NS: Final = 20 * MS
"""How often such a ramp moves (D)."""
HELD_NS: Final = 10 * SECOND
"""Rule A14: an amplitude was held after so much acknowledged on time at it or above (D)."""
RAMP_TICK_NS: Final = 50 * MS
"""How often a ramp made by the engine itself moves."""
AUTO_LOCK_NS: Final = 20 * SECOND
"""Rule A5: raises lock after this long without a change (R: Empi Continuum manual)."""
LADDER_STEP_UA: Final = 2_000
"""Rule A16: a step of a rule is at most so large (D)."""
EVENT_LEAD_NS: Final = 300 * MS
"""The row of an event's pulse is written so long before its time, where that is known then (D)."""
EVENT_WAIT_NS: Final = 20 * MS
"""Rule K17: an event whose row is not on the disk so long after its time is skipped (D)."""
DURABLE_WAIT_NS: Final = 250 * MS
"""Rule K6: a raise that waits longer for the journal is stale and dropped (D)."""
LINE_FREE_NS: Final = 100 * MS
"""How long a single pulse waits for the answer to the one before it (D)."""
CONTRACTION_LEAD_US: Final = 300_000
"""A contraction's row is written this long before its ramp, longer than a raise may wait."""
JOURNAL_AGE_NS: Final = 2 * SECOND
"""Rule K2 (c): the newest durable row is at most this old while output is on (D)."""
TELEMETRY_NS: Final = SECOND
"""One durable row in this time while output is on (D)."""
FACE_SILENT_NS: Final = 500 * MS
"""Rule K2 (a): a face that has not beaten for this long is gone (D)."""
STALL_NS: Final = SECOND
"""Rule K9: a longer gap of the engine's own clock counts as link loss (D)."""
ANSWER_LATE_NS: Final = 100 * MS
"""Rule K1: an answer that takes longer is late (R: ScienceMode2 description, device maximum)."""
LATE_ANSWERS_DEGRADE: Final = 2
TIMELY_ANSWERS_RESTORE: Final = 4
"""So many answers in time in a row make a degraded link good again (D)."""
LINE_ERRORS_STOP: Final = 3
LINE_ERROR_WINDOW_NS: Final = 10 * SECOND
"""Hazard H08: this many damaged frames in this time stop the session (D)."""
STOP_OVERDUE_NS: Final = 500 * MS
"""Rule K8: zero not verified this long after a stop is UNKNOWN (D)."""
SOFT_RESUME_NS: Final = 60 * SECOND
"""Rule A1: after a longer pause every plateau is zero (D)."""
RESUME_RAMP_NS: Final = 5 * SECOND
"""Rule A1: the soft ramp after a shorter pause (D)."""
FADE_NS: Final = 3 * SECOND
"""The down ramp when nobody answers the attendance prompt (D)."""
ATTENDANCE_PROMPT_NS: Final = 300 * SECOND
ATTENDANCE_ANSWER_NS: Final = 30 * SECOND
"""Attendance: a prompt every 5 minutes of output, 30 s to answer (D)."""
FRESH_ZERO_NS: Final = 2 * SECOND
"""Rule M1: a zero verified longer ago than this is verified again before ARMED (D)."""
TRIP_MARGIN_NS: Final = 100 * MS
"""How much later than its watchdog a device may be seen to act (D)."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What a session is allowed to do.

    `scripted_raise`: the plan's raise schedule moves the plateaus; otherwise Raise intents do.
    `watchdog_test`: see the device's watchdog end a 0 mA train before CHECKED. On for hardware.
    `attended_by_prompt`: ask every five minutes whether somebody is watching.
    `requires_hold`: output needs an unexpired `Hold` (programs that use the API).
    `longest_hold_us`: a single hold may not be longer (microseconds).
    `find_channels`: after each beginning at zero a channel rises only after the person has said
    where the one before it is felt (`session.finding`).
    `follow`: plateaus may follow the targets of a program (rule A21); it needs `requires_hold`.
    `operated_by`: who raises besides a script, in the words of the record: "hand" or "program".
    `single_pulses`: plateaus bound `Pulse` intents, and no train is driven.
    """

    scripted_raise: bool = False
    watchdog_test: bool = True
    attended_by_prompt: bool = True
    requires_hold: bool = False
    longest_hold_us: int = 60_000_000
    single_pulses: bool = False
    operated_by: str = "hand"
    find_channels: bool = False
    follow: bool = False
