"""A P24 twin whose firmware can misbehave; a healthy one starts sooner without this."""

from __future__ import annotations

from typing import Any

from firmware_sim.faults.firmware import FaultyP24

from .p24 import P24Twin
from .p24_twin import make as make_healthy


def make(**told: Any) -> P24Twin:
    """The same at time 0."""
    return make_healthy(**told, kind=FaultyP24)
