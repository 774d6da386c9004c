"""Which device families the supervisor can drive: their sheets and how their drivers are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stimctl.devices.driver import DeviceDriver
from stimctl.devices.registry import FAMILIES
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import UsageError
from stimctl.supervisor.port import Line


@dataclass(frozen=True, slots=True)
class Family:
    """A device family: its sheet, and a function that makes a fresh driver."""

    sheet: CapabilitySheet
    driver: Callable[[], DeviceDriver]

    @property
    def lines(self) -> tuple[Line, ...]:
        """How to open its port, best first."""
        return tuple(
            Line(one.baud, one.flow_control, one.stop_bits, one.parity) for one in self.sheet.lines
        )

    @property
    def dtr_on_open(self) -> bool:
        """Whether DTR is raised when the port is opened; it can reset a board."""
        return self.sheet.lines[0].dtr_on_open


_FAMILIES = {name: Family(one.sheet, one.new_driver) for name, one in FAMILIES.items()}


def family_named(name: str) -> Family:
    """The family called `name`. Raises `UsageError` for an unknown one."""
    try:
        return _FAMILIES[name]
    except KeyError:
        known = ", ".join(_FAMILIES)
        raise UsageError(f"{name!r} is no device family", what_to_do=f"Known: {known}") from None
