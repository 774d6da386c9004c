"""What is known of every channel at this moment: asked for, acknowledged, and what may follow."""

from dataclasses import dataclass

from stimctl.session.core import Core
from stimctl.session.states import State


@dataclass(frozen=True, slots=True)
class ChannelReading:
    """One channel, in the scale of its session.

    `plateau`: what was raised so far. `acked`: the output that the device has acknowledged last,
    0 while it is off; None where that is not known. `acked_ns`: when. `confirmed`: the device has
    what the plateau asks for. `wait`, `due_ns`: see `raising.Outlook`. `lowest_followed` and
    `highest_followed`: how far a program may follow a target (rule A21); 0 where it may not.
    """

    plateau: int
    acked: int | None
    acked_ns: int | None
    confirmed: bool
    wait: str
    due_ns: int
    lowest_followed: int
    highest_followed: int


def readings_of(core: Core, now_ns: int) -> dict[int, ChannelReading]:
    """By channel of the plan that is loaded; empty without one."""
    run = core.run
    if run is None:
        return {}
    running = core.state is State.RUNNING and not core.stopping
    found = {}
    for channel in run.channels:
        plateau = run.raising.plateau(channel)
        outlook = run.raising.outlook(now_ns, channel)
        acked, acked_ns = _acked(core, channel)
        found[channel] = ChannelReading(
            plateau=plateau,
            acked=acked,
            acked_ns=acked_ns,
            confirmed=running and run.has_confirmed(channel),
            wait=outlook.wait if running else "",
            due_ns=outlook.due_ns if running else 0,
            lowest_followed=run.raising.plateau_of(channel).lowest_followed,
            highest_followed=run.raising.plateau_of(channel).highest_followed,
        )
    return found


def _acked(core: Core, channel: int) -> tuple[int | None, int | None]:
    if core.zero_ns is not None:
        return 0, core.zero_ns
    if core.stopping or core.state is State.UNKNOWN or core.run is None:
        return None, None
    output = core.run.output
    acked_ns = core.run.acked_ns
    return output.acked.get(channel, 0), core.zero_seen_ns if acked_ns is None else acked_ns
