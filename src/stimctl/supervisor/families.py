"""The device families for those who speak to the supervisor only, and which may have a port."""

from __future__ import annotations

from pathlib import Path

from stimctl.devices.registry import Family as Family
from stimctl.devices.registry import family as family_named
from stimctl.records.trusted import check_may_drive
from stimctl.supervisor.device_names import DeviceName

__all__ = ["Family", "family_named", "family_to_drive"]


def family_to_drive(device: DeviceName, state: Path) -> Family:
    """The family of a device that a session is to drive.

    Raises `UsageError` for an unknown one, and `StateError` for a port whose driver is another
    package's and was not checked here, as it is, or is not trusted: that drives its twin only.
    """
    family = family_named(device.family)
    if device.address and family.package is not None:
        check_may_drive(state, device.family, family.package)
    return family
