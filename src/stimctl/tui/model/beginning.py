"""What is kept of a person once current may flow: where the pads are, and that they were used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stimctl.tui.model.last_time import settings_of
from stimctl.tui.model.papers import count_pads, places_of

if TYPE_CHECKING:
    from stimctl.tui.model.bedside import Bedside


def session_began(bed: Bedside) -> None:
    """Places for the next time; one more use of the electrodes (E1), once in a session."""
    choice, papers = bed.choice, bed.papers
    if choice is None or not bed.person:
        return
    bed.keep(
        places={choice.name: places_of(choice.seats)},
        settings={choice.name: settings_of(choice, bed.device)},
    )
    if not bed.live.sim and not papers.pads_counted:
        papers.pads_counted = True
        work = partial(count_pads, bed.state_folder, bed.person, choice.seats, papers.new_pads)
        bed.jobs.run(work, lambda _done: None, lambda error: bed.say(str(error)))
