"""The device families that stimctl drives, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stimctl.devices.driver import DeviceDriver
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.devices.p24.driver import P24Driver
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Family:
    """A device family: its sheet, and a new driver for one device of it."""

    sheet: CapabilitySheet
    new_driver: Callable[[], DeviceDriver]


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        one.sheet.family: one
        for one in (
            Family(P24_SHEET, P24Driver),
            Family(REHASTIM2_SHEET, RehaStim2Driver),
            Family(OPENEMSSTIM_SHEET, OpenEmsStimDriver),
        )
    }
)


def family(name: str) -> Family:
    """The family called `name`; UsageError names the known ones when there is none."""
    found = FAMILIES.get(name)
    if found is None:
        known = ", ".join(sorted(FAMILIES))
        raise UsageError(
            f"no device family is called {name!r}", what_to_do=f"The known families are: {known}"
        )
    return found


def sheet_of(name: str) -> CapabilitySheet:
    """The capability sheet of the family called `name`; UsageError when there is none."""
    return family(name).sheet
