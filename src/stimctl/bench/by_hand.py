"""The made-up hand of a rehearsal, for plans that no script may raise; and what it let through."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.firmware.openemsstim_fields import wiper
from stimctl.bench.virtual import Bench
from stimctl.session.config import MS, SECOND
from stimctl.session.intents import Attend, Raise
from stimctl.session.states import State
from stimctl.stimulus.level import Level
from stimctl.treatment.program import AnyPlan

_RAISE_EVERY_NS = 450 * MS
_ATTEND_EVERY_NS = 240 * SECOND
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN)


def raise_by_hand(bench: Bench, plan: AnyPlan, reached: dict[int, int], end_ns: int) -> None:
    """Raise every channel step by step until the run is over; `reached`: how far each came."""
    attend_ns = bench.now_ns + _ATTEND_EVERY_NS
    while bench.state not in _OVER and bench.now_ns < end_ns:
        for one in plan.channels:
            following = bench.engine.plateau(one.channel) + one.step
            going_on = bench.state is State.RUNNING and not bench.engine.stopping
            if going_on and following <= one.most:
                bench.command(Raise(one.channel, Level(plan.scale, following)))
            bench.run_for(_RAISE_EVERY_NS)
            now = bench.engine.plateau(one.channel)
            reached[one.channel] = max(reached[one.channel], now)
        if bench.now_ns >= attend_ns and bench.state is State.RUNNING:
            attend_ns += _ATTEND_EVERY_NS
            bench.command(Attend())


def problems_let_through(bench: Bench, plan: AnyPlan) -> Iterator[str]:
    """Defects that the firmware showed, and more than was cleared."""
    rows = bench.twin.records()
    for row in rows:
        if row["kind"] == "defect":
            yield f"the firmware's defect {row['section']}: {row['what']}"
    ceilings = {one.channel: wiper(one.most) for one in plan.channels}
    for row in rows:
        if (
            row["kind"] == "wiper"
            and row["at_us"]
            and row["value"] < ceilings.get(row["channel"], 255)
        ):
            yield f"channel {row['channel']}: more was let through than was cleared"
            return
