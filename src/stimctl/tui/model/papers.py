"""What has to be true of a person and a place before hardware is armed, beside screening and plan.

It belongs to one person and is empty for the next one. Every entry goes on record before arming.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stimctl.errors import UsageError
from stimctl.session.pin import pin_fits
from stimctl.tui.model.persons import now_s

if TYPE_CHECKING:
    from pathlib import Path

    from stimctl.records.pads import Pads
    from stimctl.tui.model.persons import Place
    from stimctl.tui.model.seats import Seat

_SECOND_DIGITS = 4
SIDES = ("left", "right")


@dataclass(slots=True)
class Papers:
    """`second`: the person was confirmed by a second identifier, too (H25); `pin`: as it was typed.
    `sides`: for each
    channel the site whose side was typed by hand (H41). `stop_key`: the STOP key that was pressed
    and seen to work (H32). `told_stop`: the person knows how to stop (N3). `approvals`: ids of
    specialists' approvals on file and of cautions that were read. `apart`: the places whose
    electrodes somebody has seen to be an electrode width apart (E6). `cautions`: the protocol whose
    own cautions were read. `new_pads`: they are used for the first time
    (E1); `pads_counted`: this session is counted among their uses. `isolated`: the device whose
    isolation from the mains no maker states, and somebody has seen to (H56)."""

    second: bool = False
    pin: str = field(default="", repr=False)
    sides: dict[int, str] = field(default_factory=dict)
    stop_key: str = ""
    told_stop: bool = False
    approvals: set[str] = field(default_factory=set)
    apart: tuple[Place, ...] = ()
    cautions: str = ""
    new_pads: bool = False
    #: For each channel the name under which its electrodes are kept, where they are.
    electrodes: dict[int, str] = field(default_factory=dict)
    pads_counted: bool = False
    isolated: str = ""
    #: What the patient said of the pain before, 0 to 10; "" where it was not asked.
    pain_before: str = ""

    def confirm_side(self, typed: str, seats: Sequence[Seat]) -> list[Seat]:
        """The channels on the side that was typed. Raises UsageError where there are none."""
        word = typed.strip().lower()
        if word not in SIDES:
            raise UsageError(f"{typed!r} is no side", what_to_do="type left or right")
        there = [seat for seat in seats if side_of(seat) == word]
        if not there:
            sides = ", ".join(
                f"channel {seat.channel} {seat.site}" for seat in seats if side_of(seat)
            )
            raise UsageError(
                f"side mismatch: you typed {word}",
                why=f"the set-up says {sides or 'no side at all'}",
                what_to_do="look at the patient, then correct the site",
            )
        self.sides.update({seat.channel: str(seat.site) for seat in there})
        return there

    def spaced(self, seats: Sequence[Seat]) -> bool:
        """The spacing is confirmed for these electrodes; another site or size asks again."""
        return bool(seats) and self.apart == places_of(seats)

    def open_sides(self, seats: Sequence[Seat]) -> list[Seat]:
        """The channels with a side that nobody has typed for their present site."""
        return [
            seat for seat in seats if side_of(seat) and self.sides.get(seat.channel) != seat.site
        ]


def places_of(seats: Sequence[Seat]) -> tuple[Place, ...]:
    """Where the electrodes of each channel are."""
    return tuple(seat.place for seat in seats)


def _pads(seats: Sequence[Seat]) -> list[Pads]:
    from stimctl.records.pads import Pads

    return [Pads(seat.site, seat.area_mm2) for seat in seats if seat.site]


def worn_pads(state: Path, person: str, seats: Sequence[Seat]) -> list[str]:
    """What is to be said of electrodes that are used up (E1); they burn."""
    from stimctl.records.pads import used

    now = now_s()
    found = used(state, person, _pads(seats)) if person else ()
    return [use.warning(now) for use in found if use.is_worn(now)]


def count_pads(state: Path, person: str, seats: Sequence[Seat], new: bool) -> None:
    """One more use of these electrodes. Raises JournalError."""
    from stimctl.records.pads import count_use

    count_use(state, person, _pads(seats), now_s(), new=new)


def side_of(seat: Seat) -> str:
    """ "left" or "right"; "" where the site has none to be mistaken, or is on both."""
    from stimctl.safety import SITES
    from stimctl.safety.sites import PADS_APART

    names = (seat.site or "").split(PADS_APART)
    sides = {SITES[name].side for name in names if name in SITES}
    return sides.pop() if len(sides) == 1 and sides <= set(SIDES) else ""


def check_second(typed: str, known: str) -> str:
    """The second identifier as typed. Raises UsageError where it is none, or another person's."""
    if len(typed) != _SECOND_DIGITS or not (typed.isascii() and typed.isdigit()):
        raise UsageError(
            "a PIN is four digits",
            why="the patient tells it, for example a year of birth; never a whole date",
        )
    if known and not pin_fits(typed, known):
        raise UsageError(
            "the PIN does not match this code",
            why="it is the wrong patient or the wrong code",
            what_to_do="ask the patient again",
        )
    return typed
