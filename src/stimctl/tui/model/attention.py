"""What has to be heard and read first."""

from __future__ import annotations

from stimctl.tui.model.alarms import Alarm
from stimctl.tui.model.live import STALE_NS, Live


def alarm_now(live: Live, now_ns: int) -> Alarm | None:
    """What the face itself sees goes before what the rows say."""
    if live.attend_until_ns is not None:
        left_s = max(0, live.attend_until_ns - now_ns) // 10**9
        answer = f"press any key within {left_s} s, or the output goes to zero"
        return Alarm("attendance", "medium", "ARE YOU THERE?", answer, live.attend_until_ns)
    silent_ns = now_ns - live.newest_ns
    if live.state == "running" and silent_ns > STALE_NS:
        old = f"these numbers are {silent_ns / 1e9:.0f} s old; STOP if in doubt"
        return Alarm("stale", "high", "STALE", old, live.newest_ns)
    return live.alarms.worst()


_STATES = {
    "disconnected": "○ NO DEVICE", "identified": "■ CONNECTED", "checked": "■ READY",
    "armed": "▲ READY TO START", "running": "● ON", "paused": "‖ PAUSED",
    "stopped": "■ STOPPED", "completed": "✓ COMPLETED", "closed": "■ CLOSED",
    "fault": "✗ FAULT", "unknown": "? OUTPUT UNKNOWN", "stopping": "… STOPPING",
}  # fmt: skip


def state_of(live: Live) -> tuple[str, str]:
    """What the session does, in one of the names above, and in a glyph and a word of its own."""
    name = live.state
    if live.state != "unknown" and live.stopping_ns is not None:
        name = "stopping"
    elif live.state == "stopped" and live.plan_ended:
        name = "completed"
    return name, _STATES.get(name, f"? {name}")
