"""What must be on record before the supervisor arms real hardware, whichever face asks for it.

The faces ask more (screening, the confirmation hash) and explain more; this is the last gate, so
that a face with a mistake in it cannot stimulate a person unprepared. Software devices (a twin, a
pseudo terminal, a TCP port) pass.
"""

from __future__ import annotations

from pathlib import Path

from stimctl.errors import StateError, UsageError
from stimctl.records.approvals import STATEMENT, find_rehearsal, use_is_accepted
from stimctl.session.kits import AnyPlan


def check_prepared(plan: AnyPlan, person: str, state: Path) -> None:
    """Raise `StateError` or `UsageError` for the first thing that is missing."""
    if not use_is_accepted(state):
        raise StateError(
            "the statement of use has not been accepted on this computer yet",
            why=STATEMENT,
            what_to_do="accept it with `stimctl run ... --accept-research-use`",
        )
    if not person:
        raise UsageError(
            "hardware is armed for a person's code only",
            why="the record has to say for whom it is, by a pseudonym",
            what_to_do="give a code such as K-17",
        )
    for one in plan.channels:
        if one.setup.electrode.site is None:
            raise UsageError(
                f"channel {one.channel} has no site",
                why="blocked body sites can only be checked for known sites",
                what_to_do="say where its electrodes are",
            )
    if find_rehearsal(state, plan.digest()) is None:
        raise StateError(
            "this session has not been rehearsed",
            why="hardware runs only what has been rehearsed with the same plan and limits",
            what_to_do="`stimctl rehearse` it with the same options",
        )
