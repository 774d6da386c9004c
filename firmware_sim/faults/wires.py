"""The wire that a device speaks, by what the device says it is."""

from __future__ import annotations

from firmware_sim.devices import find_twin, wire_named
from firmware_sim.firmware.wire import HEAD, Wire

from .model import FaultError

__all__ = ["HEAD", "Wire", "wire_of"]


def wire_of(device: object) -> Wire:
    """The wire of a device. FaultError where it does not say, or nobody knows, what it is."""
    family = str(getattr(device, "family", ""))
    if find_twin(family) is None:
        told = f"{family!r} is no twin known here" if family else "it does not say what it is"
        raise FaultError(f"how frames are made on the line to this device is not known: {told}")
    return wire_named(family)
