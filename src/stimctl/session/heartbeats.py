"""The heartbeats that output depends on: face, journal, hold, and somebody watching (K2)."""

from dataclasses import dataclass

from stimctl.codes import Code
from stimctl.session.config import (
    ATTENDANCE_ANSWER_NS,
    ATTENDANCE_PROMPT_NS,
    FACE_SILENT_NS,
    JOURNAL_AGE_NS,
    EngineConfig,
)
from stimctl.session.log import EventLog
from stimctl.session.reasons import Reason


@dataclass(frozen=True, slots=True)
class Lapse:
    """A heartbeat that has ceased; `fault` where it latches."""

    reason: Reason
    fault: bool


_FACE = Lapse(Reason(Code.FACE_SILENT, "no heartbeat from the program for 500 ms"), fault=False)
_HOLD = Lapse(Reason(Code.HOLD_EXPIRED, "the hold of the program has run out"), fault=False)
_JOURNAL = Lapse(Reason(Code.JOURNAL_STALE, "the newest durable row is older than 2 s"), fault=True)


class Heartbeats:
    """When each heartbeat was last seen. All times are the caller's clock in nanoseconds."""

    def __init__(self, config: EngineConfig, log: EventLog) -> None:
        self._config = config
        self._log = log
        self.face_ns: int | None = None
        self.hold_until_ns: int | None = None

    def face_alive(self, now_ns: int) -> bool:
        """Whether the face has beaten within 500 ms."""
        return self.face_ns is not None and now_ns - self.face_ns <= FACE_SILENT_NS

    def held(self, now_ns: int) -> bool:
        """Whether output is allowed by a hold, where one is required."""
        if not self._config.requires_hold:
            return True
        return self.hold_until_ns is not None and now_ns <= self.hold_until_ns

    def _journal_alive(self, now_ns: int) -> bool:
        newest = self._log.newest_durable_ns
        return newest is not None and now_ns - newest <= JOURNAL_AGE_NS

    def lapse(self, now_ns: int, *, output: bool) -> Lapse | None:
        """The first heartbeat that has ceased; hold and journal only matter while output is on."""
        if not self.face_alive(now_ns):
            return _FACE
        if output and not self.held(now_ns):
            return _HOLD
        if output and not self._journal_alive(now_ns):
            return _JOURNAL
        return None

    def deadline(self, *, output: bool) -> int:
        """When the next heartbeat would cease (1 ns after its limit)."""
        due = -1 if self.face_ns is None else self.face_ns + FACE_SILENT_NS
        if output:
            newest = self._log.newest_durable_ns
            due = min(due, -1 if newest is None else newest + JOURNAL_AGE_NS)
            if self._config.requires_hold:
                due = min(due, -1 if self.hold_until_ns is None else self.hold_until_ns)
        return due + 1


class Attendance:
    """Asks every five minutes of output whether somebody is watching."""

    def __init__(self, *, asking: bool) -> None:
        self._asking = asking
        self._only_person = False
        self._seen_ns = 0
        self._prompted_ns: int | None = None

    def require_person(self) -> None:
        """It is asked from now on, whatever was chosen, and commands are no answer."""
        self._asking = self._only_person = True

    def seen(self, now_ns: int, *, by_person: bool = False) -> bool:
        """Somebody is there; True when this answers an open prompt.

        `by_person`: a person at the machine has answered, not a command that a program can give.
        """
        if self._only_person and not by_person:
            return False
        answers = self._prompted_ns is not None
        self._seen_ns, self._prompted_ns = now_ns, None
        return answers

    def resumed(self, now_ns: int, paused_ns: int) -> None:
        """Output goes on after a pause that began at `paused_ns`: pausing is no answer where only
        a person's counts, and its time is no time of output."""
        if not self._only_person:
            self.seen(now_ns)
            return
        self._seen_ns += now_ns - paused_ns
        if self._prompted_ns is not None:
            self._prompted_ns += now_ns - paused_ns

    def deadline(self) -> int | None:
        """When to prompt, or when the answer is overdue; None when nothing is asked."""
        if not self._asking:
            return None
        if self._prompted_ns is not None:
            return self._prompted_ns + ATTENDANCE_ANSWER_NS
        return self._seen_ns + ATTENDANCE_PROMPT_NS

    def advance(self, now_ns: int) -> str | None:
        """`"prompt"` when it is time to ask, `"unanswered"` when nobody did answer."""
        due = self.deadline()
        if due is None or now_ns < due:
            return None
        if self._prompted_ns is None:
            self._prompted_ns = now_ns
            return "prompt"
        self.seen(now_ns, by_person=True)  # told once; the output ramps to zero
        return "unanswered"
