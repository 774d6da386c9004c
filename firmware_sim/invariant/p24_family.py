"""What the invariant knows of a P24."""

from __future__ import annotations

from firmware_sim.firmware.p24_mid_level import KEEP_ALIVE_US

from . import p24_orders
from .families import Family

FAMILY = Family(
    p24_orders.Reader,
    p24_orders.CommandEffects,
    p24_orders.AnswerReader,
    p24_orders.ENDINGS,
    500,  # [IFU]
    KEEP_ALIVE_US,
)
