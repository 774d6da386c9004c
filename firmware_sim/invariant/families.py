"""The families whose wire the shadow model reads, one row each; nothing else tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from firmware_sim.firmware.p24_mid_level import KEEP_ALIVE_US
from firmware_sim.firmware.rehastim2 import WATCHDOG_US

from . import p24_orders, rehastim2_obedience, rehastim2_orders
from .notices import Ending
from .orders import Obedience, Reader, Teller
from .rules import Rules


class Family(NamedTuple):
    """What there is to know of a family: who reads its host, its device and what that tells; the
    log rows with which it ends output by itself; its step (uA) and its dead-man (us)."""

    reader: Callable[[], Reader]
    obedience: Callable[[], Obedience]
    teller: Callable[[], Teller]
    endings: Mapping[str, Ending]
    step_ua: int
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


def fitted(rules: Rules, family: str) -> Rules:
    """The rules with the numbers of a family; of one that is not here no byte is read."""
    row = FAMILIES.get(family)
    if row is None:
        return replace(rules, line=False)
    return replace(rules, family=family, step_ua=row.step_ua, dead_man_us=row.dead_man_us)
