"""The device families for those who speak to the supervisor only, and which may have a port."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stimctl.devices.registry import Family as Family
from stimctl.devices.registry import family as family_named
from stimctl.devices.registry import sheet_of as sheet_of
from stimctl.errors import StimctlError
from stimctl.records.trusted import check_may_drive
from stimctl.supervisor.device_names import FAMILIES, DeviceName, installed_families

__all__ = ["Family", "every_family", "family_named", "family_to_drive", "sheet_of"]


@cache
def every_family() -> tuple[str, ...]:
    """Every family there is a driver for: stimctl's own, then those of packages that can be loaded.

    `stimctl devices list` says why another one cannot.
    """
    return (*FAMILIES, *filter(_is_usable, installed_families()))


def _is_usable(name: str) -> bool:
    try:
        return bool(family_named(name))
    except StimctlError:
        return False


def family_to_drive(device: DeviceName, state: Path) -> Family:
    """The family of a device that a session is to drive.

    Raises `UsageError` for an unknown one, and `StateError` for a port whose driver is another
    package's and was not checked here, as it is, or is not trusted: that drives its twin only.
    """
    family = family_named(device.family)
    if device.address and family.package is not None:
        check_may_drive(state, device.family, family.package)
    return family
