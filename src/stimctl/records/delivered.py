"""What the devices of a record have acknowledged: summed over its runs, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stimctl.quantity import format_current
from stimctl.session.row_base import Kind

FIELD: Final = "acknowledged"
"""The field of the rows `telemetry`, `unknown` and `ended` that counts the run so far."""
HOW: Final = "computed from acknowledged set points and their times"
_US = 1_000


class Delivered:
    """Takes the rows of one session in order. A run that was killed counts up to its last row."""

    def __init__(self) -> None:
        self._before: dict[str, dict[str, int]] = {}
        self._run: dict[str, dict[str, int]] = {}

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """Learn from one row."""
        if kind == Kind.START:
            self._before, self._run = self.by_channel, {}
        elif isinstance(data.get(FIELD), Mapping):
            self._run = {channel: dict(one) for channel, one in data[FIELD].items()}

    @property
    def by_channel(self) -> dict[str, dict[str, int]]:
        """Of all runs together; empty where nothing was acknowledged, or nothing recorded of it."""
        total = {channel: dict(one) for channel, one in self._before.items()}
        for channel, one in self._run.items():
            into = total.setdefault(channel, {})
            for name, value in one.items():
                highest = name.startswith("peak_")
                into[name] = max(into.get(name, 0), value) if highest else into.get(name, 0) + value
        return total


def describe(told: Mapping[str, int]) -> str:
    """One channel: pulses, charge and peak, or time and highest share of another unit's pulses."""
    on = f"on for {told.get('on_ms', 0) / 1_000:.1f} s"
    if "peak_percent" in told:
        return f"{on}, at most {told['peak_percent']} %"
    charge = told.get("charge_nc", 0) / 1e6
    return (
        f"{told.get('pulses', 0)} pulses, {charge:.4g} mC in first phases, "
        f"peak {format_current(told.get('peak_ua', 0))}, {on}"
    )
