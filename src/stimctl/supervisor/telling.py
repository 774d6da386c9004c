"""Plans, errors and refusals as the face is told them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stimctl.errors import LimitRefusedError, StateError, StimctlError
from stimctl.session.confirmation import confirmation_of
from stimctl.session.events import Kind, SessionEvent
from stimctl.treatment.program import Plan


def refusal_of(event: SessionEvent) -> StimctlError:
    """The error for a `refused` or `limit` event of the engine."""
    data = event.data
    if event.kind is Kind.LIMIT:
        why = f"channel {data['channel']} may have {data['allowed_ua']} uA ({data['limit']})"
        return LimitRefusedError("the raise is above a limit", why=why)
    return StateError(f"{data['intent']} refused", why=str(data["reason"]))


def compiled_of(plan: Plan) -> Mapping[str, Any]:
    """What a face is told of the plan that was compiled for it."""
    return {
        "digest": plan.digest(),
        "confirmation": confirmation_of(plan),
        "duration_us": plan.duration_us,
        "channels": [one.channel for one in plan.channels],
        "steps_ua": {str(one.channel): one.step_ua for one in plan.channels},
        "ceilings_ua": {str(one.channel): one.cleared.amplitude_ua for one in plan.channels},
    }


def told_of(error: Exception) -> Mapping[str, Any]:
    """An error as JSON-able values."""
    return error.as_dict() if isinstance(error, StimctlError) else {"what": str(error)}
