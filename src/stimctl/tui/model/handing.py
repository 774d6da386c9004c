"""What people have said, from the screens: for the record, and for the supervisor, who asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from stimctl.records.outcome_form import BEFORE

if TYPE_CHECKING:
    from stimctl.safety import Finding, Screening
    from stimctl.session.needs import Preparation
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.planning import Choice


def screening_of(desk: Desk, answers: Mapping[str, bool]) -> Screening:
    """What the answers mean for what is chosen."""
    return screening_for(desk.bed.choice, answers)


def screening_for(choice: Choice | None, answers: Mapping[str, bool]) -> Screening:
    """What the answers mean at the sites of a choice; at the trunk where there is none."""
    from stimctl.safety import screen

    sites = [seat.site for seat in choice.seats if seat.site] if choice else []
    motor = any(role.moves_muscle for role in choice.protocol.channels) if choice else True
    return screen(answers, sites, motor=motor)


def answers_text(answers: Mapping[str, bool]) -> str:
    """The answers for the record, short enough for one command."""
    return " ".join(f"{id_[1:]}{'y' if yes else 'n'}" for id_, yes in sorted(answers.items()))


def papers_of(desk: Desk) -> dict[str, str]:
    """What was asked and answered, by topic, for the record; each short enough for one command."""
    from stimctl.records.approvals import find_rehearsal

    bed, papers = desk.bed, desk.bed.papers
    found = screening_of(desk, bed.answers)
    rehearsal = find_rehearsal(bed.state_folder, bed.plan_digest)
    rehearsed = f"{rehearsal.confirmation} {rehearsal.digest}" if rehearsal else ""
    read = [one.id for one in found.cautions if one.id in papers.approvals]
    read += sorted(bed.choice.acknowledged) if bed.choice else ()
    cautious = bed.choice is not None and papers.cautions == bed.choice.name
    told = {
        "screening": answers_text(bed.answers),
        "specialist approvals": _approved(desk, found.specialist),
        "acknowledged": " ".join(read),
        "cautions": f"those of {papers.cautions} were read" if cautious else "",
        "pads": f"a pad width apart{', new' if papers.new_pads else ''}" if papers.apart else "",
        "isolation": f"seen to for {papers.isolated} (H56)" if papers.isolated else "",
        "identity": "confirmed by a second identifier" if papers.second else "",
        "sides": " ".join(f"ch{one} {site}" for one, site in sorted(papers.sides.items())),
        "stop": "the person knows how to stop" if papers.told_stop else "",
        "stop key": f"{papers.stop_key} pressed and seen" if papers.stop_key else "",
        BEFORE: papers.pain_before,
        "rehearsal": rehearsed,
        "terminal": desk.lookout.words(desk.clock.mono_ns()),
    }
    return {topic: text for topic, text in told.items() if text}


def handed_in(desk: Desk) -> list[dict[str, str]]:
    """The same for the supervisor, who asks it before hardware is armed; each one command."""
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
        "second": papers.pin,
        "electrodes": " ".join(f"{one}={name}" for one, name in papers.electrodes.items()),
    }
    return [answers if bed.answers else {}, {name: text for name, text in rest.items() if text}]


def preparation(desk: Desk) -> Preparation:
    """The same as the supervisor has it once it is handed in."""
    from stimctl.supervisor.preparation import Handed

    handed = Handed()
    for fields in handed_in(desk):
        handed.take(fields)
    return handed.said


def _approved(desk: Desk, findings: Sequence[Finding]) -> str:
    """Of conditions, and of a locked protocol."""
    from stimctl.session.protocol_locks import approval_of

    choice, approvals = desk.bed.choice, desk.bed.papers.approvals
    ids = [one.id for one in findings] + ([approval_of(choice.protocol)] if choice else [])
    return " ".join(id_ for id_ in ids if id_ in approvals)
