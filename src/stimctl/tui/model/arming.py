"""Why a session may not be armed now: the first thing that is missing, and where it is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.sizes import HEIGHT_MIN, WIDTH_MIN, too_small
from stimctl.tui.model.steps import next_gap

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_CAN_ARM = ("identified", "checked", "stopped")


def arm_refusal(desk: Desk) -> str | None:
    """None where arming may be asked of the supervisor, which has its own say."""
    bed = desk.bed
    if too_small(desk.width, desk.height):
        return f"the terminal is too small: enlarge it to {WIDTH_MIN}x{HEIGHT_MIN}"
    if desk.remote:
        return desk.remote
    far = desk.lookout.refusal(desk.clock.mono_ns(), real=not bed.live.sim)
    if far:
        return far
    if bed.live.identified and bed.plan is not None:
        if bed.live.state == "fault":
            return "there is a fault: remove its cause, then x acknowledges it"
        if bed.live.state == "identified" and bed.is_loaded:
            return "the plan is being checked on the device: wait for READY"
        if bed.live.state not in _CAN_ARM:
            return f"the session is {bed.live.state}, and is armed at verified zero only"
        if desk.is_building:
            return "the screens of the session are being put up: a moment"
    gap = next_gap(desk)
    return gap.refusal if gap else None
