"""What a person sees while a session runs: one redrawn line, or plain lines off a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from stimctl.cli.output import for_terminal, is_terminal, styled
from stimctl.quantity import format_current
from stimctl.supervisor.stop_face_names import stop_face_words

Row = Mapping[str, Any]
_PLAIN_LINES = 20  # about so many progress lines in a session, off a terminal
_STALE_NS = 1_500_000_000  # three missed device intervals: no longer shown as current
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
        self._telemetry: Row | None = None
        self._next_plain_us = 0

    def show(self, row: Row) -> None:
        """Take one row of the session."""
        kind = row["kind"]
        if kind == "telemetry":
            self._telemetry = row
            self._draw_progress(row)
        elif kind == "state":
            self._state = str(row["state"])
            self.line(f"{self._state.upper()}: {row['why']}")
        elif kind == "line_kind":
            self._badge = "SIMULATION " if row["simulation"] else ""
            kind = "SIMULATION" if row["simulation"] else "REAL CURRENT"
            self.line(f"{kind}: {row['why']}")
        elif kind in _WORDS:
            self.line(_WORDS[kind](row))
        elif kind == "unknown":
            self.line(styled(_UNKNOWN, "red", sys.stderr))
            self.line(f"  {row.get('reason', '')}. {row.get('what_to_do', '')}")

    def line(self, text: str) -> None:
        """A line of words that stays."""
        if self._quiet:
            return
        self._write(f"{self._erase()}{for_terminal(text.rstrip())}\n")

    def close(self) -> None:
        """Leave the redrawn line as it is and go to the next one."""
        with contextlib.suppress(OSError, ValueError):
            if self._drawn:
                self._write("\n")
        self._drawn = 0

    def _draw_progress(self, row: Row) -> None:
        if self._quiet:
            return
        text = for_terminal(self._progress_text(row))
        if self._redraws:
            text = text[: max(20, shutil.get_terminal_size().columns - 1)]
            erase = self._erase()
            self._drawn = len(text)
            self._write(erase + text)
        elif int(row["plan_time_us"]) >= self._next_plain_us:
            step_us = max(1_000_000, self._duration_us // _PLAIN_LINES)
            self._next_plain_us = int(row["plan_time_us"]) + step_us
            self._write(f"{text}\n")

    def _progress_text(self, row: Row) -> str:
        left_us = max(0, self._duration_us - int(row["plan_time_us"]))
        channels = "  ".join(
            f"ch{channel} {format_current(ua)}{_acked(row, channel, ua)}"
            for channel, ua in row["set"].items()
        )
        now = f"set {channels}" if channels else "off at this moment"
        return f"{self._badge}STIM {clock(left_us)} left  {now}  link {row['link']}"

    def _erase(self) -> str:
        if not self._drawn:
            return ""
        drawn, self._drawn = self._drawn, 0
        return f"\r{' ' * drawn}\r"

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def clock(us: int) -> str:
    """Microseconds as minutes and seconds, rounded up so that 0:00 means over."""
    minutes, seconds = divmod(-(-us // 1_000_000), 60)
    return f"{minutes}:{seconds:02d}"


def _acked(row: Row, channel: str, set_ua: int) -> str:
    """Whether the device has accepted what was set, and how old that knowledge is."""
    acked = row["acked"].get(channel)
    age_ns = time.monotonic_ns() - int(row["mono_ns"])
    if acked is None or age_ns > _STALE_NS:
        return " (? not acknowledged)"
    word = "acked" if acked == set_ua else f"acked {format_current(acked)}"
    return f" ({word} {age_ns / 1e9:.1f} s ago)"


def _attendance(row: Row) -> str:
    if row.get("answered"):
        return "attendance: answered"
    seconds = int(row.get("answer_within_us", 0)) // 1_000_000
    if row.get("by_person"):
        return f"ARE YOU THERE? Answer at the machine within {seconds} s, or output ramps to zero"
    return f"ARE YOU THERE? Press Enter within {seconds} s, or the output ramps to zero"


def _where(row: Row) -> str:
    return f" channel {row['channel']}" if "channel" in row else ""


def _marker(row: Row) -> str:
    """The text marker of the alarm's priority, so that no colour is needed to see it."""
    return f"{row['marker']} " if row.get("marker") else ""


_WORDS: Mapping[str, Callable[[Row], str]] = {
    "hello": lambda row: f"connected to {row['address']}",
    "identity": lambda row: (
        "identified: "
        + ", ".join(
            f"{name} {row[name] or 'not told'}" for name in ("serial", "firmware") if name in row
        )
    ),
    "journal": lambda row: f"journal {row['file']}",
    "connect_failed": lambda row: f"no connection: {row['reason']}",
    "withheld": lambda row: f"channel {row.get('channel')} kept off: {row.get('reason', '')}",
    "refused": lambda row: f"refused: {row.get('intent', '')} {row.get('reason', '')}",
    "limit": lambda row: f"limit: {row.get('limit', '')}",
    "link": lambda row: f"link {row['quality']} {row.get('reason', '')}",
    "alarm": lambda row: f"{_marker(row)}ALARM ({row['priority']}): {row['what']}; {row['action']}",
    "stopping": lambda row: f"STOPPING: {row.get('reason', '')}",
    "zero_verified": lambda row: (
        f"OUTPUT OFF: zero verified after {int(row.get('after_us', 0)) / 1000:.0f} ms"
    ),
    "attendance": _attendance,
    "ready": lambda row: f"device {row['shown_as'] or 'without a serial number'}",
    "presence": lambda row: (
        f"present: {row['by']}" if row["given"] else f"nobody has answered: {row['why']}"
    ),
    "operator": lambda row: f"in charge: {row['code']}",
    "stop_face": stop_face_words,
    "prompt": lambda row: f"CHECK{_where(row)}: {row['text']}",
    "pending": lambda row: (
        f"channel {row['channel']}: {format_current(row['plateau_ua'])} pending, "
        f"{row['outcome']}: {row['reason']}"
    ),
    "unclean_end": lambda row: (
        f"{_marker(row)}{row['what']} (begun {row['started']}): {row['why']}. {row['what_to_do']}"
    ),
    "error": lambda row: f"error: {row.get('what', '')} {row.get('why', '')}",
}
