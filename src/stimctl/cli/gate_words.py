"""The rows of a session in percent as sentences, with what a calibration once found beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_intensity
from stimctl.supervisor.phrases import sentence_of

if TYPE_CHECKING:
    from stimctl.treatment.calibration import Calibration

Row = Mapping[str, Any]
_STATES = {
    "checked": "the plan is checked. Type arm",
    "armed": "armed at 0 %. Type go",
    "running": "RUNNING: output may be on. up, down, zero; SPACE or an empty line is STOP",
    "stopped": "stopped, zero verified. Type arm to begin again at 0 %, or quit",
    "fault": "FAULT at verified zero. Type acknowledge WHY, then arm; or quit",
    "paused": "paused. Type resume",
    "unknown": "OUTPUT NOT CONFIRMED",
}

_SHOWN = frozenset(
    {
        "set", "alarm", "channel_found", "leads_checked", "unknown", "zero_verified", "attendance",
        "stop_face", "prompt", "link", "withheld", "error",
    }
)  # fmt: skip


class GateWords:
    """Puts rows in words. `calibration`: for the channels in `fitting` only."""

    def __init__(self, calibration: Calibration | None, fitting: frozenset[int]) -> None:
        self._calibration = calibration
        self._fitting = fitting

    def percent(self, channel: int, percent: int) -> str:
        """An intensity, and beside it what it once came to; without a calibration no dose."""
        if percent and self._calibration is not None and channel in self._fitting:
            from stimctl.treatment.calibration import told

            return told(self._calibration, channel, percent)
        return format_intensity(percent)

    def of(self, row: Row) -> str:
        """What a row says to a person; empty for what only the record needs."""
        kind = row["kind"]
        if kind == "state":
            return _STATES.get(row["state"], "")
        if kind == "ack":
            outputs = row.get("channels") or {}
            on = [f"channel {ch} at {self.percent(int(ch), now)}" for ch, now in outputs.items()]
            return f"echoed by the board: {'; '.join(on) or 'nothing on'}"
        return sentence_of(row, "Type attend") or "" if kind in _SHOWN else ""
