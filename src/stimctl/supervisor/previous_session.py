"""What earlier sessions mean for this one: told at its start (H03), held against its plan (H18)."""

from __future__ import annotations

from stimctl.errors import ImplausibleError
from stimctl.quantity import format_current
from stimctl.records.history import last_plateaus, unclean_end
from stimctl.session.alarms import MARKERS, Priority
from stimctl.session.host_rows import UncleanEnd
from stimctl.session.plausible import ACKNOWLEDGE, FACTOR, tenfold
from stimctl.supervisor.options import Options
from stimctl.treatment.program import AnyPlan, makes_current


def unclean_last_session(options: Options) -> UncleanEnd | None:
    """The row about the last session on this device, where its end is not on record."""
    last = unclean_end(options.journal_folder, options.device)
    if last is None:
        return None
    return UncleanEnd(
        last.session,
        last.started,
        last.device,
        what="the last session on this device has no end on record",
        why="its program was terminated, or it is still going on elsewhere",
        what_to_do="This session begins at zero. See what happened with: "
        f"stimctl sessions show {last.session}",
        marker=MARKERS[Priority.MEDIUM],
    )


def check_plausible(
    options: Options, plan: AnyPlan, protocol: str, acknowledged: frozenset[str]
) -> None:
    """Raise `ImplausibleError` where a channel may go ten times as high as the person's last time.

    Acknowledging H18 says that this is meant.
    """
    if not options.person or ACKNOWLEDGE in acknowledged or not makes_current(plan):
        return  # the scale of a device without current control ends at 100 % whatever was meant
    asked = {one.channel: one.most for one in plan.channels}
    last = last_plateaus(options.journal_folder, options.person, protocol, key=options.person_key)
    for found in tenfold(asked, last):
        raise ImplausibleError(
            f"channel {found.channel}: {format_current(found.asked_ua)} is not plausible",
            why=f"it is {FACTOR} times or more what the last session of {options.person} with "
            f"this protocol reached, {format_current(found.last_ua)}",
            what_to_do="look for a wrong unit or decimal sign; if it is intended, acknowledge "
            f"{ACKNOWLEDGE}",
        )
