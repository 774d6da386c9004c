"""The device families as they are used: sheets and drivers, loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from stimctl.devices.driver import AnyDriver
from stimctl.devices.family import NAMES, DeviceFamily, family_row, load
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import UsageError

if TYPE_CHECKING:
    from stimctl.devices.packages import Package


@dataclass(frozen=True, slots=True)
class Family:
    """A device family: its row, its sheet, and a new driver for one device of it.

    `package`: whose it is, where it is no part of stimctl.
    """

    row: DeviceFamily
    sheet: CapabilitySheet
    new_driver: Callable[[], AnyDriver]
    package: Package | None = None


@cache
def family(name: str) -> Family:
    """The family called `name`; UsageError names the known ones when there is none."""
    row = family_row(name)
    if name in NAMES:
        return Family(row, load(row.sheet), load(row.driver))
    return _of_package(row)


def sheet_of(name: str) -> CapabilitySheet:
    """The sheet alone: the driver of a family that is only listed is not loaded."""
    row = family_row(name)
    sheet: CapabilitySheet = load(row.sheet) if name in NAMES else family(name).sheet
    return sheet


def _of_package(row: DeviceFamily) -> Family:
    from stimctl.devices import packages  # late: stimctl's own need nothing of it

    package = packages.package_of(row.name)
    packages.check_row(row, package)
    try:
        sheet, driver = load(row.sheet), load(row.driver)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"the device family {row.name!r} cannot be used",
            why=f"{package.release} raises {error!r} when it is loaded",
            what_to_do="tell the author of that package, or remove it",
        ) from error
    return Family(row, packages.sound_sheet(row, sheet, package), driver, package)


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
