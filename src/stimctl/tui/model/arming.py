"""Why a session may not be armed now: the first thing that is missing, and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stimctl.tui.model.sizes import HEIGHT_MIN, WIDTH_MIN, too_small

if TYPE_CHECKING:
    from stimctl.safety import Finding
    from stimctl.tui.model.bedside import Bedside
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
    if bed.client is None or not bed.live.identified:
        return "no device is connected: 2 connect"
    if bed.connected_for != bed.person:
        return "this session was opened for another person: 2 connect again (H25)"
    if bed.plan is None:
        return bed.why_not or "no protocol is chosen: 4 protocols"
    if bed.live.state == "fault":
        return "there is a fault: remove its cause, then x acknowledges it"
    if bed.live.state == "identified" and bed.is_loaded:
        return "the plan is being checked on the device: wait for READY"
    if bed.live.state not in _CAN_ARM:
        return f"the session is {bed.live.state}, and is armed at verified zero only"
    blocked = _screening_blocks(desk)  # what blocks, blocks on a twin too
    if blocked or bed.live.sim:
        return blocked
    return _use_refusal(desk) or _person_refusal(desk) or _plan_refusal(desk)


def _screening_blocks(desk: Desk) -> str | None:
    from stimctl.tui.old.precheck import screening_of, why_not

    found = screening_of(desk, desk.bed.answers)
    return why_not(found, desk.bed.papers.approvals) if found.blocks else None


def _use_refusal(desk: Desk) -> str | None:
    """What is missing of this computer and these keys."""
    from stimctl.records.approvals import use_is_accepted

    if not use_is_accepted(desk.bed.state_folder):
        return "the statement of use is not accepted: 2 connect, then u shows it"
    if not desk.bed.papers.stop_key:
        return "press SPACE once, to see the STOP key work (H32)"
    return None


def _person_refusal(desk: Desk) -> str | None:
    """What is missing of the person: who, whether it is that one, and whether they may."""
    from stimctl.tui.old.precheck import screening_of, why_not

    bed, papers = desk.bed, desk.bed.papers
    if not bed.person:
        return "hardware needs a person's code: 1 person"
    if not papers.second:
        return "the person is not confirmed by a second identifier: 1 person (H25)"
    open_ = why_not(screening_of(desk, bed.answers), papers.approvals)
    if open_:
        return f"{open_}: 3 pre-check"
    if not papers.told_stop:
        return "the person has to know how to stop: 3 pre-check, then t"
    return None


def _plan_refusal(desk: Desk) -> str | None:
    """What is missing of place and plan."""
    from stimctl.records.approvals import find_rehearsal
    from stimctl.session.confirmation import confirmation_of

    bed = desk.bed
    seats = bed.choice.seats if bed.choice else ()
    if not seats or any(seat.site is None for seat in seats):
        return "a channel has no site: 5 set-up"
    if not bed.papers.spaced(seats):
        return "electrode spacing is not confirmed: 5 set-up, then d (E6)"
    if not isolation_seen(bed):
        return "mains isolation is not confirmed: 5 set-up, then i (H56)"
    sides = bed.papers.open_sides(seats)
    if sides:
        return f"the side of ch{sides[0].channel} is not confirmed: 5 set-up, then s (H41)"
    if find_rehearsal(bed.state_folder, bed.plan_digest) is None:
        return "this plan has not been rehearsed: 6 adjust, then r"
    if desk.confirmed != confirmation_of(bed.plan):
        return "not confirmed: 6 adjust, r, then type the four characters it shows"
    return None


def isolation_seen(bed: Bedside) -> bool:
    """Software cannot see a leakage current: where no maker states isolation, people must (H56)."""
    stated = bed.plan is not None and bed.plan.sheet.isolation_stated
    return stated or bed.papers.isolated == bed.device


def papers_of(desk: Desk) -> dict[str, str]:
    """What the check found, by topic, for the record; each short enough for one command."""
    from stimctl.records.approvals import find_rehearsal
    from stimctl.tui.old.precheck import answers_text, screening_of

    bed, papers = desk.bed, desk.bed.papers
    found = screening_of(desk, bed.answers)
    rehearsal = find_rehearsal(bed.state_folder, bed.plan_digest)
    rehearsed = f"{rehearsal.confirmation} {rehearsal.digest}" if rehearsal else ""
    read = [one.id for one in found.cautions if one.id in papers.approvals]
    read += sorted(bed.choice.acknowledged) if bed.choice else ()
    cautious = bed.choice is not None and papers.cautions == bed.choice.name
    told = {
        "screening": answers_text(bed.answers),
        "specialist approvals": _ids(found.specialist, papers.approvals),
        "acknowledged": " ".join(read),
        "cautions": f"those of {papers.cautions} were read" if cautious else "",
        "pads": f"a pad width apart{', new' if papers.new_pads else ''}" if papers.apart else "",
        "isolation": f"seen to for {papers.isolated} (H56)" if papers.isolated else "",
        "identity": "confirmed by a second identifier" if papers.second else "",
        "sides": " ".join(f"ch{one} {site}" for one, site in sorted(papers.sides.items())),
        "stop": "the person knows how to stop" if papers.told_stop else "",
        "stop key": f"{papers.stop_key} pressed and seen" if papers.stop_key else "",
        "rehearsal": rehearsed,
        "terminal": desk.lookout.words(desk.clock.mono_ns()),
    }
    return {topic: text for topic, text in told.items() if text}


def handed_in(desk: Desk) -> list[dict[str, str]]:
    """The same for the supervisor, who asks it before hardware is armed; each one command."""
    from datetime import datetime

    from stimctl.session import readiness

    bed, papers = desk.bed, desk.bed.papers
    seats = bed.choice.seats if bed.choice else ()
    said = {
        readiness.FIRST_SESSION: papers.second,
        readiness.PADS_APART: papers.spaced(seats),
        readiness.ISOLATED: papers.isolated == bed.device,
        readiness.KNOWS_STOP: papers.told_stop,
        readiness.STOP_KEY: bool(papers.stop_key),
    }
    read = {id_ for id_, is_so in said.items() if is_so} | papers.approvals
    sides = [f"{channel}={readiness.side_of(at)}" for channel, at in sorted(papers.sides.items())]
    day = datetime.fromtimestamp(bed.memory.answered_s).astimezone().date().isoformat()
    answers = bed.answers_said or {
        "answers": " ".join(f"{id_}={'yes' if on else 'no'}" for id_, on in bed.answers.items()),
        "person": bed.person,
        "answered": day,
    }
    rest = {
        "approvals": " ".join(sorted(papers.approvals)),
        "acknowledge": " ".join(sorted(read)),
        "sides": " ".join(sides),
        "confirm": desk.confirmed,
        "second": bed.memory.second if papers.second else "",
    }
    return [answers if bed.answers else {}, {name: text for name, text in rest.items() if text}]


def _ids(findings: Sequence[Finding], accepted: set[str]) -> str:
    return " ".join(one.id for one in findings if one.id in accepted)
