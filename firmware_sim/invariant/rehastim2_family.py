"""What the invariant knows of a RehaStim2."""

from __future__ import annotations

from firmware_sim.firmware.rehastim2 import WATCHDOG_US

from . import rehastim2_obedience, rehastim2_orders
from .families import Family

FAMILY = Family(
    rehastim2_orders.Reader,
    rehastim2_obedience.Obedience,
    rehastim2_obedience.Teller,
    rehastim2_obedience.ENDINGS,
    2_000,  # [IFU]
    WATCHDOG_US,
)
