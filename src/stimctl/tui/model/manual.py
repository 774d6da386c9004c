"""A session by hand whose choices were made on the command line (`stimctl run --manual`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stimctl.session.needs import FIRST_SESSION, ISOLATED, KNOWS_STOP, PADS_APART
from stimctl.tui.model.papers import places_of, side_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stimctl.session.needs import Preparation
    from stimctl.tui.model.bedside import Bedside
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.planning import Choice


@dataclass(frozen=True, slots=True)
class Manual:
    """What was chosen.

    `said`: what people have said; `answers`: the screening answers of it, as the supervisor takes
    them. `level_text`: a level of a channel in words, with what a calibration found beside it.
    """

    device: str
    choice: Choice
    said: Preparation
    answers: Mapping[str, str] = field(default_factory=dict)
    person: str = ""
    operator: str = ""
    new_pads: bool = False
    level_text: Callable[[int, int], str] | None = None


def begin_manual(desk: Desk, manual: Manual) -> None:
    """Fill in the choices and connect. UsageError for a person's code or digits that are wrong."""
    bed = desk.bed
    if manual.person:
        bed.take_person(manual.person)
        if manual.said.second:
            bed.confirm_person(manual.said.second)
    _hand_in(bed, manual)
    bed.level_text = manual.level_text
    desk.expects = desk.confirmed = manual.said.confirm.strip().lower()
    bed.connect(manual.device)
    bed.take(manual.choice)
    desk.open("run")


def _hand_in(bed: Bedside, manual: Manual) -> None:
    """The checklist as far as the command line has answered it; the supervisor asks all of it."""
    said, papers, seats = manual.said, bed.papers, manual.choice.seats
    bed.answers, bed.answers_said = dict(said.answers), dict(manual.answers)
    papers.second = papers.second or FIRST_SESSION in said.acknowledged
    papers.told_stop = KNOWS_STOP in said.acknowledged
    papers.apart = places_of(seats) if PADS_APART in said.acknowledged else ()
    papers.isolated = manual.device if ISOLATED in said.acknowledged else ""
    papers.approvals = {*said.approvals, *said.acknowledged}
    papers.sides = {
        seat.channel: str(seat.site)
        for seat in seats
        if side_of(seat) and said.sides.get(seat.channel) == side_of(seat)
    }
    papers.new_pads = manual.new_pads
    papers.electrodes = dict(said.electrodes)
