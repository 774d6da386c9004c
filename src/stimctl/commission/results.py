"""One line of a commissioning: what was expected, what was measured, and whether that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Verdict(StrEnum):
    """What one line came to."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_DONE = "not-done"
    NOT_APPLICABLE = "not-applicable"


class Finding(StrEnum):
    """What a line is about, and so what is wrong where it has failed. Stable codes."""

    IDENTITY = "identity"
    LINE = "line"
    WATCHDOG = "watchdog"
    STOP_CONFIRMED = "stop-confirmed"
    STOP_LATE = "stop-late"
    CHANNEL = "channel"
    AMPLITUDE = "amplitude"
    STEPS = "steps"
    WIDTH = "width"
    FREQUENCY = "frequency"
    BALANCE = "balance"
    OPEN_ELECTRODE = "open-electrode"
    HOST_KILL = "host-kill"
    SESSION = "session"


MEANINGS: Final[dict[Finding, str]] = {
    Finding.IDENTITY: "the device is another one than its label says",
    Finding.LINE: "the settings of the line are not those that the device needs",
    Finding.WATCHDOG: "the device does not end its output when the keep-alive ceases",
    Finding.STOP_CONFIRMED: "the device does not confirm a stop in time",
    Finding.STOP_LATE: "output goes on after a stop",
    Finding.CHANNEL: "the output is not on the channel that was commanded",
    Finding.AMPLITUDE: "the current is not the one that was commanded",
    Finding.STEPS: "the device does not have the steps of amplitude that its sheet says",
    Finding.WIDTH: "the phase width is not the one that was commanded",
    Finding.FREQUENCY: "the frequency is not the one that was commanded",
    Finding.BALANCE: "the two phases of a pulse do not cancel",
    Finding.OPEN_ELECTRODE: "the device does not report an open electrode",
    Finding.HOST_KILL: "output goes on after the host has died",
    Finding.SESSION: "the session with the device ended",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One line. `why`: where the tolerance comes from, with its certainty; texts carry units."""

    step: str
    about: str
    finding: Finding
    expected: str
    tolerance: str
    why: str
    measured: str
    verdict: Verdict

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the record."""
        return asdict(self)


def failed(results: Sequence[Result]) -> tuple[Finding, ...]:
    """What was found to be wrong, each once, in the order of the procedure."""
    bad = (one.finding for one in results if one.verdict is Verdict.FAILED)
    return tuple(dict.fromkeys(bad))


def has_passed(results: Sequence[Result]) -> bool:
    """Whether every line passed or does not apply, and there is one."""
    good = (Verdict.PASSED, Verdict.NOT_APPLICABLE)
    return bool(results) and all(one.verdict in good for one in results)
