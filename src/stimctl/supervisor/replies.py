"""What the supervisor answers a face: plans, readings and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from stimctl.errors import LimitRefusedError, StateError, StimctlError
from stimctl.session import rows
from stimctl.session.engine import Engine
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.finding import MEND_FIRST
from stimctl.treatment.program import AnyPlan

REFUSALS: Final = frozenset({Kind.REFUSED, Kind.LIMIT, Kind.CHANNEL_MISMATCH})
"""Events that whoever has caused them is told as an error."""


def refusal_of(event: SessionEvent) -> StimctlError:
    """The error for an event of the engine that is one of `REFUSALS`."""
    told = event.event
    if isinstance(told, rows.ChannelMismatch):
        return StateError(
            "all output is being stopped",
            code=told.reason.code,
            why=told.reason.text,
            what_to_do=MEND_FIRST,
        )
    if isinstance(told, rows.Limit):
        why = f"channel {told.channel} may have {told.allowed} {told.unit} ({told.limit})"
        return LimitRefusedError("the raise is above a limit", code=told.code, why=why)
    assert isinstance(told, rows.Refused)
    return StateError(f"{told.intent} refused", code=told.reason.code, why=told.reason.text)


def compiled_of(plan: AnyPlan) -> Mapping[str, Any]:
    """What a face is told of the plan that was compiled for it."""
    return {
        "digest": plan.digest(),
        "duration_us": plan.duration_us,
        "channels": [one.channel for one in plan.channels],
        "unit": plan.scale.unit,
        "steps": {str(one.channel): one.step for one in plan.channels},
        "ceilings": {str(one.channel): one.most for one in plan.channels},
        "notes": list(plan.notes),
    }


def told_readings(engine: Engine, now_ns: int) -> Mapping[str, Any]:
    """What is known of each channel now, in the unit of the plan; for whoever raises by steps."""
    scale = engine.scale
    return {
        "state": engine.state.value,
        "unit": None if scale is None else scale.unit,
        "channels": {
            str(channel): asdict(reading) for channel, reading in engine.readings(now_ns).items()
        },
    }
