"""What the invariant knows of an openEMSstim."""

from __future__ import annotations

from . import gate_orders
from .families import GateFamily

FAMILY = GateFamily(
    gate_orders.Reader,
    gate_orders.AnswerReader,
    gate_orders.ENDINGS,
    len(gate_orders.CHANNELS),
    gate_orders.DEAD_MAN_US,
)
