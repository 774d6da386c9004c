"""A plan for `check`: as asked, or at the highest amplitude that every limit allows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stimctl.errors import LimitRefusedError
from stimctl.quantity import format_current
from stimctl.stimulus.level import CURRENT, Level

if TYPE_CHECKING:
    from stimctl.cli.planning import Prepared
    from stimctl.treatment.program import AnyPlan, CurrentPlan


def plan_or_ceiling(prepared: Prepared) -> tuple[AnyPlan, tuple[str, ...]]:
    """The plan and what was assumed for it. Raises LimitRefusedError."""
    from stimctl.cli.planning import compile_prepared
    from stimctl.treatment.program import makes_current

    plan = compile_prepared(prepared)
    if not makes_current(plan):
        return plan, prepared.preview
    ceilings = {
        one.channel: ceiling_of(plan, one.channel, prepared.acknowledged)
        for one in plan.channels
        if not one.most
    }
    if not ceilings or not any("--amplitude" in line for line in prepared.preview):
        return plan, prepared.preview
    setups = tuple(
        replace(setup, most=Level(CURRENT, ceilings.get(setup.channel, setup.most.value)))
        for setup in prepared.setups
    )
    told = ", ".join(f"{channel}={format_current(ua)}" for channel, ua in ceilings.items())
    try:
        highest = compile_prepared(replace(prepared, setups=setups))
    except LimitRefusedError as error:
        note = f"each channel alone may go to {told}, all together may not: {error.why}"
        return plan, (*prepared.preview, note)
    note = f"figures are for the highest amplitude that all limits allow: {told}"
    return highest, (*prepared.preview, note)


def ceiling_of(plan: CurrentPlan, channel: int, acknowledged: frozenset[str]) -> int:
    """The highest amplitude in uA that the channel's limits allow, on the plan's grid."""
    from stimctl.safety import ceiling_ua

    one = plan.channel(channel)
    highest = ceiling_ua(one.stimulus, one.cleared.envelope, acknowledged=acknowledged)
    return highest - highest % one.step
