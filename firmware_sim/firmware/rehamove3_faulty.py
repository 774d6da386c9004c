"""A RehaMove3 twin whose firmware can misbehave; a healthy one starts sooner without this."""

from __future__ import annotations

from typing import Any

from firmware_sim.faults.firmware import FaultyRehaMove3

from .rehamove3 import RehaMove3Twin
from .rehamove3_twin import make as make_healthy


def make(**told: Any) -> RehaMove3Twin:
    """The same at time 0."""
    return make_healthy(**told, kind=FaultyRehaMove3)
