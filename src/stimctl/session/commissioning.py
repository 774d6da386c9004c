"""Whether a device has been commissioned: what voids it, as a pure function.

A commissioning is of one device, as it was, by the driver that drove it, and it grows old.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

COUNTS_FOR_DAYS: Final = 183
"""Half a year: the RehaStim2 manual asks for a test of its quick stop every 6 months (R)."""
NOBODY: Final = "nobody is connected"
"""What is typed, exactly, before a bench session puts anything out."""
LEAST_OHM: Final = 200
MOST_OHM: Final = 2_000
"""The resistor on the leads (D): below, a pulse of 20 mA is hard to read; above, 20 mA need more
than 40 V, and a device can reach its voltage limit."""
BENCH_MOST_UA: Final = 25_000
BENCH_MOST_PERCENT: Final = 80
"""A bench session goes no higher (D): its highest step, and some room for a coarse grid."""


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """The device on the line, and the code that drives it, today."""

    names: tuple[str, ...]
    family: str
    firmware: str
    driver_sha256: str
    today: date


@dataclass(frozen=True, slots=True)
class Commissioning:
    """The newest commissioning on record of a device. `sound`: its signature is valid; else `why`.

    `name`: what tells the device from others ("serial 2103-17").
    """

    name: str
    family: str
    firmware: str
    driver_sha256: str
    day: date
    passed: bool
    sound: bool = True
    why: str = ""


def why_not_commissioned(
    found: Commissioning | None, now: DeviceNow, excepted: Collection[str] = ()
) -> str:
    """Why this device does not count as commissioned; "" where it does.

    `excepted`: devices that the accepted statement of use names; "family NAME" for one that nothing
    tells from others of its family.
    """
    if any(name in excepted for name in now.names or (f"family {now.family}",)):
        return ""
    if not now.names:
        return "it reports no serial number and its adapter has none, so nothing on record is of it"
    if found is None or found.name not in now.names or found.family != now.family:
        return f"there is no commissioning of {now.names[0]} on record here"
    return _why_void(found, now)


def _why_void(found: Commissioning, now: DeviceNow) -> str:
    of = f"its commissioning of {found.day}"
    if not found.sound:
        return f"{of} is not as it was signed: {found.why}"
    if not found.passed:
        return f"{of} was not passed"
    if found.firmware != now.firmware:
        return f"{of} was with firmware {found.firmware}, and it has {now.firmware} now"
    if found.driver_sha256 != now.driver_sha256:
        return f"{of} was with another version of the driver"
    if found.day > now.today:
        return f"{of} is still to come: this computer says that today is {now.today}"
    if now.today - found.day > timedelta(days=COUNTS_FOR_DAYS):
        return f"{of} is older than {COUNTS_FOR_DAYS} days"
    return ""
