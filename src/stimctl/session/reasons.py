"""A reason: a stable code for programs, and words for people.

Only the code is compared. A program that raises asks again for what is `PASSING`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stimctl.codes import Code
from stimctl.session.alarms import Condition


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is so. Two reasons with one code are the same to a program; without a code it
    is for people only."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text

    def with_text(self, text: str) -> Reason:
        """The same in other words."""
        return Reason(self.code, text)

    def and_(self, more: str) -> Reason:
        """The same with more words."""
        return self.with_text(f"{self.text}{more}")


def of_condition(condition: Condition, before: str = "", detail: str = "") -> Reason:
    """The words of an alarm condition as a reason."""
    return Reason(condition, f"{before}{condition.words}{f': {detail}' if detail else ''}")


STARTING: Final = Reason(
    Code.STARTING, "the output is starting, the device is not ready yet: raise again in a moment"
)
STANDING: Final = Reason(Code.STANDING, "no raise while the output is paused or stopped")
NOT_ON_RECORD: Final = Reason(Code.RAISE_NOT_ON_RECORD, "the last raise is not recorded yet")
NOT_ABOVE: Final = Reason(Code.NOT_ABOVE, "not above the present plateau: lower instead")
TOO_EARLY: Final = Reason(Code.TOO_EARLY, "too soon after the last raise")
AUTO_LOCKED: Final = Reason(
    Code.AUTO_LOCKED, "locked after 20 s without a change: unlock or lower, then raise"
)
NOT_CONFIRMED: Final = Reason(Code.NOT_CONFIRMED, "the device has not yet confirmed the last raise")
RAMPING: Final = Reason(Code.RAMPING, "a ramp of all channels is under way")
PENDING: Final = Reason(Code.RAISE_PENDING, "a raise is pending until the next on ramp")
NOT_AT_PLATEAU: Final = Reason(
    Code.NOT_AT_PLATEAU, "raises are possible while the channel is at its plateau only"
)
LEFT_OUT: Final = Reason(
    Code.LEFT_OUT, "this contraction is left out, so a raise could not be felt"
)
JOURNAL_LATE: Final = Reason(Code.JOURNAL_LATE, "the journal took longer than 250 ms")

#: The same raise may be possible later, while the session runs: whoever raises waits for it.
PASSING: Final = frozenset(
    {
        Code.STARTING, Code.RAISE_NOT_ON_RECORD, Code.TOO_EARLY, Code.NOT_CONFIRMED, Code.RAMPING,
        Code.RAISE_PENDING, Code.NOT_AT_PLATEAU, Code.LEFT_OUT, Code.SETTLING,
        Code.STEP_NOT_GIVEN,
    }
)  # fmt: skip

PLAN_ENDED: Final = Reason(Code.ENDED, "the plan has ended")
BUDGET_SPENT: Final = Reason(Code.BUDGET_SPENT, "the charge budget of this session is used up")
NOBODY_ANSWERED: Final = Reason(Code.NOBODY_ANSWERED, "nobody answered the attendance prompt")
NOT_IDENTIFIED: Final = Reason(
    Code.NOT_IDENTIFIED, "the device of this connection was never identified"
)

#: What ends every raise that was decided before it (the reason of the refusal begins with it).
LOWERED: Final = Reason(Code.LOWERED, "the channel was lowered")
FOLLOW_LINKED: Final = Reason(
    Code.FOLLOW_LINKED, "the channel is linked: neither a target nor a rule raises it alone"
)
LINKED: Final = Reason(Code.RELINKED, "the links of the channel were changed")
PAUSED: Final = Reason(Code.OUTPUT_PAUSED, "the output was paused")
STOPPED: Final = Reason(Code.OUTPUT_STOPPED, "the output was stopped")
BEGUN: Final = Reason(Code.RESTARTED, "the output has restarted")
STAGE_BEGUN: Final = Reason(Code.STAGE_BEGUN, "another stage has begun")
SETTLING: Final = Reason(
    Code.SETTLING, "the programme changes, and has not shown all of it at this plateau yet"
)
LINE_LATE: Final = Reason(Code.LINE_LATE, "the line took longer than 250 ms")
NOT_FELT: Final = Reason(
    Code.NOT_FELT, "the step before has had no activation yet that the device has acknowledged"
)
NEEDS_RESUME: Final = Reason(
    Code.NEEDS_RESUME,
    "inputs switch the stage that begins: see that nobody is startled, and resume",
)
OFF_IN_STAGE: Final = Reason(Code.OFF_IN_STAGE, "this channel is off in this stage")
LAST_STAGE: Final = Reason(Code.LAST_STAGE, "no stage follows: stop ends the session")
RULE_RAISES: Final = Reason(
    Code.RULE_RAISES, "in this stage no hand raises: its events take levels that were found before"
)
FADING = Reason(Code.FADING, "the output is ramping to zero")
