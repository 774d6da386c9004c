"""Errors and refusals as the face is told them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stimctl.errors import LimitRefusedError, StateError, StimctlError
from stimctl.session.events import Kind, SessionEvent


def refusal_of(event: SessionEvent) -> StimctlError:
    """The error for a `refused` or `limit` event of the engine."""
    data = event.data
    if event.kind is Kind.LIMIT:
        why = f"channel {data['channel']} may have {data['allowed_ua']} uA ({data['limit']})"
        return LimitRefusedError("the raise is above a limit", why=why)
    return StateError(f"{data['intent']} refused", why=str(data["reason"]))


def told_of(error: Exception) -> Mapping[str, Any]:
    """An error as JSON-able values."""
    return error.as_dict() if isinstance(error, StimctlError) else {"what": str(error)}
