"""The families whose wire the shadow model reads, one row each; nothing else tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from firmware_sim.firmware.p24_mid_level import KEEP_ALIVE_US
from firmware_sim.firmware.rehastim2 import WATCHDOG_US

from . import gate_orders, p24_orders, rehastim2_obedience, rehastim2_orders
from .notices import Ending
from .orders import Obedience, Reader, Teller
from .rules import Rules


class Family(NamedTuple):
    """What there is to know of a family: who reads its host, its device and what that tells; the
    log rows with which it ends output by itself; its step and its dead-man (us)."""

    reader: Callable[[], Reader]
    obedience: Callable[[], Obedience]
    teller: Callable[[], Teller]
    endings: Mapping[str, Ending]
    step: int
    dead_man_us: int


FAMILIES: Mapping[str, Family] = {
    "p24": Family(
        p24_orders.Reader,
        p24_orders.Obedience,
        p24_orders.Teller,
        p24_orders.ENDINGS,
        500,  # [IFU]
        KEEP_ALIVE_US,
    ),
    "rehastim2": Family(
        rehastim2_orders.Reader,
        rehastim2_obedience.Obedience,
        rehastim2_obedience.Teller,
        rehastim2_obedience.ENDINGS,
        2_000,  # [IFU]
        WATCHDOG_US,
    ),
}


class GateFamily(NamedTuple):
    """The same of a device that lets through a part, in percent, of what another one gives."""

    reader: Callable[[], gate_orders.Reader]
    teller: Callable[[], gate_orders.Teller]
    endings: Mapping[str, Ending]
    channels: int
    dead_man_us: int


GATES: Mapping[str, GateFamily] = {
    "openemsstim": GateFamily(
        gate_orders.Reader,
        gate_orders.Teller,
        gate_orders.ENDINGS,
        len(gate_orders.CHANNELS),
        gate_orders.DEAD_MAN_US,
    ),
}


def fitted(rules: Rules, family: str) -> Rules:
    """The rules with the numbers of a family; of one that is not here no byte is read."""
    if (gate := GATES.get(family)) is not None:
        return replace(
            rules, family=family, unit="%", ceiling=100, step=1, channels=gate.channels,
            keep_alive=False, dead_man_us=gate.dead_man_us,
        )  # fmt: skip
    row = FAMILIES.get(family)
    if row is None:
        return replace(rules, line=False)
    return replace(rules, family=family, step=row.step, dead_man_us=row.dead_man_us)
