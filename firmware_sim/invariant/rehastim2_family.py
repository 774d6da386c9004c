"""What the invariant knows of a RehaStim2."""

from __future__ import annotations

from firmware_sim.firmware.rehastim2 import WATCHDOG_US

from . import rehastim2_effects, rehastim2_orders
from .families import Family

FAMILY = Family(
    rehastim2_orders.Reader,
    rehastim2_effects.CommandEffects,
    rehastim2_effects.AnswerReader,
    rehastim2_effects.ENDINGS,
    2_000,  # [IFU]
    WATCHDOG_US,
)
