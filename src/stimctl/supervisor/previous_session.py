"""What earlier sessions mean for this one: told at its start (H03), held against its plan (H18)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stimctl.errors import ImplausibleError
from stimctl.quantity import format_current
from stimctl.records.history import last_plateaus, unclean_end
from stimctl.session.alarms import MARKERS, Priority
from stimctl.session.kits import AnyPlan
from stimctl.session.plausible import ACKNOWLEDGE, FACTOR, tenfold
from stimctl.supervisor.options import Options
from stimctl.treatment.gate_program import GatePlan

UNCLEAN_END = "unclean_end"
"""The kind of the row that tells of a session without an end."""


def unclean_last_session(options: Options) -> Mapping[str, Any] | None:
    """The row about the last session on this device, where its end is not on record."""
    last = unclean_end(options.journal_folder, options.device)
    if last is None:
        return None
    return {
        "marker": MARKERS[Priority.MEDIUM],
        "session": last.session,
        "started": last.started,
        "device": last.device,
        "what": "the last session on this device has no end on record",
        "why": "its program was terminated, or it is still going on elsewhere",
        "what_to_do": "This session begins at zero. See what happened with: "
        f"stimctl sessions show {last.session}",
    }


def check_plausible(
    options: Options, plan: AnyPlan, protocol: str, acknowledged: frozenset[str]
) -> None:
    """Raise `ImplausibleError` where a channel may go ten times as high as the person's last time.

    Acknowledging H18 says that this is meant.
    """
    if not options.person or ACKNOWLEDGE in acknowledged or isinstance(plan, GatePlan):
        return  # the scale of a device without current control ends at 100 % whatever was meant
    asked = {one.channel: one.cleared.amplitude_ua for one in plan.channels}
    last = last_plateaus(options.journal_folder, options.person, protocol)
    for found in tenfold(asked, last):
        raise ImplausibleError(
            f"channel {found.channel}: {format_current(found.asked_ua)} is not plausible",
            why=f"it is {FACTOR} times or more what the last session of {options.person} with "
            f"this protocol reached, {format_current(found.last_ua)}",
            what_to_do="look for a wrong unit or decimal sign; where it is meant, acknowledge "
            f"{ACKNOWLEDGE}",
        )
