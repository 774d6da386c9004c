"""Events of a plan that has stages."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.session.row_base import Event, Kind


@dataclass(frozen=True, slots=True)
class StageBegun(Event):
    """The next stage of a plan, or the one in which a run goes on after a stop; durable before its
    output. `number` counts from 1; `plan_time_us`: where the plan is then."""

    kind = Kind.STAGE
    number: int
    name: str
    what: str
    plan_time_us: int
