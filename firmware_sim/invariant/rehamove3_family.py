"""What the invariant knows of a RehaMove3."""

from __future__ import annotations

from firmware_sim.firmware.p24_mid_level import KEEP_ALIVE_US

from . import rehamove3_orders
from .families import Family

FAMILY = Family(
    rehamove3_orders.Reader,
    rehamove3_orders.CommandEffects,
    rehamove3_orders.AnswerReader,
    rehamove3_orders.ENDINGS,
    500,  # [DOC]
    KEEP_ALIVE_US,
    rehamove3_orders.CHANNELS,
)
