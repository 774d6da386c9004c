"""Which device families can be rehearsed here: their twins, and drivers for them."""

from typing import Any

from firmware_sim.devices import UnknownTwinError, make_twin
from firmware_sim.twin import LocalTwin
from stimctl.devices.driver import AnyDriver
from stimctl.devices.family import find_family
from stimctl.devices.registry import family
from stimctl.errors import UsageError
from stimctl.session.guard import guarded


def twin_of(name: str, seed: int = 0, **told: Any) -> LocalTwin:
    """A twin of a device family; `told`: what else it takes. UsageError where there is none."""
    row = find_family(name)
    try:
        return make_twin(name if row is None else row.twin, seed=seed, **told)
    except UnknownTwinError as unknown:
        raise UsageError(
            f"no rehearsal for {name or 'a device that is not named'}",
            why=str(unknown),
            what_to_do="rehearse on one of these",
        ) from unknown


def driver_of(name: str) -> AnyDriver:
    """A new driver of a device family, within its guard where it is another package's."""
    found = family(name)
    return guarded(found.new_driver(), found.sheet)
