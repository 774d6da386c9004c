"""The packages that drivers of others come in: which one, its version, and a hash of its files.

Nothing of a package is run here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, NamedTuple

from stimctl.devices.family import ENTRY_POINTS, DeviceFamily
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StimctlError, UsageError
from stimctl.safety.bounds import STANDARD_BOUNDS
from stimctl.safety.device_bounds import DeviceBounds, PercentBounds
from stimctl.safety.limits import Profile
from stimctl.safety.quantities import Quantity

TWINS = "firmware_sim.device"
_OURS = "stimctl"


class Package(NamedTuple):
    """Whose driver it is. `sha256`: of every file in its folders `tops`."""

    distribution: str
    version: str
    sha256: str
    tops: tuple[str, ...]

    @property
    def release(self) -> str:
        """What is trusted: DIST==VERSION."""
        return f"{self.distribution}=={self.version}"

    def __str__(self) -> str:
        return f"{self.release} sha256:{self.sha256}"


def package_of(name: str) -> Package:
    """The package that offers the family `name`. UsageError where that is not exactly one."""
    offers = list(entry_points(group=ENTRY_POINTS, name=name))
    if len(offers) != 1:
        owners = ", ".join(sorted(_owner(one) for one in offers)) or "none"
        raise _refused(name, f"exactly one installed package must offer it, not: {owners}")
    (offer,) = offers
    if offer.dist is None:
        raise _refused(name, "its package does not say what it is and which version")
    same = [
        one for one in entry_points(group=TWINS, name=name)
        if one.dist is not None and one.dist.name == offer.dist.name
    ]  # fmt: skip
    tops = tuple(sorted({one.module.partition(".")[0] for one in (offer, *same)}))
    return Package(offer.dist.name, offer.dist.version, _hash_of(name, tops), tops)


def check_row(row: DeviceFamily, package: Package) -> None:
    """UsageError where what it names lies elsewhere: in files that no hash speaks of."""
    for place in (row.sheet, row.driver, row.stop):
        top = str(place).partition(":")[0].partition(".")[0]
        if top not in (*package.tops, _OURS):
            raise _refused(row.name, f"{place!r} is neither in its package nor in stimctl")
    if not row.lines:
        raise _refused(row.name, "it does not say how its line is to be set")


def sound_sheet(row: DeviceFamily, sheet: object, package: Package) -> CapabilitySheet:
    """A copy of the sheet that says whose it is. Its bounds can only narrow the standard ones.

    UsageError for a sheet of another family, a bound that is missing or is no plain number, and one
    beyond a standard bound. A percent device has no watchdog that could be tested, so it counts as
    a device without one: attended only.
    """
    if type(sheet) is not CapabilitySheet or sheet.family != row.name:
        raise _refused(row.name, f"its sheet is no CapabilitySheet of {row.name}")
    bounds: Any = sheet.current or sheet.external_pulses
    if type(bounds) not in (DeviceBounds, PercentBounds):
        raise _refused(row.name, f"its bounds are no plain ones but {type(bounds).__name__}")
    times = (sheet.watchdog_us, sheet.keep_alive_us, sheet.refresh_us, sheet.boot_us)
    if any(one is not None and (type(one) is not int or one < 1) for one in times):
        raise _refused(row.name, "a time of its sheet is no whole number above 0")
    if sheet.watchdog_us is not None and sheet.keep_alive_us * 2 > sheet.watchdog_us:
        raise _refused(row.name, "its keep-alive comes less than twice within its watchdog")
    try:
        copy: Any = replace(bounds)  # every number is looked at again
    except StimctlError as wrong:
        raise _refused(row.name, str(wrong)) from wrong
    if isinstance(copy, PercentBounds):
        return replace(sheet, external_pulses=copy, watchdog_us=None, package=str(package))
    _check_narrows(row.name, copy)
    return replace(sheet, current=copy, package=str(package))


def _check_narrows(name: str, bounds: DeviceBounds) -> None:
    found = {Quantity.AMPLITUDE: bounds.amplitude_max_ua}
    for standard in STANDARD_BOUNDS[Profile.CLINIC]:
        value = found.get(standard.quantity)
        if value is not None and value > standard.value:
            wide = f"its {standard.quantity} reaches {value} {standard.unit}"
            raise _refused(name, f"{wide}, and {standard.limit_id} allows {standard.text}")


def _hash_of(name: str, tops: Iterable[str]) -> str:
    whole = hashlib.sha256()
    for top in tops:
        spec = find_spec(top)  # of a folder without a dot: nothing of it is run
        reader: Any = getattr(spec and spec.loader, "get_resource_reader", None)
        folder = None if reader is None else reader(top)
        if folder is None or not hasattr(folder, "files"):
            raise _refused(name, f"{top} is no folder with an __init__.py")
        for path, data in _files_of(folder.files(), top):
            whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def _files_of(folder: Any, path: str) -> Iterator[tuple[str, bytes]]:
    for one in sorted(folder.iterdir(), key=lambda one: str(one.name)):
        if one.name == "__pycache__":
            continue
        if one.is_dir():
            yield from _files_of(one, f"{path}/{one.name}")
        else:
            yield f"{path}/{one.name}", one.read_bytes()


def _owner(offer: EntryPoint) -> str:
    return offer.value if offer.dist is None else offer.dist.name


def _refused(name: str, why: str) -> UsageError:
    return UsageError(
        f"the device family {name!r} cannot be used",
        why=why,
        what_to_do="tell the author of that package, or remove it",
    )
