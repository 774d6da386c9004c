"""What a person sees while a session runs: one redrawn line, or plain lines off a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from stimctl.cli.output import for_terminal, is_terminal, styled
from stimctl.quantity import format_clock, format_current
from stimctl.session.events import Kind, event_of
from stimctl.session.host_rows import LineKind
from stimctl.session.rows import OutputUnknown, Telemetry
from stimctl.supervisor.phrases import describe

Row = Mapping[str, Any]
_PLAIN_LINES = 20  # about so many progress lines in a session, off a terminal
_STALE_NS = 1_500_000_000  # three missed device intervals: no longer shown as current
# A script raises: what it does step by step is in the line that is redrawn.
_QUIET = frozenset(
    {
        Kind.SET, Kind.PLAN, Kind.DEAD_MAN, Kind.LINKED, Kind.CONTRACTION, Kind.CONTRACTED,
        Kind.ENDED, Kind.NOTE, Kind.CLOCK,
    }
)  # fmt: skip
_UNKNOWN = "OUTPUT UNKNOWN: PULL THE ELECTRODE CABLE OR SWITCH OFF THE DEVICE"


class Progress:
    """Turns rows of a session into words on stderr. OSError where nobody can read them any more."""

    def __init__(self, duration_us: int, *, simulation: bool, quiet: bool = False) -> None:
        self._duration_us = duration_us
        self._badge = "SIMULATION " if simulation else ""
        self._quiet = quiet
        self._redraws = is_terminal(sys.stderr)
        self._drawn = 0
        self._state = "disconnected"
        self._next_plain_us = 0

    def show(self, row: Row) -> None:
        """Take one row of the session."""
        match event_of(row):
            case Telemetry() as now:
                self._draw_progress(now, int(row["mono_ns"]))
            case OutputUnknown(reason, what_to_do):
                self.line(styled(_UNKNOWN, "red", sys.stderr))
                self.line(f"  {reason}. {what_to_do}")
            case None:
                pass
            case event if event.kind not in _QUIET:
                if isinstance(event, LineKind):
                    self._badge = "SIMULATION " if event.simulation else ""
                self.line(describe(event, "Press Enter") or "")

    def line(self, text: str) -> None:
        """A line of words that stays."""
        if self._quiet or not text:
            return
        self._write(f"{self._erase()}{for_terminal(text.rstrip())}\n")

    def close(self) -> None:
        """Leave the redrawn line as it is and go to the next one."""
        with contextlib.suppress(OSError, ValueError):
            if self._drawn:
                self._write("\n")
        self._drawn = 0

    def _draw_progress(self, now: Telemetry, at_ns: int) -> None:
        if self._quiet:
            return
        text = for_terminal(self._progress_text(now, at_ns))
        if self._redraws:
            text = text[: max(20, shutil.get_terminal_size().columns - 1)]
            erase = self._erase()
            self._drawn = len(text)
            self._write(erase + text)
        elif now.plan_time_us >= self._next_plain_us:
            step_us = max(1_000_000, self._duration_us // _PLAIN_LINES)
            self._next_plain_us = now.plan_time_us + step_us
            self._write(f"{text}\n")

    def _progress_text(self, now: Telemetry, at_ns: int) -> str:
        left_us = max(0, self._duration_us - now.plan_time_us)
        channels = "  ".join(
            f"ch{channel} {format_current(ua)}{_acked(now, at_ns, channel, ua)}"
            for channel, ua in now.set.items()
        )
        told = f"set {channels}" if channels else "off at this moment"
        return f"{self._badge}STIM {format_clock(left_us)} left  {told}  link {now.link}"

    def _erase(self) -> str:
        if not self._drawn:
            return ""
        drawn, self._drawn = self._drawn, 0
        return f"\r{' ' * drawn}\r"

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _acked(now: Telemetry, at_ns: int, channel: int, set_ua: int) -> str:
    """Whether the device has accepted what was set, and how old that knowledge is."""
    acked = now.acked.get(channel)
    age_ns = time.monotonic_ns() - at_ns
    if acked is None or age_ns > _STALE_NS:
        return " (? not acknowledged)"
    word = "acked" if acked == set_ua else f"acked {format_current(acked)}"
    return f" ({word} {age_ns / 1e9:.1f} s ago)"
