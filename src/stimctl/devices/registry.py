"""The device families as they are used: sheets and drivers, loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from stimctl.devices.driver import DeviceDriver
from stimctl.devices.family import NAMES, DeviceFamily, family_row, load
from stimctl.devices.sheet import CapabilitySheet


@dataclass(frozen=True, slots=True)
class Family:
    """A device family: its row, its sheet, and a new driver for one device of it."""

    row: DeviceFamily
    sheet: CapabilitySheet
    new_driver: Callable[[], DeviceDriver]


@cache
def family(name: str) -> Family:
    """The family called `name`; UsageError names the known ones when there is none."""
    row = family_row(name)
    return Family(row, load(row.sheet), load(row.driver))


def sheet_of(name: str) -> CapabilitySheet:
    """The capability sheet of the family called `name`; UsageError when there is none."""
    return family(name).sheet


class _Families(Mapping[str, Family]):
    """Those that are built in."""

    def __getitem__(self, name: str) -> Family:
        if name not in NAMES:
            raise KeyError(name)
        return family(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


FAMILIES: Mapping[str, Family] = _Families()
