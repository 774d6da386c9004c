"""How an attempt to stop one device ended, in words and as JSON. Loaded when there is one."""

from __future__ import annotations

from typing import NamedTuple

from stimctl.errors import ExitCode, StimctlError

UNKNOWN = "OUTPUT UNKNOWN: pull the electrode cable or switch off the device."


class StopOutcome(NamedTuple):
    """How an attempt to stop one device ended."""

    device: str
    verdict: str  # "verified", "unconfirmed" or "no-device"
    by: str  # "supervisor" or "port": who sent the frames
    elapsed_ms: int
    detail: str
    node: str = ""  # the device node that was stopped
    serial: str = ""  # what the device there calls itself
    session: int = 0  # the process of the session that held it; 0: no session did

    @property
    def exit_code(self) -> ExitCode:
        """0 verified, 6 not confirmed, 3 no device."""
        return {
            "verified": ExitCode.DONE,
            "no-device": ExitCode.NO_DEVICE,
        }.get(self.verdict, ExitCode.NOT_CONFIRMED_ZERO)

    def __str__(self) -> str:
        said = {
            "verified": f"{self.device}: output off, zero verified after {self.elapsed_ms} ms.",
            "no-device": f"{self.device}: no device.",
        }.get(self.verdict, f"{self.device}: {UNKNOWN}")
        return " ".join(part for part in (said, self._what_it_was(), self.detail) if part)

    def _what_it_was(self) -> str:
        """Which device that was: a name alone may have been led to another one."""
        if self.verdict == "no-device":
            return ""
        parts = [f"Session {self.session} held it" if self.session else "No session held it"]
        parts += [f"device node {self.node}"] if self.node and self.node != self.device else []
        parts += [f"serial number {self.serial}"] if self.serial else []
        return f"{', '.join(parts)}."


def worst_of(outcomes: list[StopOutcome]) -> ExitCode:
    """The exit code of several outcomes."""
    codes = {outcome.exit_code for outcome in outcomes}
    worst = (ExitCode.NOT_CONFIRMED_ZERO, ExitCode.NO_DEVICE, ExitCode.DONE)
    return next(code for code in worst if code in codes)


def as_json(outcome: StopOutcome) -> str:
    """One line of JSON."""
    import json

    told = {"schema": "stimctl.stop/1", **outcome._asdict(), "exit_code": int(outcome.exit_code)}
    return json.dumps(told)


def error_as_json(error: StimctlError) -> str:
    """One line of JSON."""
    import json

    return json.dumps({"schema": "stimctl.error/1", **error.as_dict()})
