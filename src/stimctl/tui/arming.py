"""Why a session may not be armed now: the first thing that is missing, and what would mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.frame import HEIGHT_MIN, WIDTH_MIN
from stimctl.tui.small import too_small

if TYPE_CHECKING:
    from stimctl.tui.desk import Desk

_CAN_ARM = ("identified", "checked", "stopped")


def arm_refusal(desk: Desk) -> str | None:
    """None where arming may be asked of the supervisor, which has its own say."""
    bed = desk.bed
    if too_small(desk.width, desk.height):
        return f"the terminal is too small: enlarge it to {WIDTH_MIN}x{HEIGHT_MIN}"
    if desk.remote:
        return desk.remote
    far = desk.lookout.refusal(desk.clock.mono_ns())
    if far:
        return far
    if bed.client is None or not bed.live.serial:
        return "no device is connected: 2 connect"
    if bed.plan is None:
        return bed.why_not or "no protocol is chosen: 4 protocols"
    if bed.live.state == "fault":
        return "there is a fault: remove its cause, then x acknowledges it"
    if bed.live.state == "identified" and bed.is_loaded:
        return "the plan is being checked on the device: wait for READY"
    if bed.live.state not in _CAN_ARM:
        return f"the session is {bed.live.state}, and is armed at verified zero only"
    return _screening_refusal(desk) or (None if bed.live.sim else _hardware_refusal(desk))


def _screening_refusal(desk: Desk) -> str | None:
    """What blocks, blocks on a twin too; what is open is asked for hardware only."""
    from stimctl.tui.screens.precheck import screening_of, why_not

    found = screening_of(desk, desk.bed.answers)
    if found.blocks:
        return why_not(found, desk.bed.approvals)
    if desk.bed.live.sim:
        return None
    return why_not(found, desk.bed.approvals) or None


def _hardware_refusal(desk: Desk) -> str | None:
    from stimctl.records.approvals import find_rehearsal, use_is_accepted
    from stimctl.session.confirmation import confirmation_of

    bed = desk.bed
    if not use_is_accepted(bed.state_folder):
        return "the statement of use is not accepted: stimctl run --help, --accept-research-use"
    if not bed.person:
        return "hardware needs a person's code: 1 person"
    if any(seat.site is None for seat in bed.choice.seats) if bed.choice else True:
        return "a channel has no site: 5 set-up"
    if not bed.stop_key_tested:
        return "press SPACE once to see the STOP key work (3 pre-check)"
    if find_rehearsal(bed.state_folder, bed.plan.digest()) is None:
        return "this plan has not been rehearsed: 6 adjust, then r"
    if desk.confirmed != confirmation_of(bed.plan):
        return "not confirmed: 6 adjust, r, then type the four characters it shows"
    return None
