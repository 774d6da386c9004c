"""What the head, the alarm banner and the steps of every screen show now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.words import clock_text
from stimctl.tui.widgets.state_banner import StateShown

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.live import Live


def head_shown(desk: Desk) -> StateShown:
    """State, time left, who, which device, and what flows."""
    live = desk.bed.live
    return StateShown(f"{live.state} {clock_text(live.left_us(desk.clock.mono_ns()))}")


def alarms_shown(desk: Desk) -> str:
    """The alarms, the worst first."""
    return desk.bed.live.alarms.words


def steps_shown(desk: Desk) -> str:
    """The way to a session."""
    return desk.page.title


def window_title(live: Live) -> str:
    """What the window's title says: the output first."""
    kind = "SIM " if live.sim else ""
    if live.state == "unknown":
        return "OUTPUT UNKNOWN - stimctl"
    if live.state == "running":
        on = " ".join(
            f"CH{one.number} {live.measure.text(one.set_level)}"
            for one in live.channels.values()
            if one.set_level
        )
        return f"{kind}OUTPUT ON {on} - stimctl"
    return f"{kind}{live.state} - stimctl"
