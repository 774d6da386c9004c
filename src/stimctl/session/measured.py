"""What a device has measured of one channel, as the rows of telemetry have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Measured(NamedTuple):
    """None: not measured."""

    current_ua: int | None = None
    impedance_ohm: int | None = None


def measured_of(told: Any) -> Measured:
    """Of one channel in `measured`: both figures by name, or the current alone."""
    if not isinstance(told, Mapping):
        return Measured(_whole(told))
    return Measured(_whole(told.get("current_ua")), _whole(told.get("impedance_ohm")))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
