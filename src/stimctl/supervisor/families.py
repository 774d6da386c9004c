"""The device families for those who speak to the supervisor only, and which may have a port."""

from __future__ import annotations

from stimctl.devices.registry import Family as Family
from stimctl.devices.registry import family as family_named
from stimctl.errors import UsageError
from stimctl.supervisor.device_names import FAMILIES, TWIN, DeviceName

__all__ = ["Family", "family_named", "family_to_drive"]


def family_to_drive(device: DeviceName) -> Family:
    """The family of a device that a session is to drive.

    Raises `UsageError` for an unknown one, and for a device whose driver is another package's:
    nothing watches over what such a driver sends, so it drives its twin and no port.
    """
    if device.address and device.family not in FAMILIES:
        raise UsageError(
            f"{device} cannot be driven",
            why=f"the driver of {device.family} is no part of stimctl, and nothing guards what it "
            "sends to a device",
            what_to_do=f"use its twin: {TWIN}:{device.family}",
        )
    return family_named(device.family)
