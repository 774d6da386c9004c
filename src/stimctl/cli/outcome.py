"""How a session of `stimctl run` ended, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from stimctl.codes import Code
from stimctl.errors import ExitCode
from stimctl.records.delivered import Delivered
from stimctl.session.reasons import Reason

NOT_STARTED = "not started"
NOT_COMPLETED = "not completed"


@dataclass(slots=True)
class Outcome:
    """How a session ended. `exit_code` is the program's; 6 means: go and look."""

    exit_code: int = int(ExitCode.BUG)
    word: str = NOT_STARTED
    reason: str = ""
    code: str = ""
    plan_time_us: int = 0
    journal: str = ""
    session: str = ""
    zero_after_us: int | None = None
    zero_verified: bool = False
    alarms: list[str] = field(default_factory=list)
    delivered: Delivered = field(default_factory=Delivered)

    def because(self, reason: Reason) -> None:
        """Why it ends; the first reason is the one to tell."""
        if not self.reason:
            self.reason, self.code = reason.text, reason.code


def judge(outcome: Outcome, closed: int | None, signalled: ExitCode | None) -> ExitCode:
    """The program's exit code, the worst thing first."""
    if closed is None or closed == ExitCode.NOT_CONFIRMED_ZERO:
        return ExitCode.NOT_CONFIRMED_ZERO
    if closed == ExitCode.INTEGRITY:
        return ExitCode.INTEGRITY
    if signalled is not None:
        return signalled
    if outcome.word == "completed":
        return ExitCode.DONE
    by_device = outcome.word == "fault" and outcome.code != Code.STOP_FACE_PRESSED
    return ExitCode.DEVICE_FAULT if by_device else ExitCode.REFUSED
